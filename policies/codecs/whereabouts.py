"""Where a walking agent is, and where its goal, in the frame of its start.

What sensors tell is believed. Without `gps` and `compass`, turns are counted, which is exact where
wheels do not err (PointNav v1), and the place is where the goal is seen as it is seen
(`pointgoal_with_gps_compass`). With the static `pointgoal` alone (v2) steps are counted too, and
neither noise nor collisions are known. Height is not sensed by any of these: it stays that of the
start. Frames: habitat_pointnav.md §7.
"""

import math
from dataclasses import dataclass
from typing import Any

from uio2_agent.errors import BadInput, BadSetting
from uio2_agent.interface import FORWARD, LEFT, RIGHT
from uio2_agent.policies.codecs.base import Observation

POINTGOAL, POINTGOAL_NOW = "pointgoal", "pointgoal_with_gps_compass"
GPS, COMPASS = "gps", "compass"

Place = tuple[float, float]  # metres ahead and to the left


@dataclass(frozen=True)
class State:
    """In the frame of the start: metres to the right, back and up, radians turned to the left."""

    x: float = 0.0
    z: float = 0.0
    y: float = 0.0
    yaw: float = 0.0


@dataclass(frozen=True)
class Step:
    """Where the agent was and what it did there."""

    state: State
    action: int


@dataclass(frozen=True)
class Journey:
    """What is remembered of an episode: the goal as seen from the start, and the last steps.

    Who is told no goal, but must find it, has none.
    """

    goal: Place | None
    past: tuple[Step, ...]

    @property
    def here(self) -> Step:
        """The last step."""
        return self.past[-1]


@dataclass(frozen=True, kw_only=True)
class Odometer:
    """Turns observations, and the agent's own actions where those fall short, into states.

    Args:
        forward: Metres a step is meant to take.
        turn: Degrees a turn is meant to take.

    Raises:
        BadSetting: A step or a turn of nothing.
    """

    forward: float = 0.25
    turn: float = 10.0

    def __post_init__(self) -> None:
        for name, most in (("forward", math.inf), ("turn", 180.0)):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 < value <= most):
                raise BadSetting(name, value, "above 0; of `turn` at most 180 degrees")

    def state(self, observation: Observation, journey: Journey | None) -> State:
        """Where the agent is now; without a journey, at its start."""
        if GPS in observation and COMPASS in observation:
            ahead, right = (float(v) for v in observation[GPS])
            return State(x=right, z=-ahead, yaw=float(observation[COMPASS][0]))
        if journey is None:
            return State()
        before, action = journey.here.state, journey.here.action
        turned = math.radians(self.turn) * ((action == LEFT) - (action == RIGHT))
        yaw = math.remainder(before.yaw + turned, 2 * math.pi)
        if POINTGOAL_NOW in observation and journey.goal is not None:
            seen = _turned(_place(observation[POINTGOAL_NOW]), yaw)
            ahead, left = journey.goal[0] - seen[0], journey.goal[1] - seen[1]
        else:
            went = _turned((self.forward if action == FORWARD else 0.0, 0.0), yaw)
            ahead, left = went[0] - before.z, went[1] - before.x
        return State(x=-left, z=-ahead, yaw=yaw)

    def goal(self, observation: Observation, journey: Journey | None) -> tuple[float, float]:
        """Metres to the goal and radians to it, left positive, as seen from here.

        Raises:
            BadInput: The observation has no goal.
        """
        if POINTGOAL_NOW in observation:
            rho, phi = observation[POINTGOAL_NOW]
            return float(rho), float(phi)
        here = self.state(observation, journey)
        goal = self._goal_from_start(observation) if journey is None else journey.goal
        if goal is None:
            want = f"{POINTGOAL_NOW} or {POINTGOAL} among the environment's sensors"
            raise BadInput("observation", f"without a goal ({', '.join(observation)})", want)
        ahead, left = _turned((goal[0] + here.z, goal[1] + here.x), -here.yaw)
        return math.hypot(ahead, left), math.atan2(left, ahead)

    def went(
        self, journey: Journey | None, observation: Observation, action: int, keep: int
    ) -> Journey:
        """The journey with one more step, of which the last `keep` are kept, and always one."""
        goal = self._goal_from_start(observation) if journey is None else journey.goal
        past = () if journey is None else journey.past
        step = Step(self.state(observation, journey), action)
        return Journey(goal, (*past, step)[-max(keep, 1) :])

    def _goal_from_start(self, observation: Observation) -> Place | None:
        for name in (POINTGOAL, POINTGOAL_NOW):
            if name in observation:
                return _place(observation[name])
        return None


def _place(polar: Any) -> Place:
    rho, phi = (float(v) for v in polar)
    return rho * math.cos(phi), rho * math.sin(phi)


def _turned(place: Place, angle: float) -> Place:
    """A place given in a frame that is turned to the left by an angle, in the outer frame."""
    ahead, left = place
    cos, sin = math.cos(angle), math.sin(angle)
    return ahead * cos - left * sin, ahead * sin + left * cos
