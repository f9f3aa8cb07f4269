"""New episodes in a scene, by the rules of the published datasets (habitat_pointnav.md §9)."""

import math

import numpy as np

from uio2_agent.envs.pointnav.actuation import Point, yaw_rotation
from uio2_agent.envs.pointnav.episodes import Goal, PointNavEpisode
from uio2_agent.envs.pointnav.simulator import Pathfinder
from uio2_agent.errors import SceneUnsolvable

SMALLEST_ISLAND = 1.5  # metres, radius of what both ends lie on
LARGEST_CLIMB = 0.5  # metres between their heights
NEAREST, FARTHEST = 1.0, 30.0  # metres of way
STRAIGHT = 1.1  # way over straight distance; below, an episode is easy and rarely taken
TRIES = 10_000


def generate_episode(
    pathfinder: Pathfinder, scene_id: str, episode_id: str, seed: int
) -> PointNavEpisode:
    """The episode of `seed` in the scene whose navmesh is given.

    Args:
        pathfinder: Of the scene.
        scene_id: What the episode says about where it takes place.
        episode_id: Its name.
        seed: Of everything drawn; not negative.

    Raises:
        SceneUnsolvable: Hardly any two places of the scene lie far enough apart.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    for _ in range(TRIES):
        goal, start = pathfinder.random_point(rng), pathfinder.random_point(rng)
        distance = _way(pathfinder, start, goal, rng)
        if distance is not None:
            break
    else:
        raise SceneUnsolvable(f"a start and a goal in {scene_id}", TRIES)
    rotation = yaw_rotation(2 * math.pi * rng.random())
    return PointNavEpisode(
        episode_id=episode_id,
        scene_id=scene_id,
        start_position=_numbers(start),
        start_rotation=_numbers(rotation),
        goals=(Goal(position=_numbers(goal)),),
        info={"geodesic_distance": distance},
    )


def _way(
    pathfinder: Pathfinder, start: Point, goal: Point, rng: np.random.Generator
) -> float | None:
    """Its length in metres if the two ends make an episode."""
    if abs(start[1] - goal[1]) > LARGEST_CLIMB:
        return None
    distance = pathfinder.geodesic(start, goal)
    if not NEAREST <= distance <= FARTHEST:  # infinite between islands
        return None
    ratio = distance / float(np.linalg.norm(goal - start))
    if ratio < STRAIGHT and rng.random() > 20 * (ratio - 0.98) ** 2:
        return None
    if min(pathfinder.island_radius(start), pathfinder.island_radius(goal)) < SMALLEST_ISLAND:
        return None
    return distance


def _numbers(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
