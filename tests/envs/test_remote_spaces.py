"""A space that has travelled is the space it was."""

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.bridge import wire
from uio2_agent.envs.remote_spaces import build, describe
from uio2_agent.envs.tabletop.env import Tabletop
from uio2_agent.envs.text import LiveText
from uio2_agent.errors import BadMessage, UnknownName

SPACES: list[gym.Space] = [
    gym.spaces.Box(-1, 1, (2, 3), np.float32),
    gym.spaces.Box(np.array([0.0, -np.inf]), np.array([np.inf, 2.5]), dtype=np.float64),
    gym.spaces.Box(0, 255, (), np.uint8),
    gym.spaces.Discrete(5, start=-2),
    gym.spaces.MultiBinary(4),
    gym.spaces.MultiBinary([2, 3]),
    gym.spaces.MultiDiscrete([3, 4], start=[1, -1]),
    gym.spaces.MultiDiscrete(np.array([[3], [4]]), dtype="int32"),
    gym.spaces.Text(8, charset="zyx"),
    LiveText(9, min_length=0),
    gym.spaces.Dict({"b": gym.spaces.Discrete(2), "a": gym.spaces.Tuple([])}),
    gym.spaces.Dict([("b", gym.spaces.Discrete(2)), ("a", gym.spaces.Text(3))]),
    Tabletop().observation_space,
    Tabletop().action_space,
]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space)[:40])
def test_a_space_travels_whole(space):
    told = wire.unpack(wire.pack({"space": describe(space)}, wire.Limits(nesting=32)))["space"]
    back = build(told)
    assert type(back) is type(space)
    assert back == space
    assert (back.dtype, back.shape) == (space.dtype, space.shape)
    if isinstance(space, gym.spaces.Dict):
        assert isinstance(back, gym.spaces.Dict)
        assert list(back.spaces) == list(space.spaces)
    space.seed(7)
    back.seed(7)
    np.testing.assert_equal(back.sample(), space.sample())


def test_a_kind_that_does_not_travel_is_refused_by_name():
    with pytest.raises(UnknownName, match="Sequence"):
        describe(gym.spaces.Dict(a=gym.spaces.Sequence(gym.spaces.Discrete(2))))


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"kind": "Graph"},
        {"kind": "Box", "low": 1},
        {"kind": "Discrete", "n": 0, "start": 0, "dtype": "int64"},
        {"kind": "Dict", "spaces": [3]},
    ],
    ids=repr,
)
def test_what_describes_no_space_is_refused(told):
    with pytest.raises(BadMessage):
        build(told)
