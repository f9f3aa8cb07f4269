"""The greedy follower: the oracle of point-goal navigation, as the reference plays it (spec §5)."""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from uio2_agent.envs.pointnav.corridor import find_path
from uio2_agent.envs.pointnav.flood import filter_step, wall_distance
from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.errors import BadInput, BadSetting, BadShape, GoalUnreachable
from uio2_agent.interface import FORWARD, LEFT, MOVES, RIGHT, STOP

_NO_WAY, _NO_MOVE = 4, 5  # beside the four moves

_TURN_COST = 0.0125  # per turn
_COLLISION_COST = 0.25
_NEAR_WALL_COST, _NEAR_WALL = 0.05, 0.2  # metres
_LEAST_SCORE, _GOOD_SCORE = -0.25, 0.99
_COLLISION_SLACK = 1e-5  # square metres
_MEMORY = 16  # actions that alternate before the follower commits itself


@njit(cache=True, nogil=True, error_model="numpy")
def _choose(mesh, position, yaw, goal, forward, turn, goal_radius, sliding):
    """The first action of the best primitive, and the number of turns before its forward step."""
    _, distance = find_path(mesh, position, goal)
    if distance == np.inf:
        return _NO_WAY, 0
    if distance < goal_radius:
        return STOP, 0
    best, action, turns = _LEAST_SCORE, _NO_MOVE, 0
    k = 0
    while k * turn < np.pi and best <= _GOOD_SCORE:
        for side in (LEFT, RIGHT):
            theta = yaw + k * turn if side == LEFT else yaw - k * turn
            aim = position.copy()
            aim[0] -= forward * np.sin(theta)
            aim[2] -= forward * np.cos(theta)
            reached = filter_step(mesh, position, aim, sliding)
            moved, intended = 0.0, 0.0
            for axis in range(3):
                moved += (reached[axis] - position[axis]) ** 2
                intended += (aim[axis] - position[axis]) ** 2
            _, left_over = find_path(mesh, reached, goal)
            score = (distance - left_over) / forward - _TURN_COST * k
            if moved + _COLLISION_SLACK < intended:
                score -= _COLLISION_COST
            if wall_distance(mesh, reached, 2.0) < _NEAR_WALL:
                score -= _NEAR_WALL_COST
            if score > best:
                best, turns = score, k
                action = FORWARD if k == 0 else side
            if k == 0:  # both sides are straight on
                break
        k += 1
    return action, turns


class GreedyFollower:
    """Looks one turn-and-step ahead and takes what brings it nearest to the goal.

    Args:
        navmesh: Where it walks.
        forward: Metres of a forward step.
        turn_degrees: Degrees of a turn.
        goal_radius: It stops when nearer than this (metres by path). Default 0.75 steps.
        sliding: Whether a step slides along walls; as the environment's.

    Raises:
        BadSetting: a step, turn or radius that is not a positive number.
    """

    def __init__(
        self,
        navmesh: NavMesh,
        forward: float = 0.25,
        turn_degrees: float = 10.0,
        goal_radius: float | None = None,
        sliding: bool = True,
    ) -> None:
        radius = 0.75 * forward if goal_radius is None else goal_radius
        given = {"forward": forward, "turn_degrees": turn_degrees, "goal_radius": radius}
        for name, value in given.items():
            if not (math.isfinite(value) and value > 0):
                raise BadSetting(name, value, "more than 0")
        self.navmesh = navmesh
        self.forward, self.turn = float(forward), math.radians(turn_degrees)
        self.goal_radius, self.sliding = float(radius), bool(sliding)
        self.reset()

    def reset(self) -> None:
        """Forget the actions of the last episode."""
        self._recent: list[int] = []
        self._committed: list[int] = []

    def next_action(self, position: ArrayLike, heading: ArrayLike, goal: ArrayLike) -> str:
        """ "stop", "forward", "left" or "right".

        Args:
            position: (3,) metres.
            heading: Yaw in radians, or a quaternion (4,) x, y, z, w about the vertical.
            goal: (3,) metres, at the height of the mesh: snap it.

        Raises:
            GoalUnreachable: there is no path, or no action that helps.
            BadInput: not finite, or of another shape.
        """
        place, target, yaw = _vector(position), _vector(goal), _yaw(heading)
        if self._committed:
            return self._take(self._committed.pop(0))
        action, turns = _choose(
            self.navmesh.polygons,
            place,
            yaw,
            target,
            self.forward,
            self.turn,
            self.goal_radius,
            self.sliding,
        )
        if action == _NO_WAY:
            raise GoalUnreachable(place.tolist(), target.tolist(), "no path joins them")
        if action == _NO_MOVE:
            raise GoalUnreachable(place.tolist(), target.tolist(), "no step brings it nearer")
        if turns and self._thrashes():
            self._committed = [action] * (turns - 1) + [FORWARD]
        return self._take(action)

    def _take(self, action: int) -> str:
        self._recent = [*self._recent, action][-_MEMORY:]
        return MOVES[action]

    def _thrashes(self) -> bool:
        """Whether left and right have alternated for as long as it remembers."""
        recent = self._recent
        return (
            len(recent) == _MEMORY
            and set(recent) == {LEFT, RIGHT}
            and all(a != b for a, b in zip(recent, recent[1:], strict=False))
        )


def _vector(point: ArrayLike) -> NDArray[np.float64]:
    array = np.ascontiguousarray(point, np.float64)
    if array.shape != (3,):
        raise BadShape("position or goal", array.shape, "(3,): x, y, z in metres")
    if not np.isfinite(array).all():
        raise BadInput("position or goal", array.tolist(), "finite numbers")
    return array


def _yaw(heading: ArrayLike) -> float:
    array = np.asarray(heading, np.float64)
    if array.shape not in ((), (4,)) or not np.isfinite(array).all():
        raise BadShape("heading", array.shape, "a finite yaw, or a quaternion (4,)")
    return float(array) if array.shape == () else 2.0 * math.atan2(array[1], array[3])
