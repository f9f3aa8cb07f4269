"""Two runs on the same seeds: which of them is better, as far as episodes can tell.

Only the episodes on which they differ say anything (McNemar 1947). The test is exact: under the
hypothesis of no difference each of them went either way with probability 1/2.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from uio2_agent.errors import BadInput
from uio2_agent.evaluation.intervals import wilson95


@dataclass(frozen=True)
class Paired:
    """Episodes played by both runs, A and B, by who succeeded."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def difference(self) -> float | None:
        """Success rate of A minus that of B; None without episodes."""
        return (self.only_a - self.only_b) / self.n if self.n else None

    @property
    def p(self) -> float:
        return mcnemar_exact(self.only_a, self.only_b)

    @property
    def interval95(self) -> tuple[float, float]:
        """Newcombe's score interval of the difference (1998, paired, method 10); [-1, 1] if n = 0.

        Unlike the normal interval it is no point where the runs never differ.
        """
        if not self.n:
            return -1.0, 1.0
        n, a, b, c, d = self.n, self.both, self.only_a, self.only_b, self.neither
        rate_a, rate_b = (a + b) / n, (a + c) / n
        (low_a, high_a), (low_b, high_b) = wilson95(a + b, n), wilson95(a + c, n)
        down_a, up_a, down_b, up_b = (
            rate_a - low_a,
            high_a - rate_a,
            rate_b - low_b,
            high_b - rate_b,
        )
        margins = (a + b) * (c + d) * (a + c) * (b + d)
        cross = float(a * d - b * c)
        cross = max(cross - n / 2, 0.0) if cross > 0 else cross  # his continuity correction
        phi = cross / math.sqrt(margins) if margins else 0.0
        middle = (b - c) / n
        low = middle - math.sqrt(max(down_a**2 - 2 * phi * down_a * up_b + up_b**2, 0))
        high = middle + math.sqrt(max(up_a**2 - 2 * phi * up_a * down_b + down_b**2, 0))
        return max(low, -1.0), min(high, 1.0)

    def numbers(self) -> dict[str, Any]:
        """`both, only_a, only_b, neither, episodes, difference, interval95, p`, JSON-able."""
        return {
            **asdict(self),
            "episodes": self.n,
            "difference": self.difference,
            "interval95": [*self.interval95],
            "p": self.p,
        }


def pair(outcomes: Iterable[tuple[bool, bool]]) -> Paired:
    """(A succeeded, B succeeded) of every episode -> counts."""
    counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for a, b in outcomes:
        counts[bool(a), bool(b)] += 1
    return Paired(*counts.values())


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Two-sided p of the exact binomial test on discordant pairs; 1 if there are none.

    >>> mcnemar_exact(0, 5), mcnemar_exact(1, 9)
    (0.0625, 0.021484375)
    """
    if min(only_a, only_b) < 0:
        raise BadInput("discordant pairs", (only_a, only_b), "counts, 0 or more")
    fewer, n = int(min(only_a, only_b)), int(only_a + only_b)  # NumPy's would overflow
    tail, term = 0, 1
    for k in range(fewer + 1):
        tail += term
        term = term * (n - k) // (k + 1)
    return min(1.0, 2 * tail / 2**n)  # whole numbers of any size, so nothing is lost
