"""Beds, wardrobes and toy chests."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.bedroom import bed, toy_chest, wardrobe


def test_a_double_bed_has_two_night_tables_apart_from_it():
    made = bed(Draws(0), 160, "oak")
    left, middle, right = sorted(made.taken)
    assert middle.width == 168
    assert middle.x0 - left.x1 >= 10 and right.x0 - middle.x1 >= 10


def test_a_single_bed_has_one_night_table_or_none():
    assert {len(bed(Draws(seed), 90, "oak").taken) for seed in range(12)} == {1, 2}


@pytest.mark.parametrize("width", [100, 150, 240])
def test_a_wardrobes_doors_cover_its_front(width):
    made = wardrobe(Draws(0), width, "oak")
    doors = sorted((p.x0, p.x1) for p in made.panels)
    assert doors[0][0] == -width / 2 and doors[-1][1] == pytest.approx(width / 2)
    assert all(a[1] == pytest.approx(b[0]) for a, b in zip(doors, doors[1:], strict=False))
    assert 200 <= made.height < 250


def test_a_toy_chest_is_too_high_to_step_onto():
    assert all(part.z1 > 42 for part in toy_chest(Draws(0)).blocks[:2])
