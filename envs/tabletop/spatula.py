"""The spatula: a blade comes down, goes straight ahead, is lifted away (vima_bench.md §3.3).

It is a heavy body whose place and speed are set anew in every step, so nothing it meets slows it
down. Near its end it brakes less than friction brakes a block: a block stays at the blade.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.scene import yaw_to_quaternion

XY = tuple[float, float]

WIDTH, THICKNESS, HEIGHT = 0.05, 0.005, 0.06  # metres
LANDING = 0.02  # so far before pose0 it comes down,
STOP = 0.05  # and so far before pose1 it stops
LOW = 0.005  # its lower edge above the table

_RATE = 240  # physics steps per second
_SPEED = 0.002  # metres per step at most: less than its thickness, so it cannot pass through things
_SLOWEST = 0.0002  # metres per step
_BRAKING = (
    4.0 / _RATE**2
)  # metres per step per step; a block with friction 0.5 brakes with 4.9 m/s2
_MASS = 1.0  # kg, a thousand blocks


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """Where the middle of the blade goes: from `start` along `direction` (a unit vector)."""

    start: XY
    direction: XY
    length: float

    def steps(self) -> Iterator[tuple[float, float]]:
        """Distance covered before each physics step, and the distance it adds, metres."""
        covered = 0.0
        while (rest := self.length - covered) > 1e-9:
            step = min(_SPEED, max(_SLOWEST, math.sqrt(2 * rest * _BRAKING)), rest)
            yield covered, step
            covered += step


def stroke(move: Move) -> Stroke | None:
    """What a push comes down to; None when it is too short for the blade to go ahead at all."""
    (x0, y0), (x1, y1) = move.pick, move.place
    far = math.hypot(x1 - x0, y1 - y0)
    length = far + LANDING - STOP
    if length <= 0:
        return None
    dx, dy = (x1 - x0) / far, (y1 - y0) / far
    return Stroke(start=(x0 - LANDING * dx, y0 - LANDING * dy), direction=(dx, dy), length=length)


def drive(bullet: Any, client: int, path: Stroke, gravity: float) -> Iterator[None]:
    """Carry out a stroke in a simulation; yields after each physics step."""
    half = (THICKNESS / 2, WIDTH / 2, HEIGHT / 2)
    blade = bullet.createMultiBody(
        _MASS,
        bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=half, physicsClientId=client),
        basePosition=(*path.start, LOW + HEIGHT / 2),
        useMaximalCoordinates=1,
        physicsClientId=client,
    )
    bullet.changeDynamics(
        blade, -1, lateralFriction=1, linearDamping=0, angularDamping=0, physicsClientId=client
    )
    (x, y), (dx, dy) = path.start, path.direction
    rotation = yaw_to_quaternion(math.atan2(dy, dx))
    for covered, step in path.steps():
        position = (x + covered * dx, y + covered * dy, LOW + HEIGHT / 2)
        # What gravity will take from its speed in this step is given to it beforehand.
        velocity = (step * _RATE * dx, step * _RATE * dy, -gravity / _RATE)
        bullet.resetBasePositionAndOrientation(blade, position, rotation, physicsClientId=client)
        bullet.resetBaseVelocity(blade, velocity, (0, 0, 0), physicsClientId=client)
        bullet.stepSimulation(physicsClientId=client)
        yield
    bullet.removeBody(blade, physicsClientId=client)
