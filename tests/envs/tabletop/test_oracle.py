"""What the oracle would do."""

import math

import pytest

from uio2_agent.envs.tabletop.oracle import plan
from uio2_agent.envs.tabletop.scenario import Scenario
from uio2_agent.envs.tabletop.tasks import TASKS, sample


def played(scenario: Scenario, moves):
    """Bodies after the moves, were nothing ever to slip."""
    bodies = {body.obj_id: body for body in scenario.bodies}
    for move in moves:
        held = min(bodies.values(), key=lambda b: math.dist(b.xy, move.pick))
        x, y = move.place
        bodies[held.obj_id] = held.at(x, y, held.yaw + move.turn)
    return bodies


@pytest.mark.parametrize("task", TASKS)
def test_a_plan_meets_all_goals_within_the_budget(task):
    for seed in range(50):
        scenario = sample(task, seed=seed)
        moves = plan(scenario)
        assert 1 <= len(moves) <= scenario.budget
        bodies = played(scenario, moves)
        assert all(goal.met_by(bodies[goal.obj_id]) for goal in scenario.goals)


def test_objects_are_picked_at_their_centre_and_come_from_left_to_right():
    for seed in range(50):
        scenario = sample("rearrange", seed=seed)
        picks = [move.pick for move in plan(scenario)]
        centres = [body.xy for body in scenario.bodies]
        assert set(picks) <= set(centres)
        if not scenario.distractors:
            assert [y for _, y in picks] == sorted(y for _, y in picks)


def test_objects_are_turned_only_where_turning_is_scored():
    for task in TASKS:
        for seed in range(20):
            turns = [move.turn for move in plan(sample(task, seed=seed))]
            assert all(abs(t) > 0.5 for t in turns) if task == "rotate" else not any(turns)


def test_a_distractor_on_a_target_is_first_carried_clear_of_everything():
    seen = 0
    for seed in range(100):
        scenario = sample("rearrange", seed=seed)
        by_id = {body.obj_id: body for body in scenario.bodies}
        for d in scenario.distractors:
            if math.dist(by_id[d].xy, scenario.goals[0].xy) < 0.1:
                seen += 1
                away, onto = plan(scenario)
                assert away.pick == by_id[d].xy
                assert math.dist(away.place, scenario.goals[0].xy) > 0.1
                assert math.dist(away.place, onto.pick) > 0.06
                assert onto.place == scenario.goals[0].xy
    assert seen > 10


def test_only_what_is_left_to_do_is_planned():
    scenario = next(
        s for s in (sample("rearrange", seed=i) for i in range(100)) if len(s.goals) == 3
    )
    bodies = {body.obj_id: body for body in scenario.bodies}
    (move,) = plan(scenario, bodies, scenario.goals[1:2])
    assert move.pick == bodies[scenario.goals[1].obj_id].xy
    assert plan(scenario, bodies, ()) == []
