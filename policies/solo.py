"""A policy as something a recording can be played by, one episode after the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from uio2_agent.interface import EPISODE_SEED, Policy


class SoloPlayer:
    """`(observation, info) -> action` of one environment, from a policy of many.

    Args:
        policy: Its rows are used by nobody else.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy, self._seed = policy, 0

    def begin(self, seed: int) -> None:
        """Forget the last episode; what is drawn in the next depends on its seed."""
        self._seed = seed
        self.policy.reset(np.ones(1, bool))

    def __call__(self, observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
        """The action of one row."""
        seeds = {EPISODE_SEED: np.array([self._seed], np.int64)}
        actions, _ = self.policy.act(_stacked(observation), seeds)
        return _first(actions)


def _stacked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _stacked(v) for name, v in value.items()}
    return (value,) if isinstance(value, str) else np.asarray(value)[None]


def _first(value: Any) -> Any:
    return {k: _first(v) for k, v in value.items()} if isinstance(value, dict) else value[0]
