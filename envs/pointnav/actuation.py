"""Where the agent is, what an action means, and how a move ends (habitat_pointnav.md §3, §4, §6).

World: right-handed, y up, -z forward, metres. Quaternions are [x, y, z, w]; a positive turn is to
the left, counter-clockwise seen from above.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.task import Task
from uio2_agent.interface import FORWARD, LEFT, RIGHT

Point = NDArray[np.float64]
Quaternion = NDArray[np.float64]

COLLISION_SLACK = 1e-5  # square metres a move may fall short before it counts as a collision


@dataclass(frozen=True, eq=False)
class Pose:
    """Position (3,) of the agent's base, and unit quaternion (4,), both float64."""

    position: Point
    rotation: Quaternion

    @property
    def yaw(self) -> float:
        """Radians from looking along -z, left positive, in (-pi, pi]."""
        x, _, z = rotate(self.rotation, (0.0, 0.0, -1.0))
        return math.atan2(-x, -z) + 0.0


@dataclass(frozen=True)
class Motion:
    """In the agent's own frame: metres forward and to the right, then radians to the left."""

    forward: float = 0.0
    right: float = 0.0
    turn: float = 0.0


class StepFilter(Protocol):
    """What walls make of a move; a navmesh is one."""

    def try_step(self, start: Point, end: Point, sliding: bool) -> Point: ...


def yaw_rotation(yaw: float) -> Quaternion:
    """Quaternion (4,) of a turn by `yaw` radians to the left."""
    return np.array([0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2)])


def rotate(rotation: Quaternion, vector: Point | tuple[float, float, float]) -> Point:
    """The vector (3,) turned by a unit quaternion."""
    # Plain floats: for one vector they are several times faster than small arrays.
    x, y, z, w = (float(r) for r in rotation)
    a, b, c = (float(v) for v in vector)
    p, q, r = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    turned = (a + w * p + y * r - z * q, b + w * q + z * p - x * r, c + w * r + x * q - y * p)
    return np.array(turned)


def inverse(rotation: Quaternion) -> Quaternion:
    return rotation * (-1.0, -1.0, -1.0, 1.0)


def compose(first: Quaternion, then: Quaternion) -> Quaternion:
    """The product `first * then`: `then` happens in the frame that `first` made. Unit length."""
    a, b, c, d = (float(v) for v in first)
    x, y, z, w = (float(v) for v in then)
    product = np.array(
        [
            d * x + a * w + b * z - c * y,
            d * y - a * z + b * w + c * x,
            d * z + a * y - b * x + c * w,
            d * w - a * x - b * y - c * z,
        ]
    )
    return product / math.sqrt(float(product @ product))


def command(action: int, task: Task) -> Motion:
    """What an action asks for; stop asks for nothing."""
    if action == FORWARD:
        return Motion(forward=task.forward)
    if action in (LEFT, RIGHT):
        return Motion(turn=task.turn_radians if action == LEFT else -task.turn_radians)
    return Motion()


def move(walls: StepFilter, pose: Pose, motion: Motion, sliding: bool) -> tuple[Pose, bool]:
    """Carry out a motion. Returns the pose it ends in, and whether something was in the way."""
    position, collided = pose.position, False
    if motion.forward or motion.right:
        wanted = position + rotate(pose.rotation, (motion.right, 0.0, -motion.forward))
        reached = walls.try_step(position, wanted, sliding)
        collided = _squared(reached - position) + COLLISION_SLACK < _squared(wanted - position)
        position = reached
    rotation = compose(pose.rotation, yaw_rotation(motion.turn)) if motion.turn else pose.rotation
    return Pose(position, rotation), collided


def _squared(difference: Point) -> float:
    return float(difference @ difference)
