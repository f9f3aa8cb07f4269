"""What happens when something is picked up and put down: PyBullet without a window or an arm.

The primitive of vima_bench.md §3.2 done kinematically (§14): a ray down at the pick point finds the
topmost body; if it can be moved it is carried over the place point, turned, lowered until it
touches something, released; then physics runs until everything is still. All limits count steps,
never seconds, and every episode starts from an empty simulation: the same actions end the same way.
"""

import math
import os
import sys
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.collision import SKIN, hull, pieces
from uio2_agent.envs.tabletop.scenario import SPATULA
from uio2_agent.envs.tabletop.scene import Body, Quaternion, yaw_to_quaternion
from uio2_agent.envs.tabletop.spatula import drive, stroke
from uio2_agent.errors import MissingDependency

GRAVITY = -9.8
STILL = 0.005  # m/s, below which a body counts as still
STILL_STEPS = 4  # that many steps in a row: a body just let go starts at rest, too
MAX_SETTLE_STEPS = 600
DESCENT = 0.001  # metres per step of lowering
TRACE_STEPS = 12  # a push is looked at so often: every 24 mm, as upstream
LIFT = 0.32  # metres

_MASS = {"block": 0.010, "shorter block": 0.010, "small block": 0.001}
_USUAL_MASS = 0.100
_FRICTION = {"small block": 0.5}
# What is pushed is a body of its own kind in Bullet, as only that kind can sleep.
_PUSHED = ("small block",)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Swallow what C code says: PyBullet announces its build time at import."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _bullet() -> Any:
    if "pybullet" not in sys.modules:
        try:
            with _quiet_stderr():
                import pybullet  # noqa: F401
        except ImportError as error:
            raise MissingDependency(
                "pybullet",
                "stepping the tabletop",
                "Install it with `pip install pybullet` (wheels exist for Python 3.8 to 3.11)",
            ) from error
    return sys.modules["pybullet"]


