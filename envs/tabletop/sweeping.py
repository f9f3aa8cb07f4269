"""When an episode of sweeping is won or lost (vima_bench.md §6, tasks 12 and 13)."""

import math
from collections.abc import Mapping, Sequence

from uio2_agent.envs.tabletop.goals import off_the_table
from uio2_agent.envs.tabletop.scenario import Rectangle, Scenario, Sweep
from uio2_agent.envs.tabletop.scene import Body

Bodies = Mapping[int, Body]

SAMPLE = 0.01  # a block stands for points so far from its middle along its own x and y, metres


class Sweeping:
    """Which blocks are where they shall be.

    Attributes:
        counted: Ids of the targets that have been in the zone at the end of a step.
        success: Exactly the wanted number of blocks are in the zone.
        failure: The episode is over and lost.
    """

    def __init__(self, scenario: Scenario, sweep: Sweep) -> None:
        self.sweep = sweep
        self.counted: frozenset[int] = frozenset()
        self.success = False
        self.failure = False

    @property
    def over(self) -> bool:
        return self.success or self.failure

    def update(self, bodies: Bodies, trace: Sequence[Bodies] = ()) -> None:
        """Judge what stands where now, and where blocks were on the way (`Physics.push`).

        A target that is once wholly in the zone at the end of a step stays counted. Lost: a target
        that was ever partly on the line, another block partly in the zone, more targets than
        wanted, or a target not counted that left the table.
        """
        if self.over:
            return
        sweep = self.sweep
        self.counted |= {i for i in sweep.targets if _inside(bodies[i], sweep.zone)}
        crossed = any(
            _touches(then[i], sweep.line) for then in (*trace, bodies) for i in sweep.targets
        )
        spoilt = any(_touches(bodies[i], sweep.zone) for i in sweep.others)
        lost = any(off_the_table(bodies[i]) for i in sweep.targets if i not in self.counted)
        self.success = len(self.counted) == sweep.wanted and not (crossed or spoilt)
        self.failure = not self.success and (
            crossed or spoilt or lost or len(self.counted) > sweep.wanted
        )


def _points(body: Body) -> list[tuple[float, float]]:
    (x, y), cos, sin = body.xy, math.cos(body.yaw), math.sin(body.yaw)
    return [
        (x + a * cos - b * sin, y + a * sin + b * cos)
        for a in (-SAMPLE, SAMPLE)
        for b in (-SAMPLE, SAMPLE)
    ]


def _inside(body: Body, region: Rectangle) -> bool:
    return all(region.contains(*point) for point in _points(body))


def _touches(body: Body, region: Rectangle) -> bool:
    return any(region.contains(*point) for point in _points(body))
