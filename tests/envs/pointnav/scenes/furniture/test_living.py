"""Sofas, tables with chairs, televisions and desks."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.living import (
    armchair,
    desk,
    dining_table,
    seating,
    television,
)
from uio2_agent.envs.pointnav.scenes.furniture.piece import Turned


@pytest.mark.parametrize("chairs", [2, 4, 6])
def test_a_table_has_as_many_chairs_as_asked(chairs):
    for seed in range(8):
        made = dining_table(Draws(seed), chairs, "oak")
        seats = [p for p in made.parts if p.material.startswith("fabric")]
        assert len(seats) == chairs


def test_some_tables_for_four_are_round():
    tops = [dining_table(Draws(seed), 4, "oak").parts[0] for seed in range(12)]
    assert 0 < sum(isinstance(top, Turned) for top in tops) < 12


def test_one_can_stand_between_a_sofa_and_its_table():
    sofa, table = seating(Draws(0), 200, "oak").taken
    assert table.y0 - sofa.y1 >= 40


def test_a_screen_stands_on_its_board():
    made = television(Draws(3), "oak")
    screen = next(p for p in made.panels if p.material.startswith("screen"))
    assert screen.z0 > made.blocks[0].z1 and screen.z1 <= made.height + 1


def test_a_desk_has_a_screen_and_a_chair_before_it():
    made = desk(Draws(0), "oak")
    assert any(p.material == "screen 1" for p in made.parts)
    assert made.taken[1].y1 > made.taken[0].y1


def test_armchairs_come_in_several_colours():
    assert len({armchair(Draws(seed)).parts[0].material for seed in range(20)}) > 4
