"""When an episode is won or lost (vima_bench.md §6, common machinery)."""

import math
from collections.abc import Mapping

from uio2_agent.envs.tabletop.scenario import Goal, Scenario
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE, Body

Bodies = Mapping[int, Body]


class Progress:
    """Which goals are still open, and whether that is the end of it.

    Goals are tested in any order after each step; a met goal is dropped and not looked at again.

    Attributes:
        open: Goals not met so far.
        success: All goals were met.
        failure: F1 or F2 happened; the episode is over.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.open: tuple[Goal, ...] = scenario.goals
        self.success = False
        self.failure = False

    @property
    def over(self) -> bool:
        return self.success or self.failure

    def update(self, bodies: Bodies) -> None:
        """Judge what stands where now, after a step."""
        if self.over:
            return
        self.open = tuple(goal for goal in self.open if not goal.met_by(bodies[goal.obj_id]))
        at_end = self._scenario.distractors_judged_at_end
        if not self.open:
            self.failure = at_end and self._spoilt(self._scenario.goals, bodies)
            self.success = not self.failure
        else:
            lost = any(off_the_table(bodies[goal.obj_id]) for goal in self.open)
            self.failure = lost or (not at_end and self._spoilt(self.open, bodies))

    def _spoilt(self, moved: tuple[Goal, ...], bodies: Bodies) -> bool:
        """F2: a distractor on any target, or an object of `moved` on a distractor."""
        return any(
            near(bodies[d], goal.xy, goal.tolerance)
            for d in self._scenario.distractors
            for goal in self._scenario.goals
        ) or any(
            near(bodies[goal.obj_id], bodies[d].xy, goal.tolerance)
            for d in self._scenario.distractors
            for goal in moved
        )


def off_the_table(body: Body) -> bool:
    """F1: outside the workspace rectangle."""
    (x, y), (x0, x1), (y0, y1) = body.xy, X_RANGE, Y_RANGE
    return not (x0 <= x <= x1 and y0 <= y <= y1)


def near(body: Body, xy: tuple[float, float], distance: float) -> bool:
    return math.dist(body.xy, xy) < distance
