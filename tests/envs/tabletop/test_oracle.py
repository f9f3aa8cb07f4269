"""What the oracle would do."""

import math
from dataclasses import replace

import pytest

from uio2_agent.envs.tabletop.oracle import plan
from uio2_agent.envs.tabletop.partitions import LEVELS, TRAIN_TASKS
from uio2_agent.envs.tabletop.physics import Physics
from uio2_agent.envs.tabletop.progress import judge
from uio2_agent.envs.tabletop.tasks import sample

EVERY = [(task, level) for level, tasks in LEVELS.items() for task in tasks]


@pytest.fixture(scope="module")
def physics():
    return Physics()


@pytest.mark.parametrize(("task", "level"), EVERY)
def test_the_oracle_succeeds_within_the_budget(task, level, physics):
    """100 seeds of every pair are in benchmarks/tabletop.md; here it is a few."""
    for seed in range(4):
        scenario = sample(task, level, seed=seed)
        progress, steps = judge(scenario), 0
        physics.load(scenario.bodies)
        while not progress.over and steps < scenario.max_steps:
            move = plan(scenario, physics.bodies, progress)[0]
            progress.update(*physics.carry_out(move, scenario.end_effector))
            steps += 1
        assert progress.success


@pytest.mark.parametrize("task", [t for t in TRAIN_TASKS if "sweep" not in t])
def test_a_first_plan_names_every_step_to_come(task, physics):
    for seed in range(5):
        scenario = sample(task, seed=seed)
        progress, moves = judge(scenario), plan(scenario)
        assert 1 <= len(moves) <= scenario.budget
        physics.load(scenario.bodies)
        for move in moves:
            assert not progress.over
            progress.update(*physics.carry_out(move, scenario.end_effector))
        assert progress.over


def test_objects_are_picked_at_their_centre_and_come_from_left_to_right():
    for seed in range(50):
        scenario = sample("rearrange", seed=seed)
        picks = [move.pick for move in plan(scenario)]
        centres = [body.xy for body in scenario.bodies]
        assert set(picks) <= set(centres)
        if not scenario.distractors:
            assert [y for _, y in picks] == sorted(y for _, y in picks)


def test_objects_are_turned_only_where_turning_is_scored():
    for task in TRAIN_TASKS:
        for seed in range(10):
            turns = [move.turn for move in plan(sample(task, seed=seed))]
            scored = task in ("rotate", "twist")
            assert all(abs(t) > 0.5 for t in turns) if scored else not any(turns)


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
    progress = judge(scenario)
    first, second, third = (goal.obj_id for goal in scenario.goals)
    for done in (first, third):
        goal = next(goal for goal in scenario.goals if goal.obj_id == done)
        bodies[done] = bodies[done].at(*goal.xy)
    progress.update(bodies)
    (move,) = plan(scenario, bodies, progress)
    assert move.pick == bodies[second].xy
    bodies[second] = bodies[second].at(*move.place)
    progress.update(bodies)
    assert progress.success and plan(scenario, bodies, progress) == []


def test_later_stages_start_where_earlier_ones_leave_things():
    scenario = sample("rearrange", seed=1)
    start = {body.obj_id: body for body in scenario.bodies}
    back = tuple(replace(goal, xy=start[goal.obj_id].xy) for goal in scenario.goals)
    moves = plan(replace(scenario, stages=(*scenario.stages, back), distractors=()))
    there, home = moves[: len(back)], moves[len(back) :]
    assert {m.place for m in there} == {m.pick for m in home}
    assert {m.pick for m in there} == {m.place for m in home}
