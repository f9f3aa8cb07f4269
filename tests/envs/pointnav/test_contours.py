"""Outlines keep to the floor's edge as closely as allowed, and neighbours share theirs."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.contours import (
    WALL,
    Allowance,
    Arc,
    Outlines,
    corner_levels,
    simplify,
)
from uio2_agent.envs.pointnav.triangulation import ring_area
from uio2_agent.envs.pointnav.voxels import STEP_X, STEP_Z

ANY = Allowance(aside=1.3, rise=1.0, longest=0.0)
STAIRCASE = np.array([(i // 2 + i % 2, i // 2) for i in range(41)])  # along a diagonal
FLAT = np.zeros(41, np.int64)


def outlines_of(regions):
    """Outlines of a map (W, D) of region numbers, -1 for none, on a level floor."""
    width, depth = regions.shape
    column = np.flatnonzero(regions >= 0)
    number = np.full(regions.size, -1)
    number[column] = np.arange(len(column))
    region = regions.flat[column].astype(np.int32)
    across = np.full((len(column), 4), -1, np.int32)
    for s, c in enumerate(column):
        for k in range(4):
            x, z = c // depth + STEP_X[k], c % depth + STEP_Z[k]
            if 0 <= x < width and 0 <= z < depth:
                across[s, k] = number[x * depth + z]
    made = Outlines(ANY)
    for r in range(region.max() + 1):
        members = np.flatnonzero(region == r)
        floor = np.where(regions == r, 2, -1).astype(np.int32)
        made.add_region(r, members, column, across, region, floor)
    return made


def test_a_staircase_within_the_allowance_becomes_a_line():
    assert simplify(STAIRCASE, FLAT, ANY).tolist() == [0, 40]


def test_nothing_allowed_keeps_every_corner():
    assert len(simplify(STAIRCASE, FLAT, Allowance(aside=0.0, rise=1.0, longest=0.0))) == 41


def test_a_line_follows_the_floor_in_height_too():
    levels = np.where(np.arange(41) < 20, 0, np.arange(41) - 20)
    kept = simplify(STAIRCASE, levels, ANY)
    assert len(kept) > 2
    line = np.interp(np.arange(41), kept, levels[kept])
    assert np.abs(line - levels).max() <= 1.1


def test_lines_are_no_longer_than_allowed():
    line = np.stack([np.arange(101), np.zeros(101, int)], axis=1)
    kept = simplify(line, np.zeros(101, int), Allowance(aside=1.3, rise=1.0, longest=30.0))
    assert np.diff(kept).max() <= 30 and len(kept) == 5


def test_an_arc_is_refined_until_it_is_exact():
    arc, rounds = Arc(STAIRCASE, FLAT, ANY), 0
    while arc.refine():
        rounds += 1
    assert rounds < 6 and len(arc.simple) == 41


def test_a_room_with_a_pillar_has_an_outline_and_a_hole():
    room = np.zeros((12, 9), int)
    room[4:8, 3:6] = -1
    made = outlines_of(room)
    (loops,) = made.loops
    areas = sorted(ring_area(made.ring(loop)[0]) for loop in loops)
    assert areas == [-2 * 12, 2 * 12 * 9]
    assert sorted(made.exact_area(loop) for loop in loops) == areas


@pytest.mark.parametrize("inner", [False, True])
def test_regions_that_meet_share_their_border(inner):
    rooms = np.zeros((12, 10), int)
    if inner:
        rooms[4:8, 3:7] = 1  # a region within a region: the border is one loop
    else:
        rooms[6:] = 1
        rooms[5, 4:] = 1
    made = outlines_of(rooms)
    rings = [[made.ring(loop) for loop in loops] for loops in made.loops]
    shared = []
    for own in rings:
        sides = {}
        for corners, edges in own:
            for i, edge in enumerate(edges):
                if WALL not in edge[0][:2]:
                    sides[edge] = (tuple(corners[i]), tuple(corners[(i + 1) % len(corners)]))
        shared.append(sides)
    assert shared[0].keys() == shared[1].keys() and len(shared[0]) >= (4 if inner else 1)
    for edge, (begin, end) in shared[0].items():
        assert shared[1][edge] == (end, begin)  # the other way round, seen from the other side


def test_a_corner_is_as_high_as_the_highest_cell_around_it():
    floor = np.array([[1, 5], [-1, 2]], np.int32)
    x, z = np.array([0, 1, 2, 0]), np.array([0, 1, 2, 2])
    assert corner_levels(floor, x, z).tolist() == [1, 5, 2, 5]
