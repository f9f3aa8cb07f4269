"""One file per task of the tabletop suite, and `sample`, which draws an episode of any of them."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.partitions import sets_for
from uio2_agent.envs.tabletop.prompts import MODES
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Scenario
from uio2_agent.envs.tabletop.tasks.base import Task
from uio2_agent.envs.tabletop.tasks.follow_motion import FollowMotion
from uio2_agent.envs.tabletop.tasks.follow_order import FollowOrder
from uio2_agent.envs.tabletop.tasks.manipulate_old_neighbor import ManipulateOldNeighbor
from uio2_agent.envs.tabletop.tasks.novel_adj import NovelAdj
from uio2_agent.envs.tabletop.tasks.novel_adj_and_noun import NovelAdjAndNoun
from uio2_agent.envs.tabletop.tasks.novel_noun import NovelNoun
from uio2_agent.envs.tabletop.tasks.pick_in_order_then_restore import PickInOrderThenRestore
from uio2_agent.envs.tabletop.tasks.rearrange import Rearrange
from uio2_agent.envs.tabletop.tasks.rearrange_then_restore import RearrangeThenRestore
from uio2_agent.envs.tabletop.tasks.rotate import Rotate
from uio2_agent.envs.tabletop.tasks.same_shape import SameShape
from uio2_agent.envs.tabletop.tasks.same_texture import SameTexture
from uio2_agent.envs.tabletop.tasks.scene_understanding import SceneUnderstanding
from uio2_agent.envs.tabletop.tasks.sweep_without_exceeding import SweepWithoutExceeding
from uio2_agent.envs.tabletop.tasks.sweep_without_touching import SweepWithoutTouching
from uio2_agent.envs.tabletop.tasks.twist import Twist
from uio2_agent.envs.tabletop.tasks.visual_manipulation import VisualManipulation
from uio2_agent.errors import SceneUnsolvable, UnknownName

# In the order of vima_bench.md §6.
TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        VisualManipulation(),
        SceneUnderstanding(),
        Rotate(),
        Rearrange(),
        RearrangeThenRestore(),
        NovelAdj(),
        NovelNoun(),
        NovelAdjAndNoun(),
        Twist(),
        FollowMotion(),
        FollowOrder(),
        SweepWithoutExceeding(),
        SweepWithoutTouching(),
        SameTexture(),
        SameShape(),
        ManipulateOldNeighbor(),
        PickInOrderThenRestore(),
    )
}

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
            budget=member.budget,
            stages=layout.stages,
            sweep=layout.sweep,
            rules=member.rules,
            end_effector=member.end_effector,
        )
    raise SceneUnsolvable(f"{name} at {level}, seed {seed}", _TRIES)
