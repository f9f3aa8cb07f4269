"""Which episodes there are, and what the benchmark is told to play them (vima_bench.md §7, §2)."""

from collections.abc import Mapping
from typing import Any

from uio2_agent.envs.tabletop.partitions import LEVELS, sets_for
from uio2_agent.envs.tabletop.prompts import MODES
from uio2_agent.errors import UnknownName

# The benchmark's own name for what training data is drawn from; the same sets as the first level's.
TRAIN = "train"

# Which of a task's pictures can be told in words, so that none is left (§2).
IN_WORDS = {
    "visual_manipulation": ("dragged_obj", "base_obj"),
    "rotate": ("dragged_obj",),
    "sweep_without_exceeding": ("swept_obj", "bounds", "constraint"),
    "sweep_without_touching": ("swept_obj", "bounds", "constraint"),
    "same_texture": ("base_obj",),
    "same_shape": ("base_obj",),
    "manipulate_old_neighbor": ("dragged_obj", "base_obj"),
    "pick_in_order_then_restore": ("dragged_obj", "base_obj"),
}


def check(task: str, level: str, prompt: str) -> None:
    """Find wrong names before anything heavy is started.

    Raises:
        UnknownName: No such level or prompt mode, no such task at the level, or no words for it.
    """
    if level != TRAIN and level not in LEVELS:
        raise UnknownName("level", level, [*LEVELS, TRAIN])
    sets_for(task, "placement_generalization" if level == TRAIN else level)
    if prompt not in MODES:
        raise UnknownName("prompt mode", prompt, MODES)
    if prompt == "words" and task not in IN_WORDS:
        raise UnknownName("task that VIMA-Bench can tell in words only", task, IN_WORDS)


def task_kwargs(specs: Mapping[str, Any], task: str, level: str, prompt: str) -> dict[str, Any]:
    """What the benchmark's `make` is given for a task, from its `PARTITION_TO_SPECS`."""
    tasks = specs[TRAIN] if level == TRAIN else specs["test"][level]
    words = IN_WORDS[task] if prompt == "words" else ()
    return {**(tasks[task] or {}), **{f"{thing}_express_types": "name" for thing in words}}
