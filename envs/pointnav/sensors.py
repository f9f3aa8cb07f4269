"""What the agent is told, from poses and pictures (habitat_pointnav.md §7)."""

import math
from collections.abc import Sequence

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav import task as names
from uio2_agent.envs.pointnav.actuation import Point, Pose, Quaternion, inverse, rotate
from uio2_agent.envs.pointnav.task import Task
from uio2_agent.errors import UnknownName

PROXIMITY_RADIUS = 2.0  # metres; how far the proximity sensor feels

Reading = NDArray[np.float32]


def sensor_space(name: str, task: Task) -> gym.spaces.Box:
    """The space habitat-lab gives the sensor of that name.

    Raises:
        UnknownName: No such sensor.
    """
    unbounded = float(np.finfo(np.float32).max)
    height, width = task.size
    match name:
        case names.RGB:
            return gym.spaces.Box(0, 255, (height, width, 3), np.uint8)
        case names.DEPTH:
            return gym.spaces.Box(0.0, 1.0, (height, width, 1), np.float32)
        case names.POINTGOAL | names.POINTGOAL_NOW | names.GPS:
            return gym.spaces.Box(-unbounded, unbounded, (2,), np.float32)
        case names.COMPASS | names.HEADING:
            return gym.spaces.Box(-math.pi, math.pi, (1,), np.float32)
        case names.PROXIMITY:
            return gym.spaces.Box(0.0, PROXIMITY_RADIUS, (1,), np.float32)
    raise UnknownName("sensor", name, names.SENSORS)


def observation_space(task: Task, sensors: Sequence[str]) -> gym.spaces.Dict:
    return gym.spaces.Dict({name: sensor_space(name, task) for name in sensors})


def pointgoal(pose: Pose, goal: Point) -> Reading:
    """[rho, phi] of a goal seen from a pose: horizontal metres, and radians, left positive.

    From the present pose this is `pointgoal_with_gps_compass`, from the start pose `pointgoal`.
    """
    x, _, z = rotate(inverse(pose.rotation), goal - pose.position)
    return np.array([math.hypot(x, z), -math.atan2(x, -z)], np.float32)


def gps(start: Pose, position: Point) -> Reading:
    """Metres (2,) forward and to the right of the start, in the frame of its heading."""
    x, _, z = rotate(inverse(start.rotation), position - start.position)
    return np.array([-z, x], np.float32)


def compass(start: Quaternion, rotation: Quaternion) -> Reading:
    """Radians (1,) turned since the start, left positive, wrapped."""
    forward = rotate(inverse(rotation), rotate(start, (0.0, 0.0, -1.0)))
    return np.array([math.atan2(forward[0], -forward[2])], np.float32)


def heading(rotation: Quaternion) -> Reading:
    """Radians (1,) turned from looking along -z, left positive, wrapped."""
    return compass(np.array([0.0, 0.0, 0.0, 1.0]), rotation)


def normalised_depth(metres: NDArray[np.float32], depth_range: tuple[float, float]) -> Reading:
    """Metres (H, W), 0 where nothing was hit -> (H, W, 1) in [0, 1]."""
    low, high = depth_range
    scaled = (np.clip(metres, low, high) - np.float32(low)) / np.float32(high - low)
    return scaled.astype(np.float32)[..., None]


def proximity(distance_to_wall: float) -> Reading:
    """Metres (1,) to the nearest wall, at most `PROXIMITY_RADIUS`; 0 where nobody can stand."""
    known = distance_to_wall if math.isfinite(distance_to_wall) else 0.0
    return np.array([min(known, PROXIMITY_RADIUS)], np.float32)
