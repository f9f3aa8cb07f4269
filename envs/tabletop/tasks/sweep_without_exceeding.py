"""Task 12: sweep blocks into a region, but not beyond a line across it (vima_bench.md §6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.scenario import Rectangle
from uio2_agent.envs.tabletop.tasks.sweep import SQUARE, SweepTask


class SweepWithoutExceeding(SweepTask):
    """The line lies across the rectangle; blocks count on the near side of it."""

    name = "sweep_without_exceeding"
    budget = 8
    forbidden = "exceeding"
    bounds = "three-sided rectangle"
    bounds_x = 0.41
    line_length = 0.3375
    others_square = SQUARE / 2

    def line_x(self, choose: Draws) -> float:
        return self.bounds_x - 0.0675 + choose.below(946) / 10_000

    def zone(self, line: Rectangle, bounds: Rectangle) -> Rectangle:
        shift = 0.015  # as upstream: out of the rectangle's open side
        return Rectangle(x=(line.x[1] + shift, bounds.x[1] + shift), y=bounds.y)
