"""Task 5."""

import math

from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.tasks import sample

NAME = "rearrange_then_restore"
SCENARIOS = [sample(NAME, seed=seed) for seed in range(150)]


def start(scenario):
    return {body.obj_id: body for body in scenario.bodies}


def met(state, goals):
    return state | {goal.obj_id: state[goal.obj_id].at(*goal.xy) for goal in goals}


def blocked(scenario):
    """An episode whose distractor stands on the target."""
    state = start(scenario)
    return any(
        math.dist(state[d].xy, goal.xy) < 0.10
        for d in scenario.distractors
        for goal in scenario.stages[0]
    )


def test_things_go_where_the_scene_shows_them_and_then_back():
    for scenario in SCENARIOS:
        there, back = scenario.stages
        shown = scenario.prompt.pictures["scene"].bodies
        assert [goal.xy for goal in there] == [body.xy for body in shown]
        state = start(scenario)
        assert [goal.xy for goal in back] == [state[goal.obj_id].xy for goal in back]
        assert [goal.obj_id for goal in there] == [goal.obj_id for goal in back]
        assert {goal.tolerance for goal in scenario.goals} == {0.10}


def test_everything_is_sampled_as_for_rearrange():
    for scenario in SCENARIOS[:20]:
        assert scenario.bodies == sample("rearrange", seed=scenario.seed).bodies


def test_restoring_one_thing_before_the_others_have_arrived_does_not_count():
    scenario = next(s for s in SCENARIOS if len(s.stages[0]) == 2)
    (a, b), (a_back, b_back) = scenario.stages
    progress, state = Placing(scenario), start(scenario)
    for goals in ([a], [a_back], [b]):
        state = met(state, goals)
        progress.update(state)
    assert progress.remaining == (scenario.stages[1],)
    progress.update(met(state, [b_back]))
    assert progress.success


def test_a_distractor_that_was_in_the_way_need_not_go_back():
    scenario = next(s for s in SCENARIOS if blocked(s))
    (there,), (back,) = scenario.stages
    (distractor,) = scenario.distractors
    progress, state = Placing(scenario), start(scenario)
    away = next(
        (x / 100, y / 100)
        for x in range(30, 71, 5)
        for y in range(-45, 46, 5)
        if min(math.dist((x / 100, y / 100), goal.xy) for goal in scenario.goals) > 0.12
    )
    state[distractor] = state[distractor].at(*away)
    for goals in ([], [there], [back]):
        assert not progress.over
        state = met(state, goals)
        progress.update(state)
    assert progress.success


def test_a_distractor_on_a_target_at_the_end_is_a_failure():
    scenario = next(s for s in SCENARIOS if blocked(s))
    progress, state = Placing(scenario), start(scenario)
    for stage in scenario.stages:
        assert not progress.over
        state = met(state, stage)
        progress.update(state)
    assert progress.failure


def test_the_prompt_reads_as_upstream():
    template = "Rearrange objects to this setup {scene} and then restore."
    assert SCENARIOS[0].prompt.template == template
    assert SCENARIOS[0].budget == 8
    words = sample(NAME, prompt="words", seed=0).prompt.text
    assert words == f"{sample('rearrange', prompt='words', seed=0).prompt.text} Then restore."
