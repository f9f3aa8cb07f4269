"""Corridors are found, strings are taut, and what the reference gives up on we give up on."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.corridor import find_corridor, find_path, pull_taut
from uio2_agent.envs.pointnav.navmesh import NavMesh


def row_of(count, width=1.0):
    """`count` rectangles side by side along x, each `width` x 1."""
    points = [(width * i, 0.0, z) for i in range(count + 1) for z in (0.0, 1.0)]
    corners = [[2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2, -1, -1] for i in range(count)]
    across = [[i - 1, -1, i + 1 if i + 1 < count else -1, -1, -1, -1] for i in range(count)]
    return NavMesh(points, corners, across).polygons


# An L: (0..1, 0..1), (1..2, 0..1), (1..2, 1..2); its inner corner is (1, 1).
CORNER = NavMesh(
    [(x, 0, z) for x in range(3) for z in range(3)],
    [[0, 1, 4, 3, -1, -1], [3, 4, 7, 6, -1, -1], [4, 5, 8, 7, -1, -1]],
    [[-1, -1, 1, -1, -1, -1], [0, 2, -1, -1, -1, -1], [-1, -1, -1, 1, -1, -1]],
).polygons


def test_a_path_bends_at_the_inner_corner_only():
    line, length = find_path(CORNER, np.array([0.2, 0, 0.9]), np.array([1.2, 0, 1.8]))
    np.testing.assert_allclose(line, [(0.2, 0, 0.9), (1, 0, 1), (1.2, 0, 1.8)])
    assert length == pytest.approx(np.hypot(0.8, 0.1) + np.hypot(0.2, 0.8))


def test_within_one_polygon_a_path_is_straight():
    line, length = find_path(CORNER, np.array([0.1, 0, 0.1]), np.array([0.9, 0, 0.7]))
    assert len(line) == 2 and length == pytest.approx(1.0)


def test_the_ends_keep_their_own_height():
    _, length = find_path(CORNER, np.array([0.1, 0.3, 0.5]), np.array([0.5, 0, 0.5]))
    assert length == pytest.approx(0.5)


def test_points_that_project_to_one_place_are_no_distance_apart():
    line, length = find_path(CORNER, np.array([0.5, 0.3, 0.5]), np.array([0.5, -0.3, 0.5]))
    assert length == 0.0 and len(line) == 2


def test_ends_beside_the_mesh_are_clamped_to_it():
    line, length = find_path(CORNER, np.array([-0.5, 0, 0.5]), np.array([0.5, 0, 0.5]))
    np.testing.assert_allclose(line[0], (0, 0, 0.5))
    assert length == pytest.approx(0.5)


@pytest.mark.parametrize("count, found", [(256, True), (257, False)])
def test_a_corridor_of_more_than_256_polygons_counts_as_unreachable(count, found):
    mesh = row_of(count, 0.25)
    start, end = np.array([0.1, 0, 0.5]), np.array([0.25 * count - 0.1, 0, 0.5])
    assert len(find_corridor(mesh, 0, count - 1, start, end)) == (count if found else 0)
    assert np.isfinite(find_path(mesh, start, end)[1]) == found


def test_a_string_through_many_doors_is_the_straight_line():
    mesh = row_of(40)
    start, end = np.array([0.5, 0, 0.1]), np.array([39.5, 0, 0.9])
    corridor = find_corridor(mesh, 0, 39, start, end)
    assert corridor.tolist() == list(range(40))
    np.testing.assert_allclose(pull_taut(mesh, corridor, start, end), [start, end])


def test_the_same_way_back_is_as_long():
    a, b = np.array([0.2, 0, 0.3]), np.array([1.9, 0, 1.9])
    assert find_path(CORNER, a, b)[1] == pytest.approx(find_path(CORNER, b, a)[1])
