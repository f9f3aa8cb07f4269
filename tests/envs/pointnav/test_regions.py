"""Regions never lie over themselves, never pinch, and crumbs are gone."""

import numpy as np

from uio2_agent.envs.pointnav.regions import by_region, split_regions
from uio2_agent.envs.pointnav.voxels import STEP_X, STEP_Z, Spans

HEIGHT = 8  # of the agent, voxels


def spans_of(*maps):
    """Spans from maps (W, D) of levels, one per storey, -1 for none; joined up to a step of 1."""
    shape = maps[0].shape
    start, column, level = [0], [], []
    for c in range(shape[0] * shape[1]):
        own = sorted(int(m.flat[c]) for m in maps if m.flat[c] >= 0)
        column += [c] * len(own)
        level += own
        start.append(len(level))
    across = np.full((len(level), 4), -1, np.int32)
    for s, c in enumerate(column):
        for k in range(4):
            x, z = c // shape[1] + STEP_X[k], c % shape[1] + STEP_Z[k]
            if 0 <= x < shape[0] and 0 <= z < shape[1]:
                n = x * shape[1] + z
                for t in range(start[n], start[n + 1]):
                    if abs(level[t] - level[s]) <= 1:
                        across[s, k] = t
    levels = np.array(level, np.int32)
    walkable = np.ones(len(level), bool)
    return Spans(np.array(start), np.array(column), levels, levels + 50, walkable, across), shape


def test_a_flat_floor_is_one_region():
    spans, shape = spans_of(np.ones((6, 5), int))
    region, count = split_regions(spans, shape, HEIGHT, 1)
    assert count == 1 and (region == 0).all() and len(by_region(region, count)[0]) == 30


def test_crumbs_are_dropped_and_the_rest_stays():
    floor = np.ones((6, 5), int)
    floor[4] = -1  # cuts off a row of five
    spans, shape = spans_of(floor)
    region, count = split_regions(spans, shape, HEIGHT, 6)
    assert count == 1 and (region == 0).sum() == 20 and spans.walkable.sum() == 20


def test_a_spiral_over_itself_is_cut_into_regions_that_are_not():
    ground, upper = np.full((20, 4), 1), np.full((20, 4), -1)
    upper[:, 0] = 1 + np.arange(20)  # a ramp along one side, then a floor over everything
    ground[:, 0] = -1
    upper[:, 1:] = 20
    upper[19] = 20
    spans, shape = spans_of(ground, upper)
    region, count = split_regions(spans, shape, HEIGHT, 1)
    assert count > 1
    for members in by_region(region, count):
        assert len(set(spans.column[members].tolist())) == len(members)


def test_cells_that_touch_at_a_corner_only_are_parted():
    floor = np.ones((6, 6), int)
    floor[2, 2] = floor[3, 3] = -1  # holes that touch: the floor pinches between them
    spans, shape = spans_of(floor)
    region, _ = split_regions(spans, shape, HEIGHT, 1)
    kept = np.zeros(shape, bool)
    kept.flat[spans.column[region >= 0]] = True
    for x in range(5):
        for z in range(5):
            a, b, c, d = kept[x : x + 2, z : z + 2].ravel()
            assert not (a == d and b == c and a != b)
    assert kept.sum() >= 32


def test_neighbours_in_plan_with_a_step_between_them_are_parted():
    floor = np.ones((8, 4), int)
    floor[2:6, 2:] = 4  # a platform that can only be reached over the ramp at one end
    floor[1, 2:], floor[0, 2:] = 3, 2
    spans, shape = spans_of(floor)
    region, _ = split_regions(spans, shape, HEIGHT, 1)
    grid = np.full(shape, -1)
    grid.flat[spans.column] = np.where(region >= 0, np.arange(len(region)), -1)
    for x in range(8):
        for z in range(3):
            s, t = grid[x, z], grid[x, z + 1]
            if s >= 0 and t >= 0 and region[s] == region[t]:
                assert spans.across[s, 1] == t
