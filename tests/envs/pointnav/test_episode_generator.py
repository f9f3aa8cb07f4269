"""Episodes made up in the reference's own navmesh."""

import math

import numpy as np
import pytest

from uio2_agent.envs.pointnav.episode_generator import generate_episode
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.errors import SceneUnsolvable

COUNT = 200


@pytest.fixture(scope="module")
def navmesh(scenes):
    return read_navmesh(scenes("v1") / "two_rooms.navmesh")


@pytest.fixture(scope="module")
def episodes(navmesh):
    return [generate_episode(navmesh, "s.glb", str(i), seed=i) for i in range(COUNT)]


def test_both_ends_can_be_stood_on_and_lie_apart_as_told(navmesh, episodes):
    for episode in episodes:
        start, goal = episode.start.position, episode.goal_positions[0]
        assert navmesh.is_navigable(start) and navmesh.is_navigable(goal)
        assert abs(start[1] - goal[1]) <= 0.5
        distance = episode.info["geodesic_distance"]
        assert 1 <= distance <= 30
        assert distance == pytest.approx(navmesh.geodesic(start, goal))


def test_nearly_straight_ways_are_rare_and_hardly_longer_than_the_line_rarer(episodes):
    ratios = np.array(
        [
            e.info["geodesic_distance"] / np.linalg.norm(e.start.position - e.goal_positions[0])
            for e in episodes
        ]
    )
    assert (ratios > 1 - 1e-6).all()
    # Accepted with at most 20 * (1.1 - 0.98)^2 = 0.29, or 0.008 on a straight line.
    assert (ratios < 1.1).mean() < 0.45 and (ratios < 1.01).mean() < 0.15


def test_yaws_are_spread_evenly(episodes):
    yaws = np.array([e.start.yaw for e in episodes])
    counts, _ = np.histogram(yaws, bins=4, range=(-math.pi, math.pi))
    assert counts.min() > COUNT / 4 - 5 * math.sqrt(COUNT * 3 / 16)


def test_the_same_seed_makes_the_same_episode_and_another_seed_another(navmesh, episodes):
    assert generate_episode(navmesh, "s.glb", "5", seed=5) == episodes[5]
    assert len({e.start_position for e in episodes}) == COUNT


class Pinhead:
    """A place 10 cm across."""

    def random_point(self, rng):
        return rng.random(3) * 0.1

    def geodesic(self, start, end):
        return float(np.linalg.norm(end - start))


class Islands:
    """All of one size."""

    def __init__(self, radius):
        self.radius = radius

    def random_point(self, rng):
        return rng.random(3) * [9, 0, 9]

    def geodesic(self, start, end):
        return 1.5 * float(np.linalg.norm(end - start))

    def island_radius(self, point):
        return self.radius


def test_small_islands_are_left_out():
    generate_episode(Islands(1.6), "s.glb", "0", seed=0)  # type: ignore[arg-type]
    with pytest.raises(SceneUnsolvable):
        generate_episode(Islands(1.4), "s.glb", "0", seed=0)  # type: ignore[arg-type]


def test_a_scene_without_room_is_said_to_have_none():
    with pytest.raises(SceneUnsolvable, match="a start and a goal in s.glb"):
        generate_episode(Pinhead(), "s.glb", "0", seed=0)  # type: ignore[arg-type]
