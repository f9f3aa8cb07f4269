"""Detours of a walker who knows the way."""

import numpy as np
import pytest

from uio2_agent.errors import BadInput, BadSetting
from uio2_agent.trajectories.wandering import Wanderer

ADVICE = {"oracle_action": 1}


def played(share: float, seed: int, steps: int = 2000) -> list[int]:
    act = Wanderer(share, seed)
    return [int(act({}, ADVICE)) for _ in range(steps)]


def test_without_a_share_the_oracle_is_followed():
    assert played(0.0, 1) == [1] * 2000


def test_a_seed_gives_its_detours_again_and_no_other_seeds():
    assert played(0.1, 1) == played(0.1, 1) != played(0.1, 2)


def test_detours_last_a_while_and_never_say_stop():
    actions = played(0.05, 3)
    turns = np.array(actions) != 1
    assert 0.05 < turns.mean() < 0.3
    runs = "".join("x" if t else "." for t in turns).replace(".", " ").split()
    assert max(map(len, runs)) >= 4
    assert set(actions) == {1, 2, 3}


def test_a_share_that_leaves_no_way_to_the_goal_is_refused():
    for share in (-0.1, 1.0):
        with pytest.raises(BadSetting, match="wander"):
            Wanderer(share, 0)


def test_an_environment_without_an_oracle_is_named():
    with pytest.raises(BadInput, match="oracle=True"):
        Wanderer(0.1, 0)({}, {})
