"""A walker that sometimes goes astray, so that there is something to learn about coming back.

Whoever clones a perfect walker never sees where his own mistakes lead. Here the oracle is now and
then overruled for a few steps; a recording keeps what it would have done, and that is imitated
(DART, Laskey et al. 2017, with whole detours for noise, as an agent's mistakes last too).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from uio2_agent.errors import BadSetting
from uio2_agent.interface import FORWARD, LEFT, RIGHT
from uio2_agent.trajectories.recording import oracle_act

_LONGEST = {FORWARD: 8, LEFT: 9, RIGHT: 9}  # steps: 2 m, a quarter turn


class Wanderer:
    """Does what the oracle says, except on detours; `(observation, info) -> action`.

    Args:
        share: Chance that a detour begins at a step, in [0, 1).
        seed: Of the detours.

    Raises:
        BadSetting: Another share.
    """

    def __init__(self, share: float, seed: int) -> None:
        if not 0 <= share < 1:
            raise BadSetting("wander", share, "a chance in [0, 1)")
        self.share, self._rng = share, np.random.default_rng((seed, 7))
        self._left, self._move = 0, FORWARD

    def __call__(self, observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
        """Raises `BadInput` where the environment has no oracle."""
        advice = oracle_act(observation, info)
        if not self._left and self._rng.random() < self.share:
            self._move = int(self._rng.choice(list(_LONGEST)))
            self._left = int(self._rng.integers(1, _LONGEST[self._move] + 1))
        if self._left:
            self._left -= 1
            return np.int64(self._move)
        return advice
