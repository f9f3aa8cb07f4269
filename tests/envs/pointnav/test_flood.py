"""Steps end at walls, slide along them or not, and nobody freezes on one."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.flood import filter_step, wall_distance
from uio2_agent.envs.pointnav.navmesh import NavMesh

# Two unit squares side by side in x, joined.
ROOM = NavMesh(
    [(x, 0, z) for x in range(3) for z in range(2)],
    [[0, 1, 3, 2, -1, -1], [2, 3, 5, 4, -1, -1]],
    [[-1, -1, 1, -1, -1, -1], [0, -1, -1, -1, -1, -1]],
).polygons
START = np.array([0.5, 0.0, 0.9])
# Four squares of half a metre's depth, the one at the far right is missing.
CORNER = NavMesh(
    [(0, 0, 0), (0, 0, 0.5), (0, 0, 1), (1, 0, 0), (1, 0, 0.5), (1, 0, 1), (2, 0, 0), (2, 0, 0.5)],
    [[0, 1, 4, 3, -1, -1], [1, 2, 5, 4, -1, -1], [3, 4, 7, 6, -1, -1]],
    [[-1, 1, 2, -1, -1, -1], [-1, -1, -1, 0, -1, -1], [0, -1, -1, -1, -1, -1]],
).polygons


@pytest.mark.parametrize("sliding", [True, False])
def test_a_free_step_ends_where_it_was_meant_to(sliding):
    end = np.array([1.6, 0.0, 0.3])
    np.testing.assert_allclose(filter_step(ROOM, START, end, sliding), end)


def test_sliding_ends_at_the_wall_point_nearest_to_the_target():
    end = filter_step(ROOM, START, np.array([0.8, 0.0, 1.2]), True)
    np.testing.assert_allclose(end, (0.8, 0, 1))


def test_sliding_round_a_corner_may_lead_further_than_the_step_was_long():
    """As in the reference: test_env.py, `test_slides_longer_than_a_step…`."""
    end = filter_step(CORNER, np.array([0.9, 0.0, 0.6]), np.array([1.14, 0.0, 0.53]), True)
    np.testing.assert_allclose(end, (1.14, 0, 0.5))  # 0.26 m instead of 0.25 m


def test_without_sliding_a_step_ends_at_the_wall_on_its_way():
    end = filter_step(ROOM, START, np.array([0.8, 0.0, 1.2]), False)
    np.testing.assert_allclose(end, (0.6, 0, 1), atol=2e-5)


def test_a_step_stopped_by_a_wall_can_leave_it():
    stopped = filter_step(ROOM, START, np.array([0.8, 0.0, 1.2]), False)
    for angle in np.linspace(0.1, np.pi - 0.1, 12):
        aim = stopped + 0.25 * np.array([np.cos(angle), 0, -np.sin(angle)])
        np.testing.assert_allclose(filter_step(ROOM, stopped, aim, False), aim)


def test_a_step_from_beside_the_mesh_does_not_happen():
    start = np.array([9.0, 0.0, 9.0])
    np.testing.assert_array_equal(filter_step(ROOM, start, START, True), start)


def test_the_nearest_wall_may_be_a_polygon_away_but_a_joint_is_no_wall():
    assert wall_distance(ROOM, np.array([0.99, 0, 0.6]), 2.0) == pytest.approx(0.4)
    assert wall_distance(ROOM, np.array([1.9, 0, 0.5]), 2.0) == pytest.approx(0.1)
    assert wall_distance(ROOM, np.array([1.0, 0, 0.5]), 0.2) == pytest.approx(0.2)


@pytest.mark.parametrize("sliding", [True, False])
def test_no_walk_of_random_steps_ever_leaves_the_mesh(sliding):
    rng, place = np.random.default_rng(0), START
    for _ in range(500):
        angle = rng.uniform(0, 2 * np.pi)
        place = filter_step(
            ROOM, place, place + 0.25 * np.array([np.cos(angle), 0, np.sin(angle)]), sliding
        )
        assert -1e-9 <= place[0] <= 2 + 1e-9 and -1e-9 <= place[2] <= 1 + 1e-9
