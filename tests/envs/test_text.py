"""Texts in vector environments are those of the last step."""

import gymnasium as gym
import pytest

from uio2_agent.envs.text import LiveText


class Talking(gym.Env):
    """Says how many steps it has made."""

    def __init__(self):
        self.observation_space = gym.spaces.Dict(said=LiveText(12, min_length=0))
        self.action_space = gym.spaces.Discrete(1)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = seed or 0
        return {"said": f"at{self.steps}"}, {}

    def step(self, action):
        self.steps += 1
        return {"said": f"at{self.steps}"}, 0.0, False, False, {}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (gym.vector.SyncVectorEnv, {}),
        (gym.vector.AsyncVectorEnv, {"shared_memory": True}),
        (gym.vector.AsyncVectorEnv, {"shared_memory": False}),
    ],
)
def test_a_vector_env_returns_a_tuple_of_current_texts(kind, options):
    envs = kind([Talking, Talking], **options)
    first, _ = envs.reset(seed=[3, 5])
    assert first["said"] == ("at3", "at5")
    then, *_ = envs.step([0, 0])
    assert then["said"] == ("at4", "at6")
    assert isinstance(then["said"], tuple)
    assert first["said"] == ("at3", "at5")
    envs.close()


def test_texts_follow_the_workers_where_observations_are_not_copied():
    envs = gym.vector.AsyncVectorEnv([Talking, Talking], copy=False)
    seen, _ = envs.reset(seed=[3, 5])
    envs.step([0, 0])
    assert list(seen["said"]) == ["at4", "at6"]
    assert (len(seen["said"]), seen["said"][1], repr(seen["said"])) == (2, "at6", "('at4', 'at6')")
    envs.close()
