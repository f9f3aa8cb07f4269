"""A walker without eyes: turn to the goal, walk, stop. What seeing adds is measured from it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from uio2_agent.errors import BadInput, BadSetting
from uio2_agent.interface import FORWARD, LEFT, RIGHT, STOP
from uio2_agent.policies.codecs.whereabouts import POINTGOAL_NOW


class GoalFollower:
    """The blind baseline of PointNav (habitat-baselines' GoalFollower): it remembers nothing.

    Args:
        stop_within: Metres to the goal at which it says stop; v1's success radius.
        turn: Degrees of the environment's turn; within half of one the goal counts as ahead.

    Raises:
        BadSetting: A radius or a turn of nothing.
    """

    def __init__(self, stop_within: float = 0.2, turn: float = 10.0) -> None:
        for name, value in (("stop_within", stop_within), ("turn", turn)):
            if not (math.isfinite(value) and value > 0):
                raise BadSetting(name, value, "above 0")
        self.stop_within, self.ahead = stop_within, math.radians(turn) / 2

    def reset(self, mask: np.ndarray) -> None:
        """Nothing is remembered."""

    def act(self, observations: Any, infos: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Actions int64 (N,); raises `BadInput` where the goal is not sensed at every step."""
        if POINTGOAL_NOW not in observations:
            want = f"{POINTGOAL_NOW} among the environment's sensors"
            raise BadInput("observation", f"without a goal ({', '.join(observations)})", want)
        rho, phi = np.asarray(observations[POINTGOAL_NOW]).T
        turning = np.where(phi > 0, LEFT, RIGHT)
        walking = np.where(np.abs(phi) <= self.ahead, FORWARD, turning)
        return np.where(rho < self.stop_within, STOP, walking).astype(np.int64), {}
