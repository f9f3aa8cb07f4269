"""Intervals against published and hand-computed values."""

import math

import numpy as np
import pytest

from uio2_agent.errors import BadInput
from uio2_agent.evaluation.intervals import mean_ci95, weighted95, wilson95


@pytest.mark.parametrize(
    ("successes", "episodes", "low", "high"),
    [
        (9, 10, 0.5958, 0.9821),  # ecosystem.md §8.4: 59.6–98.2 %
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_wilson_equals_known_values(successes, episodes, low, high):
    assert wilson95(successes, episodes) == pytest.approx((low, high), abs=1e-4)


def test_wilson_is_symmetric_and_contains_the_rate():
    for n in (1, 7, 200):
        for k in range(n + 1):
            low, high = wilson95(k, n)
            assert 0 <= low <= k / n <= high <= 1
            assert wilson95(n - k, n) == pytest.approx((1 - high, 1 - low))


def test_wilson_of_nothing_knows_nothing():
    assert wilson95(0, 0) == (0.0, 1.0)


def test_wilson_refuses_more_successes_than_episodes():
    with pytest.raises(BadInput, match="between 0 and episodes = 3"):
        wilson95(4, 3)


def test_mean_and_its_interval():
    found = mean_ci95([1.0, 2.0, 3.0, 4.0])
    deviation = math.sqrt(5 / 3)
    assert found["mean"] == 2.5 and found["n"] == 4
    assert found["ci95"] == pytest.approx(1.96 * deviation / 2, rel=1e-4)


def test_where_an_interval_is_undefined_it_is_none():
    assert mean_ci95([]) == {"mean": None, "ci95": None, "n": 0}
    assert mean_ci95([3.0]) == {"mean": 3.0, "ci95": None, "n": 1}


def test_one_stratum_has_wilsons_interval():
    assert weighted95([(1.0, 7, 20)]) == pytest.approx(wilson95(7, 20))


def test_a_mean_of_tasks_at_the_ends_is_not_certain():
    low, high = weighted95([(0.5, 20, 20), (0.5, 0, 20)])
    assert 0.38 < low < 0.5 < high < 0.62
    assert weighted95([(0.5, 20, 20), (0.5, 20, 20)])[1] == 1.0


def test_without_strata_or_episodes_anything_is_possible():
    assert weighted95([]) == (0.0, 1.0)
    assert weighted95([(1.0, 0, 0)]) == (0.0, 1.0)


@pytest.mark.parametrize("rates", [(0.95, 0.9, 0.6, 0.05), (1.0, 0.99, 0.0, 0.5), (0.3,) * 13])
def test_the_interval_of_a_mean_covers_as_often_as_it_says(rates):
    n, weight, generator = 25, 1 / len(rates), np.random.default_rng(0)
    covered = []
    for _ in range(1500):
        drawn = generator.binomial(n, rates)
        low, high = weighted95([(weight, int(k), n) for k in drawn])
        covered.append(low <= np.mean(rates) <= high)
    assert 0.93 < np.mean(covered) < 0.99
