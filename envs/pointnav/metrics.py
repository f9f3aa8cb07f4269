"""How well an episode goes, and what a step earns (habitat_pointnav.md §8)."""

import math
from collections.abc import Callable

import numpy as np

from uio2_agent.envs.pointnav.actuation import Point

SLACK_REWARD = -0.01  # for every step
SUCCESS_REWARD = 2.5
STANDING_STILL = 1e-4  # metres; after a smaller move distances are not measured anew


class Metrics:
    """Measures of one episode, from its start to the present step.

    Args:
        start: Position (3,) at the start.
        distance: Geodesic metres from a position to the nearest goal.
        success_radius: The goal counts as reached strictly below it.

    Attributes:
        distance_to_goal: Metres, now.
        success: Stopped at the goal.
        path_length: Metres the agent really moved.
        collisions: Steps in which something was in the way.
    """

    def __init__(
        self, start: Point, distance: Callable[[Point], float], success_radius: float
    ) -> None:
        self._distance, self._success_radius = distance, success_radius
        self._position = self._measured_at = start
        self.start_distance = self.distance_to_goal = distance(start)
        self.success = False
        self.path_length = 0.0
        self.collisions = 0

    def update(self, position: Point, collided: bool, stopped: bool) -> float:
        """Take a step into account; returns its reward."""
        before = self.distance_to_goal
        self.path_length += float(np.linalg.norm(position - self._position))
        self._position = position
        if np.abs(position - self._measured_at).max() > STANDING_STILL:
            distance = self._distance(position)
            if math.isfinite(distance):  # else the search gave up (§4) and tells nothing new
                self.distance_to_goal = distance
            self._measured_at = position
        self.collisions += collided
        self.success = stopped and self.distance_to_goal < self._success_radius
        # habitat-lab rewards a non-zero SPL, which a success always has.
        return before - self.distance_to_goal + SLACK_REWARD + SUCCESS_REWARD * self.success

    @property
    def spl(self) -> float:
        """Success, weighted by the shortest possible over the actual way."""
        return float(self.success) * self._efficiency

    @property
    def soft_spl(self) -> float:
        """The share of the way that is done instead of success."""
        if self.start_distance == 0:
            return float(self.distance_to_goal == 0) * self._efficiency
        done = 1 - self.distance_to_goal / self.start_distance
        return max(0.0, done) * self._efficiency

    def as_dict(self) -> dict[str, float]:
        return {
            "spl": self.spl,
            "soft_spl": self.soft_spl,
            "distance_to_goal": self.distance_to_goal,
            "collisions": float(self.collisions),
            "path_length": self.path_length,
        }

    @property
    def _efficiency(self) -> float:
        longest = max(self.start_distance, self.path_length)
        return self.start_distance / longest if longest else 1.0
