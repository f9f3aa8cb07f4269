"""Task 13."""

from typing import Any

import pytest

from uio2_agent.envs.tabletop.tasks import sample

EPISODES: list[Any] = [
    sample("sweep_without_touching", "novel_task_generalization", seed=seed) for seed in range(50)
]


def test_the_line_closes_the_middle_of_the_opening():
    for s in EPISODES:
        bounds, line, *_ = s.bodies
        assert bounds.xy == (0.39, 0.0)
        assert line.xy == pytest.approx((0.496, 0.0))
        assert s.sweep.line.x[0] == pytest.approx(s.sweep.zone.x[1])
        assert s.sweep.line.y == pytest.approx((-0.09375, 0.09375))


def test_blocks_count_in_the_whole_rectangle():
    for s in EPISODES:
        assert s.sweep.zone.x == pytest.approx((0.304, 0.476))
        assert s.sweep.zone.y == pytest.approx((-0.15, 0.15))


def test_the_rectangle_is_called_as_the_other_one():
    s = sample("sweep_without_touching", "novel_task_generalization", "words", seed=0)
    assert "three-sided rectangle" in s.prompt.text and "wide" not in s.prompt.text
