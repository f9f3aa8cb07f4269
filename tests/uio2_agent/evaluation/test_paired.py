"""Discordant pairs, counted exactly."""

from math import comb

import numpy as np
import pytest

from uio2_agent.errors import BadInput
from uio2_agent.evaluation.paired import Paired, mcnemar_exact, pair


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 2 / 32),
        (6, 0, 2 / 64),
        (1, 9, 2 * (1 + 10) / 2**10),
        (2, 10, 2 * (1 + 12 + 66) / 2**12),
        (8, 3, 2 * (1 + 11 + 55 + 165) / 2**11),
    ],
)
def test_p_is_the_two_sided_binomial_one(only_a, only_b, p):
    assert mcnemar_exact(only_a, only_b) == p == mcnemar_exact(only_b, only_a)


def test_p_of_thousands_of_pairs_neither_overflows_nor_vanishes():
    brute = 2 * sum(comb(3000, k) for k in range(1401)) / 2**3000
    assert mcnemar_exact(1400, 1600) == pytest.approx(brute, rel=1e-12)
    assert 0 < mcnemar_exact(0, 900) < 1e-250


def test_counts_of_numpy_are_as_good():
    assert Paired(*np.array([400, 160, 140, 300])).p == mcnemar_exact(160, 140)


def test_p_is_uniform_or_larger_when_nothing_differs():
    """Exact: under the hypothesis, p ≤ α happens with probability at most α."""
    for n in (5, 12, 31):
        ways = {k: mcnemar_exact(k, n - k) for k in range(n + 1)}
        for alpha in (0.01, 0.05, 0.2):
            assert sum(comb(n, k) for k, p in ways.items() if p <= alpha) / 2**n <= alpha


def test_outcomes_are_counted_by_who_won():
    both, a, b, neither = (True, True), (True, False), (False, True), (False, False)
    paired = pair([both, a, a, neither, b, a, both])
    assert paired == Paired(both=2, only_a=3, only_b=1, neither=1)
    assert paired.n == 7 and paired.difference == 2 / 7
    assert paired.p == mcnemar_exact(3, 1)


def test_the_interval_turns_round_when_the_runs_are_exchanged():
    low, high = Paired(10, 7, 2, 4).interval95
    back_low, back_high = Paired(10, 2, 7, 4).interval95
    assert (low, high) == (pytest.approx(-back_high), pytest.approx(-back_low))
    assert low < 5 / 23 < high


def test_runs_that_never_differ_still_have_an_interval():
    low, high = Paired(0, 0, 0, 20).interval95
    assert low < -0.05 and high > 0.05
    assert Paired(0, 0, 0, 0).interval95 == (-1.0, 1.0)
    assert Paired(0, 0, 0, 0).difference is None


@pytest.mark.parametrize("cells", [(0.6, 0.2, 0.1, 0.1), (0.05, 0.15, 0.02, 0.78)])
def test_the_interval_covers_the_true_difference_as_often_as_it_says(cells):
    draws = np.random.default_rng(0).multinomial(60, cells, size=3000)
    true = cells[1] - cells[2]
    covered = [low <= true <= high for low, high in (Paired(*d).interval95 for d in draws)]
    assert 0.93 < np.mean(covered) < 0.985


def test_a_negative_count_is_refused():
    with pytest.raises(BadInput, match="discordant pairs"):
        mcnemar_exact(-1, 3)


def test_numbers_are_json_able_and_complete():
    numbers = Paired(1, 2, 3, 4).numbers()
    assert numbers["episodes"] == 10 and numbers["difference"] == pytest.approx(-0.1)
    assert len(numbers["interval95"]) == 2 and numbers["p"] == 1.0
    assert (numbers["both"], numbers["only_a"], numbers["only_b"], numbers["neither"]) == (
        1,
        2,
        3,
        4,
    )
