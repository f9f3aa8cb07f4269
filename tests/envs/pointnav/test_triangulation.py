"""Triangles cover an outline without its holes exactly, each once, however the holes lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uio2_agent.envs.pointnav.triangulation import (
    conflicts,
    make_delaunay,
    meet,
    neighbours_of,
    ring_area,
    ring_contains,
    triangulate,
    turn,
)


def ring(x0, z0, x1, z1):
    return np.array([(x0, z0), (x0, z1), (x1, z1), (x1, z0)])


def area(points, triangles):
    return sum(int(turn(*points[row])) for row in triangles)


OUTLINE = ring(0, 0, 20, 20)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2), unique=True, max_size=25), st.data())
def test_any_grid_of_holes_is_covered_around_them(cells, data):
    holes = []
    for i, j in cells:  # one hole in a cell of 4 x 4, at least one apart from others
        w, d = (data.draw(st.integers(1, 3)) for _ in range(2))
        holes.append(ring(4 * i + 1, 4 * j + 1, 4 * i + 1 + w, 4 * j + 1 + d)[::-1])
    outline = ring(0, 0, 21, 21)
    points = np.concatenate([outline, *holes])
    rings = list(np.arange(len(points)).reshape(-1, 4))
    triangles = triangulate(points, rings)
    assert triangles is not None and all(turn(*points[row]) > 0 for row in triangles)
    want = ring_area(outline) + sum(ring_area(hole) for hole in holes)
    assert area(points, triangles) == want
    across = neighbours_of(triangles)
    make_delaunay(points, triangles, across)
    assert area(points, triangles) == want
    np.testing.assert_array_equal(across, neighbours_of(triangles))
    assert (across < 0).sum() == len(points)  # exactly the outlines have nothing beyond


def test_flips_take_the_short_diagonal():
    points = np.array([(0, 5), (10, 6), (20, 5), (10, 4)])
    triangles = np.array([(0, 1, 2), (0, 2, 3)])
    make_delaunay(points, triangles, neighbours_of(triangles))
    assert all({1, 3} <= set(row) for row in triangles.tolist())
    assert area(points, triangles) == 40


def test_an_outline_that_crosses_itself_has_no_triangles():
    bow = np.array([(0, 0), (4, 4), (4, 0), (0, 4)])
    assert triangulate(bow, [np.arange(4)]) is None
    assert conflicts(bow, np.array([1, 2, 3, 0])).any()


def test_conflicts_are_crossings_touches_and_spikes_but_not_shared_corners():
    following = np.array([1, 2, 3, 0])
    assert not conflicts(OUTLINE, following).any()
    spike = np.array([(0, 0), (0, 4), (0, 2), (4, 0)])
    assert conflicts(spike, following).any()


@pytest.mark.parametrize(
    "segments, want",
    [
        ((0, 0, 4, 4, 0, 4, 4, 0), True),
        ((0, 0, 4, 0, 2, 0, 2, 3), True),
        ((0, 0, 4, 0, 3, 0, 9, 0), True),
        ((0, 0, 4, 0, 5, 0, 9, 0), False),
        ((0, 0, 4, 0, 0, 1, 4, 1), False),
        ((0, 0, 4, 4, 3, 2, 9, 0), False),
    ],
)
def test_segments_meet_if_they_share_a_point(segments, want):
    assert meet(*np.array(segments).reshape(4, 2)) == want


def test_inside_a_ring_is_inside_whichever_way_it_goes_round():
    for way in (OUTLINE, OUTLINE[::-1].copy()):
        assert ring_contains(way, 5, 7) and not ring_contains(way, 21, 7)
    assert ring_area(OUTLINE) == 800 == -ring_area(OUTLINE[::-1])
