"""What the tasks promise that want one movable put into one container."""

import math

import pytest

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.tabletop.tasks import TASKS, sample
from uio2_agent.envs.tabletop.tasks.into_container import IntoContainer, all_textures

TASK_LEVELS = [
    (task, level)
    for level, tasks_of in LEVELS.items()
    for task in tasks_of
    if isinstance(TASKS.get(task), IntoContainer)
]


def test_the_family_is_tasks_1_2_and_6_to_8():
    assert {task for task, _ in TASK_LEVELS} == {
        *("visual_manipulation", "scene_understanding"),
        *("novel_adj", "novel_noun", "novel_adj_and_noun"),
    }


@pytest.mark.parametrize(("task", "level"), TASK_LEVELS)
def test_one_movable_goes_into_one_container_and_all_else_is_a_distractor(task, level):
    for seed in range(15):
        scenario = sample(task, level, seed=seed)
        base, dragged, *others = scenario.bodies
        assert (SHAPES[base.shape].kind, SHAPES[dragged.shape].kind) == ("container", "movable")
        assert scenario.distractors == tuple(body.obj_id for body in others)
        ((goal,),) = scenario.stages
        assert (goal.obj_id, goal.xy, goal.tolerance) == (dragged.obj_id, base.xy, 0.10)
        assert goal.yaw is None
        assert scenario.budget == 3


@pytest.mark.parametrize(("task", "level"), TASK_LEVELS)
def test_nothing_starts_within_the_tolerance_of_the_container_or_the_movable(task, level):
    for seed in range(15):
        base, dragged, *others = sample(task, level, seed=seed).bodies
        assert math.dist(base.xy, dragged.xy) > 0.10
        assert all(math.dist(o.xy, m.xy) > 0.10 for o in others for m in (base, dragged))


def test_textures_of_both_lists_are_named_once():
    sets = LEVELS["placement_generalization"]["visual_manipulation"]
    textures = all_textures(sets)
    assert set(textures) == {*sets.movable_textures, *sets.container_textures}
    assert len(set(textures)) == len(textures)
