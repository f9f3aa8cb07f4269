"""When an episode of moving things is won or lost (vima_bench.md §6, common machinery)."""

import math
from collections.abc import Mapping, Sequence

from uio2_agent.envs.tabletop.scenario import Goal, Scenario, Stage
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE, Body

Bodies = Mapping[int, Body]


class Placing:
    """Which goals are still open, and whether that is the end of it.

    After each step the goals of the present stage are tested; a met goal is dropped and not looked
    at again. A stage without open goals gives way to the next one.

    Attributes:
        remaining: Stages with open goals, the present one first; it may have lost some already.
        success: All goals were met.
        failure: The episode is over and lost.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._before: Bodies = {body.obj_id: body for body in scenario.bodies}
        self.remaining: tuple[Stage, ...] = scenario.stages
        self.success = False
        self.failure = False

    @property
    def over(self) -> bool:
        return self.success or self.failure

    def update(self, bodies: Bodies, trace: Sequence[Bodies] = ()) -> None:
        """Judge what stands where now, after a step; what happened on the way is not looked at."""
        if self.over:
            return
        stage, *later = self.remaining
        still_open = tuple(goal for goal in stage if not goal.met_by(bodies[goal.obj_id]))
        early = any(self._reached(goal, bodies) for stage in later for goal in stage)
        self._before = bodies
        self.remaining = ((still_open,) if still_open else ()) + tuple(later)

        rules = self._scenario.rules
        judged = len(self._scenario.stages) - len(self.remaining) >= rules.distractors_from_stage
        if not self.remaining:
            late = rules.distractors_from_stage > 0
            self.failure = late and self._spoilt(self._scenario.goals, bodies)
            self.success = not self.failure
        else:
            goals = tuple(goal for stage in self.remaining for goal in stage)
            self.failure = (
                any(off_the_table(bodies[goal.obj_id]) for goal in goals)
                or (judged and self._spoilt(goals, bodies))
                or (rules.keeps_order and early)
                or (rules.every_step_counts and len(still_open) == len(stage))
            )

    def _reached(self, goal: Goal, bodies: Bodies) -> bool:
        """Whether the last step brought the object there."""
        return goal.met_by(bodies[goal.obj_id]) and not goal.met_by(self._before[goal.obj_id])

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
