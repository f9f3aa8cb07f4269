"""Spaces as plain data, so that they can travel to another interpreter without pickle."""

from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.envs.text import LiveText
from uio2_agent.errors import BadMessage, UnknownName

KINDS = (
    gym.spaces.Box,
    gym.spaces.Discrete,
    gym.spaces.MultiBinary,
    gym.spaces.MultiDiscrete,
    gym.spaces.Text,
    LiveText,
    gym.spaces.Dict,
    gym.spaces.Tuple,
)


def describe(space: gym.Space) -> dict[str, Any]:
    """What `build` makes the same space of.

    Raises:
        UnknownName: A kind of space that does not travel.
    """
    kind = type(space)
    if kind not in KINDS:
        raise UnknownName("kind of space", kind.__name__, (k.__name__ for k in KINDS))
    told: dict[str, Any] = {"kind": kind.__name__}
    if isinstance(space, gym.spaces.Box):
        return {**told, "low": space.low, "high": space.high}
    if isinstance(space, gym.spaces.Discrete):
        return {**told, "n": int(space.n), "start": int(space.start), "dtype": _name(space)}
    if isinstance(space, gym.spaces.MultiBinary):
        return {**told, "n": list(space.n) if isinstance(space.n, tuple) else int(space.n)}
    if isinstance(space, gym.spaces.MultiDiscrete):
        return {**told, "nvec": space.nvec, "start": space.start, "dtype": _name(space)}
    if isinstance(space, gym.spaces.Text):
        # A string keeps the order that samples are drawn in; a set would not.
        letters = "".join(space.character_list)
        lengths = {"min_length": space.min_length, "max_length": space.max_length}
        return {**told, **lengths, "charset": letters}
    if isinstance(space, gym.spaces.Dict):
        return {**told, "spaces": [(key, describe(s)) for key, s in space.spaces.items()]}
    assert isinstance(space, gym.spaces.Tuple)
    return {**told, "spaces": [describe(s) for s in space.spaces]}


def build(told: dict[str, Any]) -> gym.Space:
    """The space that was described.

    Raises:
        BadMessage: Not the description of a space.
    """
    try:
        return _build(**told)
    except (TypeError, ValueError, KeyError, AssertionError) as problem:
        raise BadMessage("space", repr(told)[:200], "what `describe` tells") from problem


def _build(kind: str, **told: Any) -> gym.Space:
    if kind == "Box":
        return gym.spaces.Box(told["low"], told["high"], dtype=told["low"].dtype.type)
    if kind == "Discrete":
        n, start, dtype = told["n"], told["start"], told["dtype"]
        if dtype == "int64":
            return gym.spaces.Discrete(n, start=start)  # older gymnasiums know no other
        return gym.spaces.Discrete(n, start=start, dtype=dtype)
    if kind == "MultiBinary":
        return gym.spaces.MultiBinary(told["n"])
    if kind == "MultiDiscrete":
        return gym.spaces.MultiDiscrete(
            told["nvec"], np.dtype(told["dtype"]).type, start=told["start"]
        )
    if kind in ("Text", "LiveText"):
        text = LiveText if kind == "LiveText" else gym.spaces.Text
        return text(told["max_length"], min_length=told["min_length"], charset=told["charset"])
    if kind == "Dict":
        return gym.spaces.Dict([(key, build(s)) for key, s in told["spaces"]])
    if kind == "Tuple":
        return gym.spaces.Tuple([build(s) for s in told["spaces"]])
    raise KeyError(kind)


def _name(space: gym.Space) -> str:
    return str(np.dtype(space.dtype))
