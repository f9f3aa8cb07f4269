"""The oracle says what the benchmark's would, and nothing remembers that it was asked."""

from types import SimpleNamespace

import numpy as np
import pytest

from uio2_agent.envs.tabletop.actions import action_space
from uio2_agent.envs.vima_bench.oracle import Oracle, open_goals


def goal(obj_id, helps):
    settings = {"oracle_only": True} if helps else None
    return ([(obj_id, (0, None))], None, None, None, None, "pose", settings, 1.0)


def test_it_draws_as_the_benchmarks_own_but_leaves_its_generator_alone(raw):
    before = raw.task.rng.bit_generator.state
    own = raw.task.oracle(raw)
    oracle = Oracle(raw)
    told = [oracle.act() for _ in range(3)]
    assert raw.task.rng.bit_generator.state == before
    for action in told:
        assert action is not None
        np.testing.assert_array_equal(action["pose0_position"], own.act(None)["pose0_position"])


def test_actions_are_clipped_into_the_space(raw):
    action = Oracle(raw).act()
    assert action is not None and action_space().contains(action)
    assert action["pose1_position"].tolist() == [0.75, 0.0]


def test_goals_given_up_for_an_object_out_of_sight_are_there_again(raw):
    goals = raw.task.goals

    def blind(env):
        def act(observation):
            raw.task.goals = []

        return SimpleNamespace(act=act)

    raw.task.oracle = blind
    assert Oracle(raw).act() is None
    assert raw.task.goals is goals and len(goals) == 1


def test_an_oracle_that_breaks_leaves_no_trace_either(raw):
    def broken(env):
        raise ZeroDivisionError

    goals, rng, raw.task.oracle = raw.task.goals, raw.task.rng, broken
    with pytest.raises(ZeroDivisionError):
        Oracle(raw).act()
    assert raw.task.goals is goals and raw.task.rng is rng


def test_nothing_left_to_do_is_no_action(raw):
    raw.task.goals = []
    assert Oracle(raw).act() is None


@pytest.mark.parametrize(("clear", "todo"), [(False, [7, 5, 7]), (True, [5, 7])])
def test_a_distractor_is_moved_only_while_it_is_in_the_way(raw, clear, todo):
    goals = [goal(7, helps=True), goal(5, helps=False), goal(7, helps=True)]
    raw.task.goals, raw.task.check_distractors = goals, lambda distractor: clear
    assert [g[0][0][0] for g in open_goals(raw.task)] == todo
    assert len(raw.task.goals) == 3


def test_only_helping_left_is_nothing_left(raw):
    raw.task.goals = [goal(7, helps=True)]
    assert open_goals(raw.task) == []
