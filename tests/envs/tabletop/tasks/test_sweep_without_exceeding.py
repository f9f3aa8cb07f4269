"""Task 12."""

from typing import Any

import pytest

from uio2_agent.envs.tabletop.tasks import sample

EPISODES: list[Any] = [sample("sweep_without_exceeding", seed=seed) for seed in range(100)]


def test_the_line_lies_across_the_rectangle():
    xs = []
    for s in EPISODES:
        bounds, line, *_ = s.bodies
        assert bounds.xy == (0.41, 0.0) and line.xy[1] == 0.0
        xs.append(line.xy[0])
        assert s.sweep.line.x == pytest.approx((line.xy[0] - 0.02, line.xy[0] + 0.02))
        assert s.sweep.line.y == pytest.approx((-0.16875, 0.16875))
    assert 0.3424 < min(xs) < 0.355 and 0.425 < max(xs) < 0.4371


def test_blocks_count_between_the_line_and_the_open_side():
    for s in EPISODES:
        assert s.sweep.zone.x == pytest.approx((s.sweep.line.x[1] + 0.015, 0.56))
        assert s.sweep.zone.y == pytest.approx((-0.135, 0.135))


def test_the_other_blocks_stand_close_together():
    for s in EPISODES:
        ys = [body.xy[1] for body in s.bodies if body.obj_id in s.sweep.others]
        assert min(ys) >= -0.22 and max(ys) <= 0.12
        assert max(ys) - min(ys) <= 0.09
