"""Polygons are convex, small enough, and made of their triangles; the floor is followed."""

import numpy as np

from uio2_agent.envs.pointnav.convex import follow_floor, join_convex
from uio2_agent.envs.pointnav.triangulation import make_delaunay, neighbours_of, triangulate, turn

# A square of 20 with a hole of 4 in its middle.
POINTS = np.array(
    [(0, 0), (0, 20), (20, 20), (20, 0), (8, 8), (12, 8), (12, 12), (8, 12)], np.int64
)


def triangles():
    made = triangulate(POINTS, [np.arange(4), np.arange(4, 8)])
    assert made is not None
    make_delaunay(POINTS, made, neighbours_of(made))
    return made


def test_joined_polygons_are_convex_and_keep_to_the_limit():
    for most in (3, 4, 6):
        polygons = join_convex(POINTS, triangles(), most)
        assert sum(len(parts) for _, parts in polygons) == 8
        for ring, parts in polygons:
            assert len(ring) == len(parts) + 2 <= most
            corners = POINTS[ring]
            for i in range(len(ring)):
                assert turn(corners[i - 2], corners[i - 1], corners[i]) > 0


def test_larger_polygons_are_fewer():
    assert len(join_convex(POINTS, triangles(), 6)) < len(join_convex(POINTS, triangles(), 3)) == 8


def test_a_level_floor_needs_no_further_points():
    floor = np.full((20, 20), 3, np.int32)
    points, _, made = follow_floor(POINTS, np.full(8, 3), triangles(), floor, 1.0)
    assert len(points) == 8 and len(made) == 8


def test_a_mound_gets_points_until_no_cell_strays():
    x, z = np.mgrid[:20, :20]
    floor = (np.maximum(0, 6 - np.hypot(x - 4, z - 4))).astype(np.int32)
    square = np.array([(0, 0), (0, 20), (20, 20), (20, 0)])
    start = np.array([(0, 1, 2), (0, 2, 3)])
    points, levels, made = follow_floor(square, np.zeros(4, np.int64), start, floor, 1.0)
    assert len(points) > 4 and levels.max() >= 4
    assert sum(int(turn(*points[row])) for row in made) == 800
    assert all(turn(*points[row]) > 0 for row in made)
