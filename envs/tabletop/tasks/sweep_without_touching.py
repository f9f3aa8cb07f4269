"""Task 13: sweep blocks into a region, around a line that lies before its opening (§6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.scenario import Rectangle
from uio2_agent.envs.tabletop.tasks.sweep import SweepTask


class SweepWithoutTouching(SweepTask):
    """The line lies along the rectangle's open side, shorter than it."""

    name = "sweep_without_touching"
    budget = 14
    forbidden = "touching"
    bounds = "wide three-sided rectangle"
    bounds_x = 0.39
    line_length = 0.1875

    def line_x(self, choose: Draws) -> float:
        return self.bounds_x + (SHAPES[self.bounds].declared[1] + SHAPES["line"].real[1]) / 2

    def zone(self, line: Rectangle, bounds: Rectangle) -> Rectangle:
        return bounds
