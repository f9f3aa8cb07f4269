"""Success and failure."""

from dataclasses import replace

import pytest

from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.scenario import Goal, Rules, Scenario
from uio2_agent.envs.tabletop.scene import Body

A, B, D = 5, 6, 7
TARGET_A, TARGET_B = (0.4, -0.3), (0.4, 0.3)


def body(obj_id, x, y):
    return Body(obj_id=obj_id, shape="block", texture="red", position=(x, y, 0.0))


START = {A: body(A, 0.6, -0.3), B: body(B, 0.6, 0.3), D: body(D, 0.5, 0.0)}


def goal(obj_id, xy):
    return Goal(obj_id=obj_id, xy=xy, tolerance=0.1)


def scenario(at_end=False):
    return Scenario(
        task="two blocks",
        level="none",
        seed=0,
        bodies=tuple(START.values()),
        distractors=(D,),
        prompt=Prompt(template="", pictures={}),
        budget=4,
        stages=((goal(A, TARGET_A), goal(B, TARGET_B)),),
        rules=Rules(distractors_from_stage=int(at_end)),
    )


def in_turn(**rules):
    """A, then B, then A back again."""
    stages = ((goal(A, TARGET_A),), (goal(B, TARGET_B),), (goal(A, START[A].xy),))
    return Placing(replace(scenario(), stages=stages, rules=Rules(**rules)))


@pytest.fixture(params=[False, True], ids=["distractors always", "distractors at end"])
def progress(request):
    return Placing(scenario(request.param))


def moved(state, obj_id, xy):
    return {**state, obj_id: state[obj_id].at(*xy)}


def verdict(progress):
    return progress.success, progress.failure


def test_nothing_is_decided_at_the_start(progress):
    progress.update(START)
    assert verdict(progress) == (False, False)
    assert progress.remaining == scenario().stages


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_goals_may_be_met_in_any_order(progress, order):
    state, targets = START, {A: TARGET_A, B: TARGET_B}
    for obj_id in order:
        assert not progress.over
        state = moved(state, obj_id, targets[obj_id])
        progress.update(state)
    assert verdict(progress) == (True, False)


def test_a_met_goal_stays_met_when_its_object_is_taken_away_again(progress):
    progress.update(moved(START, A, TARGET_A))
    progress.update(moved(START, B, TARGET_B))
    assert verdict(progress) == (True, False)


def test_an_object_yet_to_be_moved_may_not_leave_the_table(progress):
    progress.update(moved(START, A, (0.76, 0.0)))
    assert verdict(progress) == (False, True)


def test_an_object_that_has_arrived_may(progress):
    state = moved(START, A, TARGET_A)
    progress.update(state)
    progress.update(moved(state, A, (0.76, 0.0)))
    assert verdict(progress) == (False, False)


def test_a_distractor_on_a_target_is_the_end():
    progress = Placing(scenario())
    progress.update(moved(START, D, TARGET_B))
    assert verdict(progress) == (False, True)


def test_an_object_put_to_a_distractor_is_the_end():
    progress = Placing(scenario())
    progress.update(moved(START, A, (0.5, 0.05)))
    assert verdict(progress) == (False, True)


def test_where_distractors_are_judged_at_the_end_they_may_be_in_the_way_until_then():
    progress = Placing(scenario(at_end=True))
    state = moved(START, D, TARGET_B)
    progress.update(state)
    assert verdict(progress) == (False, False)
    state = moved(moved(state, A, TARGET_A), B, TARGET_B)
    progress.update(state)
    assert verdict(progress) == (False, True)


def test_where_distractors_are_judged_at_the_end_one_can_still_be_carried_away():
    progress = Placing(scenario(at_end=True))
    progress.update(moved(START, D, TARGET_B))
    progress.update(moved(moved(START, A, TARGET_A), B, TARGET_B))
    assert verdict(progress) == (True, False)


def test_a_decided_episode_stays_decided(progress):
    progress.update(moved(START, A, (0.76, 0.0)))
    progress.update(moved(moved(START, A, TARGET_A), B, TARGET_B))
    assert verdict(progress) == (False, True)


def test_stages_come_one_after_the_other():
    progress = in_turn()
    state = START
    for obj_id, xy in ((A, TARGET_A), (B, TARGET_B), (A, START[A].xy)):
        assert not progress.over
        state = moved(state, obj_id, xy)
        progress.update(state)
    assert verdict(progress) == (True, False)


def test_out_of_turn_a_goal_is_not_met():
    progress = in_turn()
    state = moved(START, B, TARGET_B)
    progress.update(state)
    assert len(progress.remaining) == 3
    progress.update(moved(state, A, TARGET_A))
    assert len(progress.remaining) == 2, "B's goal is looked at when its turn has come"


def test_where_order_is_kept_reaching_a_later_goal_early_is_the_end():
    progress = in_turn(keeps_order=True)
    progress.update(moved(START, B, TARGET_B))
    assert verdict(progress) == (False, True)


def test_where_order_is_kept_standing_on_a_later_goal_from_the_start_is_no_fault():
    progress = in_turn(keeps_order=True)
    progress.update(moved(START, B, (0.7, 0.3)))
    assert verdict(progress) == (False, False)


def test_where_every_step_counts_one_without_progress_is_the_end():
    progress = in_turn(every_step_counts=True)
    progress.update(moved(START, A, TARGET_A))
    assert not progress.over
    progress.update(moved(START, A, TARGET_A))
    assert verdict(progress) == (False, True)


def test_distractors_may_be_looked_at_from_a_later_stage_on():
    progress = in_turn(distractors_from_stage=1)
    progress.update(moved(START, D, TARGET_B))
    assert not progress.over
    progress.update(moved(moved(START, D, TARGET_B), A, TARGET_A))
    assert verdict(progress) == (False, True)


def test_an_episode_lasts_two_steps_longer_than_the_oracles_budget():
    assert scenario().max_steps == 6
    assert replace(scenario(), budget=3).max_steps == 5