class Physics:
    """One simulation of its own; others in the same process do not disturb it.

    Raises:
        MissingDependency: PyBullet is not installed.
    """

    def __init__(self) -> None:
        self._p = _bullet()
        self._client = self._p.connect(self._p.DIRECT)
        self._disconnect = weakref.finalize(self, self._p.disconnect, self._client)
        self._bodies: dict[int, Body] = {}
        self._handles: dict[int, int] = {}  # obj_id -> Bullet's id
        self.settle_steps = 0  # of the last move

    def close(self) -> None:
        self._disconnect()

    def load(self, bodies: Iterable[Body]) -> None:
        """Forget everything, then set these bodies up where they are, at rest."""
        p, client = self._p, self._client
        p.resetSimulation(physicsClientId=client)
        p.setGravity(0, 0, GRAVITY, physicsClientId=client)
        p.setPhysicsEngineParameter(deterministicOverlappingPairs=1, physicsClientId=client)
        ground = p.createCollisionShape(p.GEOM_PLANE, physicsClientId=client)
        ground = p.createMultiBody(0, ground, physicsClientId=client)
        p.changeDynamics(ground, -1, lateralFriction=1, physicsClientId=client)
        self._bodies = {body.obj_id: body for body in bodies}
        self._handles = {
            i: self._movable(body) if _moves(body) else self._fixed(body)
            for i, body in self._bodies.items()
            if _moves(body) or pieces(body.shape, body.scale)
        }

    @property
    def bodies(self) -> dict[int, Body]:
        """Everything where it is now, by id."""
        return dict(self._bodies)

    def carry_out(
        self, move: Move, end_effector: int
    ) -> tuple[dict[int, Body], list[dict[int, Body]]]:
        """Pick and place, or push -> where everything is then, and where it was on the way.

        The way is told as far as anybody judges it: for pushes only.
        """
        if end_effector == SPATULA:
            trace = self.push(move)
            return self.bodies, trace
        self.pick_place(move)
        return self.bodies, []

    def pick_place(self, move: Move) -> int | None:
        """Carry the topmost body at the pick point.

        Returns:
            Its id, or None when there was nothing to pick; then nothing has happened at all.
        """
        x, y = move.pick
        (hit, *_), *_ = self._p.rayTest([x, y, 1], [x, y, -0.1], physicsClientId=self._client)
        held = next((i for i, h in self._handles.items() if h == hit), None)
        if held is None or not _moves(self._bodies[held]):
            return None
        self._put(held, self._carried(self._bodies[held], move))
        self._lower(held)
        self._settle()
        return held

    def push(self, move: Move) -> list[dict[int, Body]]:
        """Push with the spatula's blade.

        Returns:
            What can be moved, by id, as it was on the way, after every `TRACE_STEPS` physics steps.
            Empty when the push was too short to be one; then nothing has happened at all.
        """
        path = stroke(move)
        if path is None:
            return []
        self._sleep()
        trace = []
        for step, _ in enumerate(drive(self._p, self._client, path, GRAVITY), start=1):
            if step % TRACE_STEPS == 0:
                self._read()
                trace.append({i: body for i, body in self._bodies.items() if _moves(body)})
        self._settle()
        return trace

    def _movable(self, body: Body) -> int:
        p, client = self._p, self._client
        corners = hull(body.shape) * body.scale - (0, 0, _half_height(body))
        handle = p.createMultiBody(
            _MASS.get(body.shape, _USUAL_MASS),
            p.createCollisionShape(p.GEOM_MESH, vertices=corners.tolist(), physicsClientId=client),
            basePosition=_centre(body),
            baseOrientation=body.rotation,
            useMaximalCoordinates=int(body.shape in _PUSHED),
            physicsClientId=client,
        )
        p.changeDynamics(
            handle,
            -1,
            lateralFriction=_FRICTION.get(body.shape, 1),
            rollingFriction=1e-4,
            physicsClientId=client,
        )
        return handle

    def _fixed(self, body: Body) -> int:
        p, client = self._p, self._client
        boxes = pieces(body.shape, body.scale)
        handle = p.createMultiBody(
            0,
            p.createCollisionShapeArray(
                shapeTypes=[p.GEOM_BOX] * len(boxes),
                halfExtents=[box.half for box in boxes],
                collisionFramePositions=[box.position for box in boxes],
                collisionFrameOrientations=[box.rotation for box in boxes],
                physicsClientId=client,
            ),
            basePosition=body.position,
            baseOrientation=body.rotation,
            physicsClientId=client,
        )
        p.changeDynamics(handle, -1, lateralFriction=0.3, physicsClientId=client)
        return handle

    def _carried(self, body: Body, move: Move) -> Body:
        """`body` held above the place point, turned about the point it was picked at."""
        dx, dy = body.xy[0] - move.pick[0], body.xy[1] - move.pick[1]
        cos, sin = math.cos(move.turn), math.sin(move.turn)
        x = move.place[0] + cos * dx - sin * dy
        y = move.place[1] + sin * dx + cos * dy
        # The turn comes after whatever tilt the object has, so it is written on the left.
        _, rotation = self._p.multiplyTransforms(
            (0, 0, 0), yaw_to_quaternion(move.turn), (0, 0, 0), body.rotation
        )
        return replace(body, position=(x, y, LIFT), rotation=rotation)

    def _put(self, obj_id: int, body: Body) -> None:
        self._bodies[obj_id] = body
        self._p.resetBasePositionAndOrientation(
            self._handles[obj_id], _centre(body), body.rotation, physicsClientId=self._client
        )

    def _lower(self, held: int) -> None:
        """Bring a held body down until it touches the table or another body."""
        body = self._bodies[held]
        corners = (hull(body.shape) * body.scale) @ _matrix(body.rotation).T
        reach = np.linalg.norm(corners[:, :2], axis=1).max() + SKIN
        on_table = SKIN - corners[:, 2].min()
        below = [
            handle
            for i, handle in self._handles.items()
            if i != held
            and math.dist(self._bodies[i].xy, body.xy) < reach + _reach(self._bodies[i])
        ]
        z = LIFT if below else on_table
        self._put(held, replace(body, position=(*body.xy, z)))
        while z > on_table and (gap := self._gap(held, below)) > 0:
            # Nothing nearer than `gap` in any direction, so going down that far hits nothing.
            z = max(on_table, z - max(gap, DESCENT))
            self._put(held, replace(body, position=(*body.xy, z)))

    def _gap(self, held: int, others: list[int]) -> float:
        """Distance to the nearest of the other bodies, metres; negative when they touch."""
        return min(
            (
                point[8]
                for other in others
                for point in self._p.getClosestPoints(
                    self._handles[held], other, 2 * LIFT, physicsClientId=self._client
                )
            ),
            default=LIFT,
        )

    def _sleep(self) -> None:
        """Let what can be pushed rest, at no cost, until something touches it."""
        p = self._p
        asleep = p.ACTIVATION_STATE_ENABLE_SLEEPING | p.ACTIVATION_STATE_SLEEP
        for obj_id, body in self._bodies.items():
            if body.shape in _PUSHED:
                handle = self._handles[obj_id]
                p.changeDynamics(handle, -1, activationState=asleep, physicsClientId=self._client)

    def _settle(self) -> None:
        p, client = self._p, self._client
        movers = [self._handles[i] for i, body in self._bodies.items() if _moves(body)]
        still = 0
        for self.settle_steps in range(1, MAX_SETTLE_STEPS + 1):  # noqa: B007
            p.stepSimulation(physicsClientId=client)
            speeds = (p.getBaseVelocity(h, physicsClientId=client)[0] for h in movers)
            calm = all(vx * vx + vy * vy + vz * vz < STILL**2 for vx, vy, vz in speeds)
            still = still + 1 if calm else 0
            if still == STILL_STEPS:
                break
        for handle in movers:
            p.resetBaseVelocity(handle, (0, 0, 0), (0, 0, 0), physicsClientId=client)
        self._read()

    def _read(self) -> None:
        """Note where everything is."""
        for obj_id, body in self._bodies.items():
            if _moves(body):
                centre, rotation = self._p.getBasePositionAndOrientation(
                    self._handles[obj_id], physicsClientId=self._client
                )
                half = _half_height(body)
                position = tuple(c - half * u for c, u in zip(centre, _up(rotation), strict=True))
                self._bodies[obj_id] = replace(body, position=position, rotation=rotation)


def _moves(body: Body) -> bool:
    return SHAPES[body.shape].kind == "movable"


def _half_height(body: Body) -> float:
    return SHAPES[body.shape].real[2] * body.scale[2] / 2


def _reach(body: Body) -> float:
    """Nothing of `body` is farther than this from its origin, seen from above and upright."""
    x, y, _ = SHAPES[body.shape].real
    return math.hypot(x * body.scale[0], y * body.scale[1])


def _centre(body: Body) -> tuple[float, ...]:
    """Where the middle of a movable is: Bullet turns bodies about it."""
    half = _half_height(body)
    return tuple(p + half * u for p, u in zip(body.position, _up(body.rotation), strict=True))


def _up(q: Quaternion) -> tuple[float, float, float]:
    """Where the body's z axis points: the last column of `_matrix`."""
    x, y, z, w = q
    return 2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)


def _matrix(q: Quaternion) -> np.ndarray:
    """Rotation matrix (3, 3) of a unit quaternion x, y, z, w."""
    x, y, z, w = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
