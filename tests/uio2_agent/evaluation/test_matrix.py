"""Means over tasks, then over levels; never over episodes."""

import pytest

from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.intervals import wilson95
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.matrix import matrix


def played(successes: int, episodes: int, errors: int = 0) -> list[Episode]:
    return [
        Episode(
            episode=n,
            seed=n,
            task="t",
            success=n < successes,
            error="Fell: over" if n >= episodes - errors else None,
        )
        for n in range(episodes)
    ]


def test_a_level_is_the_mean_of_its_tasks_and_the_whole_that_of_its_levels():
    result = matrix(
        {
            Cell("easy", "push"): played(10, 10),
            Cell("easy", "pull"): played(5, 20),
            Cell("hard", "pull"): played(1, 10, errors=2),
        }
    )
    assert result["levels"]["easy"]["success_rate"] == pytest.approx((1.0 + 0.25) / 2)
    assert result["levels"]["hard"]["success_rate"] == pytest.approx(0.1)
    assert result["success_rate"] == pytest.approx((0.625 + 0.1) / 2)
    assert (result["episodes"], result["successes"], result["errors"]) == (40, 16, 2)
    assert result["levels"]["easy"]["tasks"] == 2 and result["levels"]["hard"]["errors"] == 2
    assert result["cells"]["easy"]["pull"]["wilson95"] == [*wilson95(5, 20)]
    low, high = result["interval95"]
    assert low < result["success_rate"] < high


def test_one_cell_has_wilsons_interval():
    result = matrix({Cell("easy", "push"): played(3, 10)})
    assert result["interval95"] == pytest.approx([*wilson95(3, 10)])
    assert result["levels"]["easy"]["interval95"] == pytest.approx([*wilson95(3, 10)])


def test_a_rate_of_nothing_is_none():
    result = matrix({Cell("easy", "push"): [], Cell("easy", "pull"): played(1, 2)})
    assert result["levels"]["easy"]["success_rate"] is None and result["success_rate"] is None
    assert result["cells"]["easy"]["push"]["success_rate"] is None
