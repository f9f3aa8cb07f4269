"""One place in a row of environments: plays an episode, or says what went wrong, or waits.

Nothing an environment raises reaches the others: it becomes the end of its own episode.
"""

from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from multiprocessing import parent_process
from signal import SIG_IGN, SIGINT, signal
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.errors import MissingDependency
from uio2_agent.interface import (
    AUDIO,
    ERROR,
    FAILURE,
    METRICS,
    ORACLE_ACTION,
    PROMPT,
    SUCCESS,
    TASK,
    blank,
)

FRAME = "frame"  # uint8 (H, W, 3), what the environment rendered, in recorded episodes
HEARD = "heard"  # `AUDIO` of the observation, beside every `FRAME`
FATAL = "fatal"  # an error that would repeat in every episode: the run cannot go on
ROW = "row"  # key under which a slot hands its info through the vector env, unstacked
_KEPT = (SUCCESS, FAILURE, TASK, PROMPT, METRICS, ORACLE_ACTION)


class Slot(gym.Env):
    """Wraps an environment for the rollout loop.

    `reset(seed=n)` begins episode n; `reset(seed=None)` parks the slot: it shows its last
    observation and takes any action without playing, so that finished rows cost nothing.
    Infos are `{"row": (info,)}`: a tuple passes through a vector env as it is, whatever differs
    between rows. Of the environment's infos those named in `interface.py` are kept.

    Args:
        make_env: Called here, and again after the environment has raised.
        recorded: Seeds of the episodes whose frames are wanted, and what is heard in them.
    """

    def __init__(self, make_env: Callable[[], gym.Env], recorded: Container[int] = ()) -> None:
        if parent_process() is not None:
            signal(SIGINT, SIG_IGN)  # Ctrl-C is for the process that holds the ledger
        self.make_env, self.recorded = make_env, recorded
        self.env: gym.Env | None = make_env()
        self.observation_space = self.env.observation_space
        self.action_space = self.env.action_space
        self.metadata = self.env.metadata
        self.render_mode = self.env.render_mode
        self._observation = blank(self.observation_space)
        self._playing, self._recording = False, False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self._playing, self._recording = (
            seed is not None,
            seed is not None and seed in self.recorded,
        )
        if not self._playing:
            return self._observation, {ROW: ({},)}
        try:
            if self.env is None:
                self.env = self.make_env()
            self._observation, info = self.env.reset(seed=seed, options=options)
            return self._observation, self._row(info)
        except MissingDependency as error:
            return self._observation, {ROW: ({FATAL: error},)}
        except Exception as error:  # whatever it is, it is the outcome of this episode alone
            return self._observation, self._broken(error)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if not self._playing or self.env is None:
            return self._observation, 0.0, False, False, {ROW: ({},)}
        try:
            self._observation, reward, terminated, truncated, info = self.env.step(action)
            row = self._row(info)
            return self._observation, float(reward), bool(terminated), bool(truncated), row
        except MissingDependency as error:
            return self._observation, 0.0, True, False, {ROW: ({FATAL: error},)}
        except Exception as error:  # whatever it is, it is the outcome of this episode alone
            return self._observation, 0.0, True, False, self._broken(error)

    def close(self) -> None:
        if self.env is not None:
            self.env.close()

    def _row(self, info: dict[str, Any]) -> dict[str, Any]:
        kept = {key: info[key] for key in _KEPT if key in info}
        if self._recording and self.env is not None and self.env.render_mode is not None:
            kept[FRAME] = self.env.render()
            if isinstance(self._observation, Mapping) and AUDIO in self._observation:
                kept[HEARD] = np.array(self._observation[AUDIO])
        return {ROW: (kept,)}

    def _broken(self, error: Exception) -> dict[str, Any]:
        if self.env is not None:
            with suppress(Exception):  # it is broken already; a new one is made at reset
                self.env.close()
            self.env = None
        return {ROW: ({ERROR: f"{type(error).__name__}: {error}"},)}
