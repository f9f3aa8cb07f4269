"""A policy of many rows that plays alone."""

from argparse import Namespace

import gymnasium as gym
import numpy as np

import uio2_agent.envs  # noqa: F401  registers the environments
from uio2_agent.policies.solo import SoloPlayer
from uio2_agent.policies.unified import load_policy

# Evaluation episodes of short walks, all of which it won when its card was written.
SHORT = (900_003, 900_008, 900_022)


class Counting:
    """Adds up what it is shown since its last reset, and the seed of the row."""

    def __init__(self):
        self.sum = np.zeros(1, np.int64)

    def reset(self, mask):
        self.sum[mask] = 0

    def act(self, observations, infos):
        assert observations["text"] == ("hello",)
        self.sum += observations["inner"]["number"]
        return {"out": self.sum + infos["episode_seed"]}, {}


def test_an_episode_is_played_from_its_seed_and_nothing_that_was_before():
    spaces = {
        "inner": gym.spaces.Dict(number=gym.spaces.Discrete(9)),
        "text": gym.spaces.Text(9),
    }
    env = Namespace(
        observation_space=gym.spaces.Dict(spaces),
        action_space=gym.spaces.Dict(out=gym.spaces.Discrete(1000)),
    )
    player = SoloPlayer(Counting(), env)  # type: ignore[arg-type]
    seen = {"inner": {"number": 2}, "text": "hello"}
    for _ in range(2):
        player.begin(100)
        assert [int(player(seen, {})["out"]) for _ in range(3)] == [102, 104, 106]


def test_the_shipped_walker_reaches_goals_in_flats_it_never_saw():
    env = gym.make("uio2/PointNav-v0", apartment="small", size=96, max_steps=120)
    walker, successes = SoloPlayer(load_policy("nano_nav"), env), 0
    for seed in SHORT:
        walker.begin(seed)
        seen, info = env.reset(seed=seed)
        over = False
        while not over:
            seen, _, terminated, truncated, info = env.step(walker(seen, info))
            over = terminated or truncated
        successes += info["success"]
    assert successes >= 2
