"""The two ends of every scale: chance, and what the environment's own oracle would do."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.errors import BadInput
from uio2_agent.interface import EPISODE_SEED, ORACLE_ACTION, blank, stack

_STREAM = 0x72616E64  # keeps our draws apart from an environment seeded with the same number


class RandomPolicy:
    """Uniform draws from the action space; the same episode always draws the same ones.

    Args:
        action_space: Of a single environment.
        seed: Another seed, other draws in every episode.
    """

    def __init__(self, action_space: gym.Space, seed: int = 0) -> None:
        # A space draws from its own generator: one copy per row, made at the row's first action.
        self.action_space, self.seed = action_space, seed
        self._spaces: dict[int, gym.Space] = {}

    def reset(self, mask: np.ndarray) -> None:
        for row in np.flatnonzero(mask):
            self._spaces.pop(int(row), None)

    def act(self, observations: Any, infos: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Raises `BadInput` when `infos` lacks `episode_seed`, int64 (N,)."""
        if EPISODE_SEED not in infos:
            raise BadInput(f"infos[{EPISODE_SEED!r}]", "missing", "the seed of every row's episode")
        seeds = infos[EPISODE_SEED]
        actions = [self._space(row, int(seed)).sample() for row, seed in enumerate(seeds)]
        return stack(self.action_space, actions), {}

    def _space(self, row: int, episode_seed: int) -> gym.Space:
        if row not in self._spaces:
            entropy = (_STREAM, self.seed, episode_seed + 1)  # rows without an episode have -1
            drawn = np.random.SeedSequence(entropy).generate_state(1)[0]
            space = deepcopy(self.action_space)
            space.seed(int(drawn))
            self._spaces[row] = space
        return self._spaces[row]


class OraclePolicy:
    """Repeats `info["oracle_action"]` of an environment made with `oracle=True`.

    Args:
        action_space: Of a single environment.
    """

    def __init__(self, action_space: gym.Space) -> None:
        self.action_space = action_space

    def reset(self, mask: np.ndarray) -> None:
        """Nothing is remembered."""

    def act(self, observations: Any, infos: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Raises `BadInput` when the environments were made without `oracle=True`.

        Rows without an oracle action (those without an episode) get zeros.
        """
        if ORACLE_ACTION not in infos:
            remedy = "environments made with oracle=True"
            raise BadInput(f"infos[{ORACLE_ACTION!r}]", "missing", remedy)
        told, present = infos[ORACLE_ACTION], infos[f"_{ORACLE_ACTION}"]
        actions = [
            _row(self.action_space, told, row) if there else blank(self.action_space)
            for row, there in enumerate(present)
        ]
        return stack(self.action_space, actions), {}


def _row(space: gym.Space, stacked: Any, row: int) -> Any:
    """One row of a stacked action: a dict of arrays over rows, or an object array of actions."""
    if isinstance(stacked, np.ndarray) and stacked.dtype == object:
        return stacked[row]
    if isinstance(space, gym.spaces.Dict):
        return {key: _row(inner, stacked[key], row) for key, inner in space.spaces.items()}
    return stacked[row]
