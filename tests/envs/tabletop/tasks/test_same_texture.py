"""Task 14, and what it shares with task 15."""

import math

import pytest

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.tasks import sample

L1, L4 = "placement_generalization", "novel_task_generalization"
SCENARIOS = [sample("same_texture", L4, seed=seed) for seed in range(200)]


def test_two_of_three_movables_have_the_texture_of_the_container():
    for scenario in SCENARIOS:
        base, one, two, other = scenario.bodies
        assert SHAPES[base.shape].kind == "container"
        assert one.texture == two.texture == base.texture != other.texture
        assert {goal.obj_id for goal in scenario.goals} == {one.obj_id, two.obj_id}
        assert scenario.distractors == (other.obj_id,)
        assert scenario.budget == 4


@pytest.mark.parametrize(("task", "level"), [("same_texture", L4), ("same_shape", L1)])
def test_the_tolerance_is_the_same_for_every_container_and_after_every_episode(task, level):
    scenarios = [sample(task, level, seed=seed) for seed in range(60)]
    assert {s.bodies[0].shape for s in scenarios} >= {"bowl", "frame"}
    assert {goal.tolerance for s in scenarios for goal in s.goals} == {0.125}
    for scenario in scenarios:
        base, *_, other = scenario.bodies
        assert all(goal.xy == base.xy for goal in scenario.goals)
        assert min(math.dist(other.xy, b.xy) for b in scenario.bodies[:3]) > 0.125


@pytest.mark.parametrize(("task", "level"), [("same_texture", L4), ("same_shape", L1)])
def test_both_go_in_whichever_comes_first_and_the_other_one_stays_out(task, level):
    scenario = sample(task, level, seed=5)
    base, one, two, other = scenario.bodies
    start = {body.obj_id: body for body in scenario.bodies}
    for first, second in ((one, two), (two, one)):
        progress = Placing(scenario)
        state = start | {first.obj_id: first.at(*base.xy)}
        progress.update(state)
        assert not progress.over
        progress.update(state | {second.obj_id: second.at(*base.xy)})
        assert progress.success
    progress = Placing(scenario)
    progress.update(start | {other.obj_id: other.at(*base.xy)})
    assert progress.failure


def test_the_prompt_reads_as_upstream():
    scenario = SCENARIOS[0]
    template = "Put all objects with the same texture as {base_obj} into it."
    assert scenario.prompt.template == template
    base = scenario.bodies[0]
    words = sample("same_texture", L4, prompt="words", seed=0).prompt.text
    name = f"{base.texture} {base.shape}"
    assert words == f"Put all objects with the same texture as the {name} into it."
