"""Environment and policy come from their configuration, alike in every process."""

import pickle
from functools import partial

import pytest

from uio2_agent.envs.ablation import PromptAblation
from uio2_agent.envs.counting import Counting
from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.evaluation.cells import Cell
from uio2_agent.launch.players import (
    cell_env,
    execution,
    fingerprint,
    make_cell_env,
    make_env,
    make_policy,
)
from uio2_agent.policies.baseline import RandomPolicy
from uio2_agent.policies.checkpoints import find_checkpoint, read_policy_settings

COUNTING = {"_target_": "uio2_agent.envs.counting.Counting", "limit": 5}
TABLETOP = {
    "_target_": "gymnasium.make",
    "id": "uio2_agent.envs:uio2/Tabletop-v0",
    "task": "rotate",
    "level": "placement_generalization",
}
RANDOM = {
    "_target_": "uio2_agent.policies.baseline.RandomPolicy",
    "action_space": None,
    "seed": 3,
}


def test_an_environment_is_wrapped_only_when_its_prompt_shall_be_spoilt():
    assert type(make_env(COUNTING)) is Counting
    spoilt = make_env(COUNTING, "nonsense")
    assert isinstance(spoilt, PromptAblation) and spoilt.kind == "nonsense"


def test_a_policy_gets_the_action_space_it_asks_for():
    policy = make_policy(RANDOM, partial(make_env, COUNTING))
    assert isinstance(policy, RandomPolicy) and policy.seed == 3
    assert policy.action_space == Counting().action_space


def test_a_cell_sets_level_and_task_and_nothing_else():
    cell = Cell("novel_object_generalization", "rearrange")
    made = cell_env(TABLETOP, cell)
    assert made == {**TABLETOP, "level": cell.level, "task": cell.task}
    assert TABLETOP["task"] == "rotate"
    maker = pickle.loads(pickle.dumps(partial(make_cell_env, TABLETOP, "none")))
    env = maker(cell)
    assert (env.unwrapped.task, env.unwrapped.level) == (cell.task, cell.level)
    env.close()


def test_an_environment_without_levels_has_no_cells():
    with pytest.raises(BadSetting, match="lacks level, task"):
        cell_env(COUNTING, Cell("easy", "push"))


def test_how_a_plan_is_executed_is_the_settings_or_else_the_checkpoints():
    assert execution({"replan": "plan", "checkpoint": "nano"}) == "one-shot"
    assert execution({"replan": "step"}) == "closed loop"
    assert execution(RANDOM) == "closed loop"
    own = read_policy_settings(find_checkpoint("nano"))["replan"]
    said = execution({"replan": None, "checkpoint": "nano"})
    assert said == {"plan": "one-shot", "step": "closed loop"}[own]


def test_weights_have_a_fingerprint_and_policies_without_them_none():
    assert fingerprint(RANDOM) is None
    told = fingerprint({"checkpoint": "nano"})
    assert told is not None and told["name"] == "nano" and len(told["sha256"]) == 64
    with pytest.raises(UnknownName, match="nanno"):
        fingerprint({"checkpoint": "nanno"})
