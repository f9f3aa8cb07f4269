"""A policy as something a recording can be played by, one episode after the other."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import batch_space, iterate

from uio2_agent.interface import EPISODE_SEED, Policy, stack


class SoloPlayer:
    """`(observation, info) -> action` of one environment, from a policy of many.

    Args:
        policy: Its rows are used by nobody else.
        env: Whose observations it is shown.
    """

    def __init__(self, policy: Policy, env: gym.Env[Any, Any]) -> None:
        self.policy, self._shown = policy, env.observation_space
        self._actions = batch_space(env.action_space, 1)
        self._seed = 0

    def begin(self, seed: int) -> None:
        """Forget the last episode; what is drawn in the next depends on its seed."""
        self._seed = seed
        self.policy.reset(np.ones(1, bool))

    def __call__(self, observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
        """The action of one row."""
        seeds = {EPISODE_SEED: np.array([self._seed], np.int64)}
        actions, _ = self.policy.act(stack(self._shown, [observation]), seeds)
        return next(iter(iterate(self._actions, actions)))
