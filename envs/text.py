"""Text observations that survive an asynchronous vector env.

Gymnasium (1.1 to 1.4) reads its shared memory once, when an `AsyncVectorEnv` is made. Arrays are
views and follow what the workers write, but texts are copied there and stay empty. `LiveText` is
an ordinary `Text` space whose shared texts are read when they are looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import gymnasium as gym
from gymnasium.vector.utils import read_from_shared_memory

_read_once = cast(Callable[..., tuple[str, ...]], read_from_shared_memory.dispatch(gym.spaces.Text))


class LiveText(gym.spaces.Text):
    """A `Text` space; vector envs, sync or async, return a tuple of str for it."""


class _SharedTexts(Sequence[str]):
    """The texts of all workers as they are now; a copy of it is a plain tuple."""

    def __init__(self, space: gym.spaces.Text, memory: Any, n: int) -> None:
        self._space, self._memory, self._n = space, memory, n

    def now(self) -> tuple[str, ...]:
        return _read_once(self._space, self._memory, self._n)

    def __getitem__(self, index: Any) -> Any:
        return self.now()[index]

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[str]:
        return iter(self.now())

    def __repr__(self) -> str:
        return repr(self.now())

    def __deepcopy__(self, memo: dict) -> tuple[str, ...]:
        return self.now()


@read_from_shared_memory.register(LiveText)
def _read_live(space: LiveText, shared_memory: Any, n: int = 1) -> _SharedTexts:
    return _SharedTexts(space, shared_memory, n)
