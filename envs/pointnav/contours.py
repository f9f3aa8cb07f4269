"""Outlines of regions, simplified so that regions that meet still meet.

An outline is cut into arcs wherever the region on its far side changes. An arc between two regions
is simplified once and used by both. All coordinates are corners of the grid, in whole voxels, so
that every later decision is exact.

Legend: W x D columns (x, z); a corner is x * (D + 1) + z.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.voxels import STEP_X, STEP_Z

WALL = -1
# Where the side towards direction k of cell (0, 0) begins and ends, the cell on its right seen in
# the x-z plane: the way round that the reference's polygons go.
_BEGIN = ((0, 0), (0, 1), (1, 1), (1, 0))
_END = ((0, 1), (1, 1), (1, 0), (0, 0))

Corners = NDArray[np.int64]
ArcKey = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How far a simplified arc may stray from the floor's edge, in voxels.

    aside: in plan. rise: in height. longest: an edge, 0 for any length.
    """

    aside: float
    rise: float
    longest: float


@dataclass
class Arc:
    """Corners (n, 2) x, z along it and their levels (n,); a loop ends where it begins."""

    corners: Corners
    levels: NDArray[np.int64]
    allowance: Allowance
    simple: Corners = field(init=False)

    def __post_init__(self) -> None:
        self._simplify()

    def _simplify(self) -> None:
        self.simple = self.corners[simplify(self.corners, self.levels, self.allowance)]

    def refine(self) -> bool:
        """Follow the floor's edge more closely; False if it is already followed exactly."""
        aside = self.allowance.aside
        if aside == 0.0:
            return False
        self.allowance = replace(self.allowance, aside=0.5 * aside if aside > 0.4 else 0.0)
        self._simplify()
        return True


def simplify(
    corners: Corners, levels: NDArray[np.int64], allowance: Allowance
) -> NDArray[np.int64]:
    """Rows to keep so that the lines between them stray no further than allowed."""
    last = len(corners) - 1
    keep = {0, last}
    if (corners[0] == corners[-1]).all():  # a loop: the furthest corner is the second anchor
        keep.add(int(np.argmax(((corners - corners[0]) ** 2).sum(axis=1))))
    anchors = sorted(keep)
    waiting = list(zip(anchors, anchors[1:], strict=False))
    aside, rise = max(allowance.aside, 1e-9), max(allowance.rise, 1e-9)
    while waiting:
        i, j = waiting.pop()
        if j - i < 2:
            continue
        a, b = corners[i], corners[j]
        inner = corners[i + 1 : j]
        along = b - a
        square = int((along * along).sum())
        t = np.clip((inner - a) @ along / square, 0.0, 1.0) if square else np.zeros(len(inner))
        away = inner - a - t[:, None] * along
        climb = levels[i + 1 : j] - (levels[i] + t * (levels[j] - levels[i]))
        stray = np.maximum(np.sqrt((away * away).sum(axis=1)) / aside, np.abs(climb) / rise)
        k = i + 1 + int(np.argmax(stray))
        if stray.max() <= 1.0:
            if not allowance.longest or square <= allowance.longest**2:
                continue
            k = i + 1 + int(np.argmin(np.abs(t - 0.5)))
        keep.add(k)
        waiting += [(i, k), (k, j)]
    return np.array(sorted(keep))


@njit(cache=True, nogil=True, error_model="numpy")
def corner_levels(floor, x, z):
    """(n,) the highest floor among the four cells around each corner; floor (W, D), -1 for none."""
    levels = np.full(len(x), -1, np.int64)
    for n in range(len(x)):
        for i in range(max(x[n] - 1, 0), min(x[n] + 1, floor.shape[0])):
            for j in range(max(z[n] - 1, 0), min(z[n] + 1, floor.shape[1])):
                levels[n] = max(levels[n], floor[i, j])
    return levels


@njit(cache=True, nogil=True, error_model="numpy")
def _sides(members, column, across, region, depth, begin, end, step_x, step_z):
    """All sides of a region's cells that lead out of it: begin and end corner, region beyond."""
    count = 0
    out = np.empty((4 * len(members), 3), np.int64)
    for s in members:
        x, z = column[s] // depth, column[s] % depth
        for k in range(4):
            t = across[s, k]
            if t >= 0 and region[t] == region[s]:
                continue
            out[count, 0] = (x + begin[k, 0]) * (depth + 1) + z + begin[k, 1]
            out[count, 1] = (x + end[k, 0]) * (depth + 1) + z + end[k, 1]
            out[count, 2] = region[t] if t >= 0 else -1
            count += 1
    return out[:count]


