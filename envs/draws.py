"""Random draws that are the same on every platform, for every numpy.

`numpy.random.Generator` may change its streams between versions; a bit generator may not (NEP 19).
So scenes are drawn from raw 64-bit words, and only whole numbers are ever drawn.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_WORDS = 2**64


class Draws:
    """Whole numbers from a PCG64 stream named by `key`, e.g. (seed, attempt)."""

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def below(self, n: int) -> int:
        """Uniform in 0 … n - 1."""
        limit = _WORDS - _WORDS % n  # words above it would favour small numbers
        while (word := int(self._bits.random_raw())) >= limit:
            pass
        return word % n

    def chance(self, out_of: int, wins: int = 1) -> bool:
        """True in `wins` of `out_of` cases."""
        return self.below(out_of) < wins

    def choice(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def distinct(self, options: Sequence[T], n: int) -> list[T]:
        """`n` different positions of `options`, in random order."""
        pool = list(options)
        return [pool.pop(self.below(len(pool))) for _ in range(n)]
