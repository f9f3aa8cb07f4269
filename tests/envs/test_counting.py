"""The environment that counts: its rules, its seeds, and how it breaks when told to."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from uio2_agent.envs.counting import GO_ON, STOP, Counting
from uio2_agent.errors import BadAction, BadSetting, UnknownName


@pytest.mark.filterwarnings("ignore:.*Not able to test alternative render modes")
@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
@pytest.mark.parametrize("audible", [False, True])
def test_keeps_the_gymnasium_contract(render_mode, audible):
    check_env(Counting(oracle=True, render_mode=render_mode, audible=audible))


def test_observations_count_the_steps():
    env = Counting(target=5)
    seen = [env.reset(seed=0)[0], *(env.step(GO_ON)[0] for _ in range(3))]
    assert [int(observation["count"]) for observation in seen] == [0, 1, 2, 3]
    assert {observation["prompt_text"] for observation in seen} == {"stop at 5"}


def test_the_count_can_be_heard_on_the_left():
    env = Counting(limit=4, audible=True)
    heard = [env.reset(seed=0)[0]["audio"], *(env.step(GO_ON)[0]["audio"] for _ in range(3))]
    assert [float(ears[0].mean()) for ears in heard] == [0.0, 0.25, 0.5, 0.75]
    assert not any(ears[1].any() for ears in heard)
    assert "audio" not in Counting().reset(seed=0)[0]


@pytest.mark.parametrize(("stop_after", "success"), [(2, False), (3, True), (4, False)])
def test_only_stopping_at_the_target_succeeds(stop_after, success):
    env = Counting(target=3)
    env.reset(seed=0)
    for _ in range(stop_after):
        assert env.step(GO_ON)[2:4] == (False, False)
    _, reward, terminated, truncated, info = env.step(STOP)
    assert (reward, terminated, truncated) == (float(success), True, False)
    assert (info["success"], info["failure"]) == (success, not success)


def test_never_stopping_is_cut_off_without_success_or_failure():
    env = Counting(limit=3)
    env.reset(seed=0)
    ends = [env.step(GO_ON) for _ in range(3)]
    assert [truncated for *_, truncated, _ in ends] == [False, False, True]
    assert not ends[-1][4]["success"] and not ends[-1][4]["failure"]


def test_the_oracle_always_succeeds():
    env = Counting(oracle=True)
    for seed in range(20):
        _, info = env.reset(seed=seed)
        done = False
        while not done:
            _, _, done, _, info = env.step(info["oracle_action"])
        assert info["success"]


def test_the_seed_decides_the_target():
    env = Counting(limit=30)
    targets = [int(env.reset(seed=seed)[0]["target"]) for seed in range(20)]
    assert targets == [int(env.reset(seed=seed)[0]["target"]) for seed in range(20)]
    assert len(set(targets)) > 5


def test_breaks_at_the_count_and_in_the_episodes_it_was_told():
    env = Counting(target=5, raise_at=1, raise_seeds=[7])
    env.reset(seed=6)
    env.step(GO_ON)
    env.reset(seed=7)
    with pytest.raises(RuntimeError, match="count 1"):
        env.step(GO_ON)
    with pytest.raises(RuntimeError, match="count 0"):
        Counting(raise_at=0).reset(seed=1)


def test_the_picture_changes_with_the_count():
    env = Counting(target=5, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(GO_ON)
    after = env.render()
    assert before is not None and after is not None
    assert before.shape == after.shape and before.dtype == np.uint8
    assert not np.array_equal(before, after)


@pytest.mark.parametrize("action", [2, -1, 0.5, None])
def test_an_action_outside_the_space_is_refused(action):
    env = Counting()
    env.reset(seed=0)
    with pytest.raises(BadAction):
        env.step(action)


@pytest.mark.parametrize("settings", [{"limit": 1}, {"target": 8}, {"render_mode": "human"}])
def test_settings_that_cannot_work_are_refused(settings):
    with pytest.raises(BadSetting, match=next(iter(settings))):
        Counting(**settings)


def test_an_unknown_fault_is_refused():
    with pytest.raises(UnknownName, match="Did you mean 'exit'"):
        Counting(fault="exi")


def test_it_can_take_its_process_along():
    code = (
        "from uio2_agent.envs.counting import Counting; Counting(raise_at=0, fault='exit').reset()"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 3


def test_vectorises():
    envs = gym.vector.SyncVectorEnv([Counting, Counting])
    observations, _ = envs.reset(seed=3)
    assert observations["count"].tolist() == [0, 0]
    assert all(text.startswith("stop at ") for text in observations["prompt_text"])
