"""A policy of many rows that plays alone."""

import numpy as np

from uio2_agent.policies.solo import SoloPlayer


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
    player = SoloPlayer(Counting())
    seen = {"inner": {"number": 2}, "text": "hello"}
    for _ in range(2):
        player.begin(100)
        assert [int(player(seen, {})["out"]) for _ in range(3)] == [102, 104, 106]
