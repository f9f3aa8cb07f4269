"""Chance and oracle as policies."""

from functools import partial

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.envs.counting import Counting
from uio2_agent.errors import BadInput
from uio2_agent.interface import EPISODE_SEED, Policy, check_policy
from uio2_agent.policies.baseline import OraclePolicy, RandomPolicy

POSE = gym.spaces.Dict(
    {
        "position": gym.spaces.Box(
            np.array([0.25, -0.5], np.float32), np.array([0.75, 0.5], np.float32)
        ),
        "rotation": gym.spaces.Box(-1, 1, (4,), np.float32),
    }
)
OBSERVATIONS = gym.spaces.Dict(see=gym.spaces.Box(0, 1, (2,), np.float32))


@pytest.mark.parametrize("space", [POSE, gym.spaces.Discrete(5)])
def test_random_keeps_the_policy_contract(space):
    check_policy(RandomPolicy(space), OBSERVATIONS, space, num_envs=3)


def draw(policy: RandomPolicy, seeds: list[int], steps: int = 4) -> np.ndarray:
    """(steps, N) draws."""
    policy.reset(np.ones(len(seeds), dtype=bool))
    infos = {EPISODE_SEED: np.array(seeds)}
    return np.stack([policy.act({}, infos)[0] for _ in range(steps)])


def test_random_draws_depend_on_the_episode_and_not_on_the_row():
    space = gym.spaces.Discrete(1000)
    alone, together = RandomPolicy(space), RandomPolicy(space)
    np.testing.assert_array_equal(draw(alone, [7])[:, 0], draw(together, [3, 7, 5])[:, 1])
    assert (draw(alone, [7]) != draw(alone, [8])).any()
    assert (draw(alone, [7]) != draw(RandomPolicy(space, seed=1), [7])).any()


def test_random_draws_change_from_step_to_step_and_cover_the_space():
    drawn = draw(RandomPolicy(gym.spaces.Discrete(4)), [900_000, 900_001], steps=60)
    assert {*drawn[:, 0].tolist()} == {0, 1, 2, 3}


def test_random_leaves_the_space_it_was_given_alone():
    space = gym.spaces.Discrete(1000)
    space.seed(0)
    expected = space.sample()
    space.seed(0)
    draw(RandomPolicy(space), [1, 2])
    assert space.sample() == expected


def test_random_says_what_it_lacks():
    policy = RandomPolicy(gym.spaces.Discrete(2))
    with pytest.raises(BadInput, match="episode_seed"):
        policy.act({}, {})


def poses(count: int) -> list[dict[str, np.ndarray]]:
    POSE.seed(3)
    return [POSE.sample() for _ in range(count)]


def test_oracle_repeats_a_stacked_dict():
    first, second = poses(2)
    told = {key: np.stack([first[key], second[key]]) for key in first}
    told |= {f"_{key}": np.ones(2, dtype=bool) for key in first}
    infos = {"oracle_action": told, "_oracle_action": np.ones(2, dtype=bool)}
    actions, _ = OraclePolicy(POSE).act({}, infos)
    for key in first:
        np.testing.assert_array_equal(actions[key], told[key])


def test_oracle_repeats_an_object_array_and_fills_rows_that_have_none():
    told = np.full(3, None, dtype=object)
    told[0], told[2] = poses(2)
    infos = {"oracle_action": told, "_oracle_action": np.array([True, False, True])}
    actions, _ = OraclePolicy(POSE).act({}, infos)
    np.testing.assert_array_equal(actions["position"][2], told[2]["position"])
    np.testing.assert_array_equal(actions["rotation"][1], np.zeros(4))
    assert actions["rotation"].dtype == np.float32


def test_oracle_repeats_what_a_vector_env_says():
    envs = gym.vector.SyncVectorEnv([partial(Counting, target=t, oracle=True) for t in (1, 2)])
    policy = OraclePolicy(envs.single_action_space)
    observations, infos = envs.reset(seed=0)
    for expected in ([0, 0], [1, 0]):
        actions, _ = policy.act(observations, infos)
        assert actions.tolist() == expected
        observations, *_, infos = envs.step(actions)


def test_oracle_says_what_the_environment_lacks():
    with pytest.raises(BadInput, match="oracle=True"):
        OraclePolicy(POSE).act({}, {})


def test_both_are_policies():
    assert isinstance(RandomPolicy(POSE), Policy) and isinstance(OraclePolicy(POSE), Policy)
