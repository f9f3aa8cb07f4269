"""Rugs, plants, lamps, pictures and open doors."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.decoration import (
    ceiling_lamp,
    door_leaf,
    floor_lamp,
    hanging,
    plant,
    rug,
    rug_under,
    waste_bin,
)
from uio2_agent.envs.pointnav.scenes.plan import Rect


def test_what_hangs_or_lies_takes_no_floor():
    for made in (rug(Draws(0), 140, 80), ceiling_lamp(Draws(0), 260), hanging(Draws(0), "mirror")):
        assert made.taken == ()


def test_a_rug_lies_flat_above_the_floors_threshold():
    assert rug_under(Draws(0), (0, 1, 0, 1)).z0 == pytest.approx(1.0)


def test_a_ceiling_lamp_hangs_above_everybodys_head():
    for seed in range(8):
        assert 200 < ceiling_lamp(Draws(seed), 260).low < 240


def test_pictures_hang_about_eye_height():
    for seed in range(12):
        made = hanging(Draws(seed), "painting")
        assert made.low < 160 < made.height < 200


def test_lamps_shine_and_bins_do_not():
    assert any(p.material.startswith("lamp") for p in floor_lamp(Draws(0)).parts)
    assert not any(p.material.startswith("lamp") for p in waste_bin(Draws(0)).parts)


def test_a_door_leaf_shows_a_door_on_both_sides_and_takes_little_floor():
    made = door_leaf("oak", 86, 203)
    assert [p.material for p in made.parts[1:]] == ["door oak"] * 2
    assert made.taken == (Rect(-3, 0, 3, 86),)


def test_plants_grow_in_three_ways():
    forms = {tuple(p.material.split()[0] for p in plant(Draws(s)).parts) for s in range(20)}
    assert len(forms) == 3
