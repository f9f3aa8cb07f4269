"""An environment that counts its steps, so that every observation tells when it was made.

Say "stop" exactly at the target. It is the test device for history, chunking and rollouts: tiny,
seeded, with an oracle, and able to break on purpose.
"""

import os
import time
from collections.abc import Collection
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.errors import BadAction, BadSetting, UnknownName
from uio2_agent.interface import (
    AUDIO,
    FAILURE,
    METRICS,
    ORACLE_ACTION,
    PROMPT,
    PROMPT_TEXT,
    SUCCESS,
    TASK,
)

GO_ON, STOP = 0, 1
FAULTS = ("raise", "exit", "hang")
_EXIT_CODE = 3
_CELL, _HEIGHT = 24, 96  # pixels of the rendered picture
_SAMPLES = 160  # heard at every count, a hundredth of a second
_CHARACTERS = " abcdefghijklmnopqrstuvwxyz0123456789"


class Counting(gym.Env):
    """`count` grows by one every step; the episode is won by `STOP` when it equals the target.

    Observation: `count` int64 (), `target` int64 (), `prompt_text` "stop at <target>"; if audible,
    `audio` float32 (2, 160), count / limit at the left ear and nothing at the right one.
    Action: `GO_ON` or `STOP`. Ends with `STOP`, and is truncated at `limit` steps.

    Args:
        limit: Longest episode; targets are drawn from 1 … limit - 1.
        target: The same target in every episode, instead of one drawn from the seed.
        oracle: Whether infos carry `oracle_action`.
        raise_at: Raise `RuntimeError` at this count, 0 being the reset; None never.
        raise_seeds: Only in episodes reset with these seeds; None means in all.
        fault: What to do there instead of raising: "exit" ends the process at once, "hang" never
            comes back.
        render_mode: None or "rgb_array".
        audible: Whether there is something to hear.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}

    def __init__(
        self,
        limit: int = 8,
        target: int | None = None,
        oracle: bool = False,
        raise_at: int | None = None,
        raise_seeds: Collection[int] | None = None,
        fault: str = "raise",
        render_mode: str | None = None,
        audible: bool = False,
    ) -> None:
        if limit < 2:
            raise BadSetting("limit", limit, "at least 2")
        if target is not None and not 1 <= target < limit:
            raise BadSetting("target", target, f"in 1 … {limit - 1}")
        if render_mode not in (None, "rgb_array"):
            raise BadSetting("render_mode", render_mode, "None or 'rgb_array'")
        if fault not in FAULTS:
            raise UnknownName("fault", fault, FAULTS)
        self.fault, self.audible = fault, audible
        self.limit, self.fixed_target, self.oracle = limit, target, oracle
        self.raise_at, self.raise_seeds, self.render_mode = raise_at, raise_seeds, render_mode
        spaces: dict[str, gym.Space] = {
            "count": gym.spaces.Box(0, limit, (), np.int64),
            "target": gym.spaces.Box(1, limit - 1, (), np.int64),
            PROMPT_TEXT: gym.spaces.Text(32, min_length=0, charset=_CHARACTERS),
        }
        if audible:
            spaces[AUDIO] = gym.spaces.Box(-1, 1, (2, _SAMPLES), np.float32)
        self.observation_space = gym.spaces.Dict(spaces)
        self.action_space = gym.spaces.Discrete(2)
        self._count, self._target, self._stopped = 0, 1, False
        self._seed: int | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        super().reset(seed=seed)
        self._seed = seed
        self._count, self._stopped = 0, False
        drawn = int(self.np_random.integers(1, self.limit))
        self._target = drawn if self.fixed_target is None else self.fixed_target
        self._break_on_purpose()
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Raises `BadAction` unless `action` is `GO_ON` or `STOP`."""
        if not self.action_space.contains(action):
            raise BadAction("action", action, f"{GO_ON} (go on) or {STOP} (stop)")
        self._stopped = bool(action == STOP)
        if not self._stopped:
            self._count += 1
        self._break_on_purpose()
        info = self._info()
        truncated = not self._stopped and self._count >= self.limit
        return self._observation(), float(info[SUCCESS]), self._stopped, truncated, info

    def render(self) -> np.ndarray | None:
        """uint8 (96, 24 × (limit + 1), 3): one cell per count; green the target, blue the past."""
        if self.render_mode is None:
            return None
        picture = np.full((_HEIGHT, _CELL * (self.limit + 1), 3), 245, dtype=np.uint8)
        for cell in range(self.limit + 1):
            inside = slice(cell * _CELL + 2, (cell + 1) * _CELL - 2)
            if cell == self._target:
                picture[8:-8, inside] = (46, 160, 67)
            if cell <= self._count:
                picture[32:-32, inside] = (56, 120, 220)
        if self._stopped:
            picture[-6:] = (46, 160, 67) if self._count == self._target else (200, 50, 50)
        return picture

    def _break_on_purpose(self) -> None:
        chosen = self.raise_seeds is None or self._seed in self.raise_seeds
        if self.raise_at == self._count and chosen:
            if self.fault == "exit":
                os._exit(_EXIT_CODE)
            while self.fault == "hang":
                time.sleep(0.05)
            raise RuntimeError(f"told to break at count {self._count}")

    def _observation(self) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "count": np.array(self._count, dtype=np.int64),
            "target": np.array(self._target, dtype=np.int64),
            PROMPT_TEXT: f"stop at {self._target}",
        }
        if self.audible:
            seen[AUDIO] = np.zeros((2, _SAMPLES), np.float32)
            seen[AUDIO][0] = self._count / self.limit
        return seen

    def _info(self) -> dict[str, Any]:
        there = self._count == self._target
        info: dict[str, Any] = {
            SUCCESS: self._stopped and there,
            FAILURE: self._stopped and not there,
            TASK: "counting",
            PROMPT: f"stop at {self._target}",
            METRICS: {"distance": float(abs(self._target - self._count))},
        }
        if self.oracle:
            info[ORACLE_ACTION] = np.int64(STOP if there else GO_ON)
        return info
