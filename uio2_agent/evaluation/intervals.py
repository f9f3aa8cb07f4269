"""How sure a handful of episodes makes us."""

import math
from collections.abc import Sequence
from typing import Any

from uio2_agent.errors import BadInput

Z_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


def wilson95(successes: int, episodes: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a success rate; (0, 1) when nothing was played.

    >>> [round(end, 3) for end in wilson95(9, 10)]
    [0.596, 0.982]
    """
    if not 0 <= successes <= episodes:
        raise BadInput("successes", successes, f"between 0 and episodes = {episodes}")
    if episodes == 0:
        return 0.0, 1.0
    rate, z2 = successes / episodes, Z_95**2
    scale = 1 + z2 / episodes
    middle = (rate + z2 / (2 * episodes)) / scale
    half = Z_95 / scale * math.sqrt(rate * (1 - rate) / episodes + z2 / (4 * episodes**2))
    # At 0 and at all successes the end is exact, which rounding would miss by an ulp.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == episodes else middle + half
    return low, high


def weighted95(strata: Sequence[tuple[float, int, int]]) -> tuple[float, float]:
    """95 % interval of Σ weight × rate over independent strata (weight, successes, episodes).

    Each stratum's Wilson interval is carried over to the sum (MOVER: Zou, Huang & Zhang 2009). The
    normal interval of a mean over tasks would be a point where every task is at 0 or at 1, and one
    over all episodes would take the spread between tasks for uncertainty. Tasks count as given: it
    says how much other seeds would change the number, not other tasks. (0, 1) without strata.
    """
    if not strata:
        return 0.0, 1.0
    middle = down = up = 0.0
    for weight, successes, episodes in strata:
        low, high = wilson95(successes, episodes)
        rate = successes / episodes if episodes else (low + high) / 2
        middle += weight * rate
        down += (weight * (rate - low)) ** 2
        up += (weight * (high - rate)) ** 2
    return max(0.0, middle - math.sqrt(down)), min(1.0, middle + math.sqrt(up))


def mean_ci95(values: Sequence[float]) -> dict[str, Any]:
    """`{mean, ci95, n}`: the mean ± ci95 is the normal 95 % interval; None where undefined."""
    n = len(values)
    if n == 0:
        return {"mean": None, "ci95": None, "n": 0}
    mean = math.fsum(values) / n
    if n == 1:
        return {"mean": mean, "ci95": None, "n": 1}
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    return {"mean": mean, "ci95": Z_95 * deviation / math.sqrt(n), "n": n}
