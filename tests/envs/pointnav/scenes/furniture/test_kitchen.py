"""Kitchen counters and fridges."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.kitchen import fridge, kitchen_counter


@pytest.mark.parametrize("units", [2, 3, 6])
def test_a_counter_has_one_oven_under_its_hob_and_one_sink(units):
    for seed in range(6):
        panels = kitchen_counter(Draws(seed), units, False).panels
        (oven,) = (p for p in panels if p.material == "oven 0")
        (hob,) = (p for p in panels if p.material == "hob 0")
        assert (oven.x0 + oven.x1) / 2 == (hob.x0 + hob.x1) / 2
        assert sum(p.material == "mirror 0" for p in panels) == 1


def test_cupboards_hang_only_where_asked():
    assert kitchen_counter(Draws(0), 4, False).height < 100
    assert kitchen_counter(Draws(0), 4, True).height > 200


def test_a_fridge_opens_into_free_space():
    assert fridge(Draws(0)).front >= 50
