"""`check_policy` lets good policies pass and finds each way of breaking the contract."""

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.errors import BadAction, BadPolicy, BadShape
from uio2_agent.interface import EPISODE_SEED, blank, check_policy, same, stack

SPACE = gym.spaces.Dict(
    see=gym.spaces.Box(-1, 1, (2,), np.float32), words=gym.spaces.Text(8, min_length=0)
)
ACTIONS = gym.spaces.Box(-10, 10, (1,), np.float32)


class Remembering:
    """Good: answers the sum of what a row has seen since its reset."""

    def __init__(self) -> None:
        self.seen: dict[int, float] = {}

    def reset(self, mask):
        for row in np.flatnonzero(mask):
            self.seen[int(row)] = 0.0

    def act(self, observations, infos):
        for row, value in enumerate(observations["see"][:, 0]):
            self.seen[row] += float(value)
        return self.answer(observations, infos), {}

    def answer(self, observations, infos):
        return np.array([[self.seen[row]] for row in range(len(self.seen))], dtype=np.float32)


class NeverForgetting(Remembering):
    def reset(self, mask):
        for row in np.flatnonzero(mask):
            self.seen.setdefault(int(row), 0.0)


class ForgettingEverything(Remembering):
    """Clears rows the mask leaves out."""

    def reset(self, mask):
        super().reset(np.ones_like(mask))


class ForgettingOnlyTogether(Remembering):
    """Clears nothing unless all rows are reset at once."""

    def reset(self, mask):
        if mask.all():
            super().reset(mask)


class LookingAtOthers(Remembering):
    def answer(self, observations, infos):
        return super().answer(observations, infos) + observations["see"][:, :1].mean()


class LookingAtItsPlace(Remembering):
    def answer(self, observations, infos):
        mine = super().answer(observations, infos)
        return mine + np.arange(len(mine), dtype=np.float32)[:, None]


class Restless(Remembering):
    """Its draws go on through resets."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(0)

    def answer(self, observations, infos):
        return self.random.uniform(size=(len(self.seen), 1)).astype(np.float32)


class Scribbling(Remembering):
    def answer(self, observations, infos):
        mine = super().answer(observations, infos)
        observations["see"] *= 0.5
        return mine


class ScribblingOnInfos(Remembering):
    def answer(self, observations, infos):
        infos["mine"] = np.zeros(1)
        return super().answer(observations, infos)


class OutOfBounds(Remembering):
    def answer(self, observations, infos):
        return super().answer(observations, infos) + 50


class NotFinite(Remembering):
    def answer(self, observations, infos):
        return super().answer(observations, infos) * np.float32("nan")


class Unbatched(Remembering):
    def answer(self, observations, infos):
        return super().answer(observations, infos)[:1]


class Nameless(Remembering):
    def answer(self, observations, infos):
        return None


class Talkative(Remembering):
    def act(self, observations, infos):
        return super().act(observations, infos)[0], "said"


class Seeded(Remembering):
    """Good: draws, but from the episode's seed."""

    def answer(self, observations, infos):
        draws = [np.random.default_rng(int(s)).uniform() for s in infos[EPISODE_SEED]]
        return np.array(draws, dtype=np.float32)[:, None]


@pytest.mark.parametrize("policy", [Remembering(), Seeded()])
@pytest.mark.parametrize("num_envs", [2, 3, 5])
def test_good_policies_pass(policy, num_envs):
    check_policy(policy, SPACE, ACTIONS, num_envs)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (NeverForgetting(), r"after reset\(mask\) of all rows"),
        (ForgettingOnlyTogether(), r"after reset\(mask\) of this row alone"),
        (ForgettingEverything(), "left it out"),
        (LookingAtOthers(), "other rows see something else"),
        (LookingAtItsPlace(), "another row"),
        (Restless(), r"after reset\(mask\) of all rows"),
        (Scribbling(), "changed by act"),
        (ScribblingOnInfos(), "changed by act"),
        (Talkative(), "a dict"),
        (object(), r"reset\(mask\) and act\(\)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_breach_is_found_and_named(policy, message):
    with pytest.raises(BadPolicy, match=message):
        check_policy(policy, SPACE, ACTIONS, 3)


@pytest.mark.parametrize("policy", [OutOfBounds(), NotFinite()])
def test_actions_outside_the_space_are_found(policy):
    with pytest.raises(BadAction, match="action of row 0"):
        check_policy(policy, SPACE, ACTIONS, 3)


@pytest.mark.parametrize("policy", [Unbatched(), Nameless()])
def test_actions_not_stacked_over_rows_are_found(policy):
    with pytest.raises(BadShape, match="actions"):
        check_policy(policy, SPACE, ACTIONS, 3)


def test_observations_of_the_callers_own_are_played():
    def observation(value):
        return {"see": np.full(2, value, dtype=np.float32), "words": "abc"}

    shown = []

    class Watching(Remembering):
        def act(self, observations, infos):
            shown.append(observations["see"][:, 0].tolist())
            return super().act(observations, infos)

    episodes = [[observation(0.0), observation(0.25)], [observation(0.5), observation(0.75)]]
    check_policy(Watching(), SPACE, ACTIONS, 2, observations=episodes, steps=2)
    assert shown[:2] == [[0.0, 0.5], [0.25, 0.75]]


def test_one_row_is_not_enough_to_judge():
    with pytest.raises(BadShape, match="2 rows"):
        check_policy(Remembering(), SPACE, ACTIONS, 1)


def test_stack_and_blank_speak_the_vector_envs_language():
    rows = [{"see": np.ones(2, np.float32), "words": "a"}, blank(SPACE)]
    stacked = stack(SPACE, rows)
    np.testing.assert_array_equal(stacked["see"], [[1, 1], [0, 0]])
    assert stacked["words"] == ("a", "")


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.float32(1), np.float64(1), False),
        (("a", "b"), ("a", "c"), False),
        ({"x": (np.zeros(2),)}, {"x": (np.zeros(2),)}, True),
        ({"x": 1}, {"y": 1}, False),
        (np.array([None, "a"], dtype=object), np.array([None, "a"], dtype=object), True),
        (np.array([None, "a"], dtype=object), np.array([None, "b"], dtype=object), False),
        (np.zeros(2), np.zeros(3), False),
    ],
)
def test_same_is_bit_for_bit(a, b, equal):
    assert same(a, b) is equal
