"""What both kinds of lessons share."""

import numpy as np

from uio2_agent.policies.objectives.lessons import any_of
from uio2_agent.trajectories.episode import Episode


def episode(number: int, **info) -> Episode:
    picture = np.zeros((1, 3, 16, 16), np.uint8)
    return Episode(
        frames=picture,
        actions={},
        prompt_text="",
        prompt_pictures=picture[:0],
        info={"n": number, **info},
    )


def test_only_episodes_that_did_not_fail_are_drawn_and_all_of_them_are():
    store = [episode(0, success=True), episode(1, success=False), episode(2)]
    rng = np.random.default_rng(0)
    assert {any_of(store, rng).info["n"] for _ in range(50)} == {0, 2}