def _runs(labels: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Sides of a loop cut into runs of one label; a run may pass the loop's seam."""
    changes = np.flatnonzero(labels != np.roll(labels, 1))
    if not len(changes):
        return [np.arange(len(labels))]
    starts = [*changes.tolist(), int(changes[0]) + len(labels)]
    return [np.arange(a, b) % len(labels) for a, b in zip(starts, starts[1:], strict=False)]


class Outlines:
    """The outlines of all regions, loop by loop, as arcs that neighbours share.

    `loops[r]` lists the loops of region r; a loop lists (key of an arc, whether it runs forwards).
    """

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.arcs: dict[ArcKey, Arc] = {}
        self.loops: list[list[list[tuple[ArcKey, bool]]]] = []

    def add_region(
        self,
        number: int,
        members: NDArray[np.int64],
        column: NDArray[np.int64],
        across: NDArray[np.int32],
        region: NDArray[np.int32],
        floor: NDArray[np.int32],
    ) -> None:
        """Trace region `number`, the spans `members`; floor (W, D) its levels, -1 elsewhere."""
        depth = floor.shape[1]
        begin, end = np.array(_BEGIN), np.array(_END)
        sides = _sides(members, column, across, region, depth, begin, end, STEP_X, STEP_Z)
        follows = {int(a): i for i, (a, _, _) in enumerate(sides)}
        loops: list[list[tuple[ArcKey, bool]]] = []
        unseen = dict.fromkeys(range(len(sides)))
        while unseen:
            first = next(iter(unseen))
            loop, side = [], first
            while side in unseen:
                del unseen[side]
                loop.append(side)
                side = follows[int(sides[side, 1])]
            ring = sides[loop]
            loops.append([self._arc(number, ring[run], floor) for run in _runs(ring[:, 2])])
        self.loops.append(loops)

    def _arc(
        self, number: int, sides: NDArray[np.int64], floor: NDArray[np.int32]
    ) -> tuple[ArcKey, bool]:
        corners = np.append(sides[:, 0], sides[-1, 1])
        far = int(sides[0, 2])
        forwards = far == WALL or number < far
        if corners[0] == corners[-1]:  # both sides must begin a shared loop at one corner
            at = int(np.argmin(corners))
            corners = np.append(np.roll(corners[:-1], -at), corners[at])
        if not forwards:
            corners = corners[::-1]
        least = int(np.argmin(corners))
        key = (min(number, far), max(number, far), int(corners[least]), int(corners[0]))
        if key not in self.arcs:
            x, z = np.divmod(corners, floor.shape[1] + 1)
            allowance = self.allowance if far == WALL else replace(self.allowance, longest=0.0)
            levels = corner_levels(floor, x, z)
            self.arcs[key] = Arc(np.stack([x, z], axis=1), levels, allowance)
        return key, forwards

    def ring(self, loop: list[tuple[ArcKey, bool]]) -> tuple[Corners, list[tuple[ArcKey, int]]]:
        """Corners (n, 2) of a simplified loop; for each edge its arc and its place in it."""
        corners, edges = [], []
        for key, forwards in loop:
            simple = self.arcs[key].simple
            count = len(simple) - 1
            corners.append((simple if forwards else simple[::-1])[:-1])
            edges += [(key, i if forwards else count - 1 - i) for i in range(count)]
        return np.concatenate(corners), edges

    def exact_area(self, loop: list[tuple[ArcKey, bool]]) -> int:
        """Twice the area within a loop before simplification; negative for a hole."""
        area = 0
        for key, forwards in loop:
            x, z = self.arcs[key].corners.T
            part = int((x[1:] * z[:-1] - x[:-1] * z[1:]).sum())
            area += part if forwards else -part
        return area

    def refine(self, loop: list[tuple[ArcKey, bool]]) -> bool:
        """Follow the arcs of a loop more closely; False if all are followed exactly."""
        return any([self.arcs[key].refine() for key, _ in loop])
