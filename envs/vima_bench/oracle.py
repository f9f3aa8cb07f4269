"""The benchmark's oracle, asked without leaving a trace (vima_bench.md §8).

Left to itself it draws from the task's random generator, gives up all goals when it cannot see an
object, and expects the episode to be stepped in a mode of its own. Here it has its own generator
and its own list of goals: an agent's episode ends as it would without anybody asking.
"""

from copy import deepcopy
from typing import Any

import numpy as np

from uio2_agent.envs.tabletop.actions import BOUNDS, Action, Move
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE

# A pick of nothing, and for the spatula a push to nowhere.
REST = Move(pick=(X_RANGE[0], Y_RANGE[0]), place=(X_RANGE[0], Y_RANGE[0]))


class Oracle:
    """For one episode; made after the reset, when it draws as the benchmark's own would.

    Args:
        raw: The benchmark's environment.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._rng = deepcopy(raw.task.rng)

    def act(self) -> Action | None:
        """The next action, or None when nothing is left to do or the object cannot be seen."""
        task = self._raw.task
        todo = open_goals(task)
        if not todo:
            return None
        rng, goals = task.rng, task.goals
        task.rng, task.goals = self._rng, todo
        try:
            told = task.oracle(self._raw).act(None)
        finally:
            task.rng, task.goals = rng, goals
        if told is None:
            return None
        return {name: np.clip(told[name], low, high) for name, (low, high) in BOUNDS.items()}


def open_goals(task: Any) -> list[Any]:
    """The task's goals, first those to be met first, without needless help.

    A helper goal carries a distractor out of the way. The benchmark drops it only in the mode that
    its oracle is stepped in; here it counts as long as the distractor is in the way.
    """
    goals = list(task.goals)
    while goals and _helps(goals[0]) and all(map(task.check_distractors, goals[0][0])):
        del goals[0]
    return goals


def _helps(goal: Any) -> bool:
    settings = goal[6]
    return isinstance(settings, dict) and bool(settings["oracle_only"])
