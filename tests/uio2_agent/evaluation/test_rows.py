"""Rows are reset one by one; deaths are noticed; infos stack as Gymnasium stacks them."""

import os
from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, VectorEnv

from uio2_agent.envs.counting import GO_ON, STOP, Counting
from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.evaluation.rows import Rows, WorkerDied, stack_infos
from uio2_agent.interface import same

BOTH = pytest.mark.parametrize("vectorization", ["sync", "async"])


def alive(envs: VectorEnv) -> list[str]:
    assert isinstance(envs, AsyncVectorEnv)
    return [process.name for process in envs.processes if process.is_alive()]


def mask(*rows: bool) -> np.ndarray:
    return np.array(rows)


@BOTH
def test_only_masked_rows_begin_anew_and_with_their_own_seeds(vectorization):
    rows = Rows(partial(Counting, limit=30), 3, vectorization)
    try:
        first, _ = rows.reset([1, 2, 3], mask(True, True, True))
        rows.step(np.array([GO_ON] * 3))
        observations, infos = rows.reset([None, 7, None], mask(False, True, False))
        assert observations["count"].tolist() == [1, 0, 1]
        assert observations["target"][[0, 2]].tolist() == first["target"][[0, 2]].tolist()
        assert observations["target"][1] == Counting(limit=30).reset(seed=7)[0]["target"]
        assert [bool(info) for info in infos] == [False, True, False]
    finally:
        rows.close()


@BOTH
def test_a_finished_row_never_resets_itself(vectorization):
    rows = Rows(partial(Counting, target=1), 2, vectorization)
    try:
        rows.reset([0, 0], mask(True, True))
        observations, _, done, infos = rows.step(np.array([STOP, GO_ON]))
        assert done.tolist() == [True, False]
        assert observations["count"].tolist() == [0, 1]
        assert infos[0]["failure"] and not infos[1]["failure"]
        rows.reset([None, None], mask(True, False))
        observations, _, done, _ = rows.step(np.array([STOP, STOP]))
        assert done.tolist() == [False, True]
    finally:
        rows.close()


class Dying(Counting):
    def step(self, action):
        if self._seed == 13:
            os._exit(3)
        return super().step(action)


def test_a_dead_worker_is_named_and_can_be_replaced():
    rows = Rows(Dying, 3, "async")
    try:
        rows.reset([12, 13, 14], mask(True, True, True))
        with pytest.raises(WorkerDied) as death:
            rows.step(np.array([GO_ON] * 3))
        assert death.value.rows == {1: "worker died (exit code 3)"}
        rows.restart()
        rows.reset([12, 15, 14], mask(True, True, True))
        assert rows.step(np.array([GO_ON] * 3))[0]["count"].tolist() == [1, 1, 1]
    finally:
        rows.close()
    assert not alive(rows.envs)


def test_close_does_not_wait_for_an_answer_that_will_not_come():
    rows = Rows(Dying, 2, "async")
    rows.reset([13, 1], mask(True, True))
    with pytest.raises(WorkerDied):
        rows.step(np.array([GO_ON] * 2))
    rows.close()
    rows.close()
    assert not alive(rows.envs)


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(BadSetting, match="num_envs"):
        Rows(Counting, 0)
    with pytest.raises(UnknownName, match="sync"):
        Rows(Counting, 1, "threads")


def test_infos_stack_as_gymnasium_stacks_them():
    infos: list[dict] = [
        {"success": True, "n": 3, "x": 0.5, "name": "a", "picture": np.ones((2, 2), np.uint8)},
        {},
        {"success": False, "n": 4, "action": {"pose": np.arange(2.0)}, "picture": np.zeros((2, 2))},
    ]
    infos[2]["picture"] = infos[2]["picture"].astype(np.uint8)
    envs = gym.vector.SyncVectorEnv([Counting] * 3)
    expected: dict = {}
    for row, info in enumerate(infos):
        expected = envs._add_info(expected, info, row)
    assert same(stack_infos(infos), expected)


def test_what_does_not_stack_becomes_an_object_array():
    stacked = stack_infos([{"a": np.zeros(2)}, {"a": np.zeros(3)}, {"a": [1, {}]}, {}])
    assert stacked["a"].dtype == object
    assert [np.shape(x) for x in stacked["a"][:2]] == [(2,), (3,)]
    assert stacked["a"][2] == [1, {}] and stacked["a"][3] is None
    assert stacked["_a"].tolist() == [True, True, True, False]
