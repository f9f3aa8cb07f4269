"""One file per task of the tabletop suite, and `sample`, which draws an episode of any of them."""

from uio2_agent.envs.tabletop.draws import Draws
from uio2_agent.envs.tabletop.partitions import sets_for
from uio2_agent.envs.tabletop.prompts import MODES
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Scenario
from uio2_agent.envs.tabletop.tasks.base import Task
from uio2_agent.envs.tabletop.tasks.rearrange import Rearrange
from uio2_agent.envs.tabletop.tasks.rotate import Rotate
from uio2_agent.envs.tabletop.tasks.visual_manipulation import VisualManipulation
from uio2_agent.errors import SceneUnsolvable, UnknownName

TASKS: dict[str, Task] = {task.name: task for task in (VisualManipulation(), Rotate(), Rearrange())}

# Upstream gives up after ten tries per object; we draw all poses anew, so that resets do not fail.
_TRIES = 200


def task(name: str) -> Task:
    """The task called `name`.

    Raises:
        UnknownName: No such task.
    """
    if name not in TASKS:
        raise UnknownName("task", name, TASKS)
    return TASKS[name]


def sample(
    name: str,
    level: str = "placement_generalization",
    prompt: str = "pictures",
    seed: int = 0,
) -> Scenario:
    """One episode before its first step. Pure: no simulator, no renderer.

    Objects and poses depend on task, level and seed only, never on the prompt mode.

    Raises:
        UnknownName: No such task, level or prompt mode.
        SceneUnsolvable: No layout was found in 200 tries.
    """
    member, sets = task(name), sets_for(name, level)
    if prompt not in MODES:
        raise UnknownName("prompt mode", prompt, MODES)
    for attempt in range(_TRIES):
        try:
            layout = member.build(Draws(seed, 0), Placer(Draws(seed, 1 + attempt)), sets, prompt)
        except SceneUnsolvable:
            continue
        return Scenario(
            task=name,
            level=level,
            seed=seed,
            bodies=layout.bodies,
            distractors=layout.distractors,
            prompt=layout.prompt,
            goals=layout.goals,
            budget=member.budget,
            distractors_judged_at_end=member.distractors_judged_at_end,
        )
    raise SceneUnsolvable(f"{name} at {level}, seed {seed}", _TRIES)
