"""A row of environments that are reset one by one, never by themselves, and may die."""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from multiprocessing.connection import wait
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.evaluation.slot import ROW, Slot

VECTORIZATIONS = ("sync", "async")
# What a pipe says whose other end is gone.
_DEAD_PIPE = (EOFError, BrokenPipeError, ConnectionResetError)

_DEATH_SECONDS = 5  # longer than any process needs to be gone


class WorkerDied(Exception):
    """Processes of these rows are gone: `{row: what is known about it}`. Caught by the loop."""

    def __init__(self, rows: dict[int, str]) -> None:
        super().__init__(rows)
        self.rows = rows


def check_settings(num_envs: int, vectorization: str) -> None:
    """Raises `BadSetting` or `UnknownName`, before anything is started."""
    if num_envs < 1:
        raise BadSetting("num_envs", num_envs, "at least 1")
    if vectorization not in VECTORIZATIONS:
        raise UnknownName("vectorization", vectorization, VECTORIZATIONS)


class Rows:
    """N slots in a Gymnasium vector env with autoreset disabled.

    Args:
        make_env: Makes a single environment.
        num_envs: N.
        vectorization: "sync", all in this process, or "async", a process each.
        recorded: Seeds of the episodes whose frames are wanted.
    """

    def __init__(
        self,
        make_env: Callable[[], gym.Env],
        num_envs: int,
        vectorization: str = "sync",
        recorded: Container[int] = (),
    ) -> None:
        check_settings(num_envs, vectorization)
        self.num_envs, self.vectorization = num_envs, vectorization
        self._make_slot = partial(Slot, make_env, recorded)
        self.envs: VectorEnv = self._start()
        self._waiting = False  # true while, or because, an answer has not come

    def reset(self, seeds: Sequence[int | None], mask: np.ndarray) -> tuple[Any, list[dict]]:
        """Begin episodes in the rows of `mask`, bool (N,); a seed of None parks the row.

        Returns the observations of all rows, and one info per row, empty outside `mask`.
        Raises `WorkerDied`.
        """
        self._waiting = True
        try:
            each: Any = [*seeds]  # lists are allowed by both vector envs, if not by their base
            observations, infos = self.envs.reset(seed=each, options={"reset_mask": mask})
        except _DEAD_PIPE as error:
            raise self._dead(error) from error
        self._waiting = False
        return observations, self._infos(infos)

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, list[dict]]:
        """Returns observations, rewards (N,), which rows are done (N,), infos. As `reset`."""
        self._waiting = True
        try:
            observations, rewards, terminated, truncated, infos = self.envs.step(actions)
        except _DEAD_PIPE as error:
            raise self._dead(error) from error
        self._waiting = False
        return observations, rewards, terminated | truncated, self._infos(infos)

    def restart(self) -> None:
        """Fresh environments in every row, after some have died; all wait for a reset."""
        self.close()
        self.envs, self._waiting = self._start(), False

    def close(self) -> None:
        """Also after a death or in the middle of a step, where Gymnasium's own close would hang."""
        if self._waiting and isinstance(self.envs, AsyncVectorEnv) and not self.envs.closed:
            for process in self.envs.processes:
                process.terminate()
            for pipe in self.envs.parent_pipes:
                if pipe is not None:
                    pipe.close()
            for process in self.envs.processes:
                process.join()
            self.envs.closed = True
        self.envs.close()

    def _start(self) -> VectorEnv:
        makers = [self._make_slot] * self.num_envs
        if self.vectorization == "async":
            return AsyncVectorEnv(makers, autoreset_mode=AutoresetMode.DISABLED)
        return SyncVectorEnv(makers, autoreset_mode=AutoresetMode.DISABLED)

    def _infos(self, infos: dict[str, Any]) -> list[dict]:
        there = infos.get(f"_{ROW}", np.zeros(self.num_envs, dtype=bool))
        return [infos[ROW][row][0] if there[row] else {} for row in range(self.num_envs)]

    def _dead(self, error: Exception) -> Exception:
        """Which processes are gone. A pipe may break a moment before its process has ended."""
        if not isinstance(self.envs, AsyncVectorEnv):
            return error
        processes = self.envs.processes
        ended = wait([process.sentinel for process in processes], timeout=_DEATH_SECONDS)
        for process in processes:
            if process.sentinel in ended:
                process.join(_DEATH_SECONDS)  # its exit code comes a moment later still
        codes = {row: p.exitcode for row, p in enumerate(processes) if p.exitcode is not None}
        if not codes:
            return error
        return WorkerDied({row: f"worker died (exit code {code})" for row, code in codes.items()})


def stack_infos(infos: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One info per row -> what a Gymnasium vector env would have returned.

    Every key has a mask `_key`, bool (N,). Numbers and arrays of one shape are stacked, with zeros
    where missing, dicts recursively; everything else becomes an object array.
    """
    stacked: dict[str, Any] = {}
    for key in dict.fromkeys(key for info in infos for key in info):
        there = np.array([key in info for info in infos])
        values = [info[key] for info in infos if key in info]
        if all(isinstance(value, Mapping) for value in values):
            stacked[key] = stack_infos([info.get(key, {}) for info in infos])
        else:
            stacked[key] = _stack(values, there)
        stacked[f"_{key}"] = there
    return stacked


def _stack(values: list[Any], there: np.ndarray) -> np.ndarray:
    first = values[0]
    numeric = all(isinstance(v, (bool, int, float, np.generic, np.ndarray)) for v in values)
    if numeric and len({np.shape(v) for v in values}) == 1:
        array = np.zeros((len(there), *np.shape(first)), dtype=np.result_type(*values))
        array[there] = values
        return array
    array = np.full(len(there), None, dtype=object)
    for row, value in zip(np.flatnonzero(there), values, strict=True):
        array[row] = value
    return array
