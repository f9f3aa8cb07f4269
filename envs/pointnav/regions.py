"""Spans grouped into regions that are flat enough never to lie over themselves.

A storey connected to another by stairs lies over it; cut into slabs lower than an agent, no slab
can, because spans over each other are at least an agent's height apart. Within a region a column
then names a span, which is what outlines need.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.voxels import Spans


@njit(cache=True, nogil=True, error_model="numpy")
def _components(across, walkable, slab):
    """(S,) connected component within a slab, -1 where not walkable; and how many there are."""
    label = np.full(len(walkable), -1, np.int32)
    stack = np.empty(len(walkable), np.int32)
    count = 0
    for first in range(len(walkable)):
        if not walkable[first] or label[first] >= 0:
            continue
        label[first], stack[0] = count, first
        top = 1
        while top > 0:
            top -= 1
            s = stack[top]
            for k in range(4):
                t = across[s, k]
                if t >= 0 and label[t] < 0 and slab[t] == slab[s]:
                    label[t] = count
                    stack[top] = t
                    top += 1
        count += 1
    return label, count


@njit(cache=True, nogil=True, error_model="numpy")
def _overlapping(start, label, count):
    """(count,) whether a component has two spans in one column."""
    twice = np.zeros(count, np.bool_)
    for c in range(len(start) - 1):
        for s in range(start[c], start[c + 1]):
            for t in range(start[c], s):
                if label[s] >= 0 and label[s] == label[t]:
                    twice[label[s]] = True
    return twice


@njit(cache=True, nogil=True, error_model="numpy")
def _remove(across, walkable, s):
    walkable[s] = False
    for k in range(4):
        t = across[s, k]
        if t >= 0:
            across[t, (k + 2) % 4] = -1
            across[s, k] = -1


@njit(cache=True, nogil=True, error_model="numpy")
def _unpinch(grid, across, walkable, level):
    """Remove spans so that a region (W, D) touches itself nowhere but across whole sides.

    Diagonal neighbours without a common one would make an outline cross itself, and neighbours in
    plan with a step between them would lie on both sides of one wall.
    """
    removed = 0
    width, depth = grid.shape
    for x in range(width):
        for z in range(depth):
            s = grid[x, z]
            if s < 0:
                continue
            for k in (1, 2):  # +z and +x
                nx, nz = x + (k == 2), z + (k == 1)
                t = grid[nx, nz] if nx < width and nz < depth else -1
                if t >= 0 and grid[x, z] == s and across[s, k] != t:
                    upper = s if level[s] > level[t] else t
                    _remove(across, walkable, upper)
                    grid[(x if upper == s else nx), (z if upper == s else nz)] = -1
                    removed += 1
    for x in range(width - 1):
        for z in range(depth - 1):
            a, b = grid[x, z] >= 0, grid[x + 1, z] >= 0
            c, d = grid[x, z + 1] >= 0, grid[x + 1, z + 1] >= 0
            if a and d and not b and not c:
                _remove(across, walkable, grid[x + 1, z + 1])
                grid[x + 1, z + 1] = -1
                removed += 1
            elif b and c and not a and not d:
                _remove(across, walkable, grid[x + 1, z])
                grid[x + 1, z] = -1
                removed += 1
    return removed


def _slabs(spans: Spans, height: int) -> NDArray[np.int32]:
    """(S,) one slab for all of what never overlaps itself, else slabs cut where least is cut."""
    slab = np.zeros(len(spans.level), np.int32)
    label, count = _components(spans.across, spans.walkable, slab)
    twice = _overlapping(spans.start, label, count)
    for component in np.flatnonzero(twice):
        own = np.flatnonzero(label == component)
        cuts = []
        for offset in range(height):
            part = (spans.level + offset) // height
            beside = spans.across[own]
            cuts.append(int(((beside >= 0) & (part[beside] != part[own, None])).sum()))
        slab[own] = (spans.level[own] + int(np.argmin(cuts))) // height
    return slab


def by_region(region: NDArray[np.int32], count: int) -> list[NDArray[np.int64]]:
    """The spans of every region, in rising order."""
    order = np.argsort(region, kind="stable")
    starts = np.searchsorted(region[order], np.arange(count + 1))
    return [order[starts[i] : starts[i + 1]] for i in range(count)]


def split_regions(
    spans: Spans, shape: tuple[int, int], height: int, min_spans: float
) -> tuple[NDArray[np.int32], int]:
    """(S,) the region of every span, -1 for none, and their number.

    Changes `spans`: islands of fewer than `min_spans` spans go, and single spans where a region
    would touch itself. height: of the agent, in voxels.
    """
    _drop_small(spans, min_spans)
    slab = _slabs(spans, height)
    label, count = _components(spans.across, spans.walkable, slab)
    for members in by_region(label, count):
        x, z = np.divmod(spans.column[members], shape[1])
        grid = np.full((np.ptp(x) + 1, np.ptp(z) + 1), -1, np.int64)
        grid[x - x.min(), z - z.min()] = members
        while _unpinch(grid, spans.across, spans.walkable, spans.level):
            pass
    _drop_small(spans, min_spans)  # again: what was removed may have cut an island in two
    return _components(spans.across, spans.walkable, slab)


def _drop_small(spans: Spans, min_spans: float) -> None:
    everywhere = np.zeros(len(spans.level), np.int32)
    label, count = _components(spans.across, spans.walkable, everywhere)
    size = np.bincount(label[label >= 0], minlength=count)
    small = (label >= 0) & np.append(size < min_spans, False)[label]
    spans.walkable[small] = False
    spans.across[small] = -1  # whole components: nothing else leads into them
