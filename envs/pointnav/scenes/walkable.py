"""Where a round agent's middle can be, on a grid of 5 cm; a cheap check, not a navmesh.

A cell is open if a square of half-width REACH about its middle meets no wall and no furniture. An
agent of 0.18 m radius needs 0.20 m on a navmesh, and its voxels of 0.05 m swell every obstacle by
up to one more.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.scenes.openings import Door
from uio2_agent.envs.pointnav.scenes.plan import WALL, Rect, Room

CELL = 5  # centimetres
REACH = 25

Mask = NDArray[np.bool_]


def _cells(low: int, high: int, start: int) -> slice:
    """Cells whose middles lie in [low, high], for a grid whose first cell begins at `start`."""
    first = -(-(2 * (low - start) - CELL) // (2 * CELL))
    last = (2 * (high - start) - CELL) // (2 * CELL)
    return slice(max(first, 0), max(last + 1, 0))


def open_cells(area: Rect, open_: Iterable[Rect], closed: Iterable[Rect]) -> Mask:
    """(columns, rows) of `area`: where the middle may be.

    Args:
        area: What the grid covers.
        open_: Rectangles a middle may be in.
        closed: Rectangles taken by furniture.
    """
    mask = np.zeros((-(-area.width // CELL), -(-area.depth // CELL)), np.bool_)
    for rects, value in ((open_, True), ((r.grown(REACH) for r in closed), False)):
        for x0, y0, x1, y1 in rects:
            mask[_cells(x0, x1, area.x0), _cells(y0, y1, area.y0)] = value
    return mask


def cell_of(area: Rect, point: tuple[int, int]) -> tuple[int, int]:
    return (point[0] - area.x0) // CELL, (point[1] - area.y0) // CELL


def _runs(mask: Mask) -> NDArray[np.int64]:
    """Number of the run of open cells along the last axis that a cell lies in."""
    starts = mask.copy()
    starts[:, 1:] &= ~mask[:, :-1]
    return np.cumsum(starts.ravel(), dtype=np.int64).reshape(mask.shape)


def reached(mask: Mask, start: tuple[int, int]) -> Mask:
    """The open cells that a walk along rows and columns reaches from `start`."""
    found = np.zeros_like(mask)
    if not mask[start]:
        return found
    along, across = _runs(mask)[mask], _runs(mask.T).T[mask]
    inside = np.zeros(len(along), np.bool_)
    inside[np.cumsum(mask.ravel())[start[0] * mask.shape[1] + start[1]] - 1] = True
    count = 0
    while (now := int(inside.sum())) > count:
        count = now
        for runs in (along, across):
            hit = np.zeros(runs.max() + 1, np.bool_)
            hit[runs[inside]] = True
            inside = hit[runs]
    found[mask] = inside
    return found


def flat_mask(
    area: Rect, rooms: Sequence[Room], doors: Sequence[Door], taken: Iterable[Rect]
) -> Mask:
    """Open cells of a whole flat: its rooms and doorways less furniture."""
    ways = []
    for door in doors:
        passage = door.passage(tuple(rooms))
        long, wide = WALL // 2 + REACH, -REACH
        x0, y0, x1, y1 = passage
        if door.side in ("south", "north"):
            ways.append(Rect(x0 - wide, y0 - long, x1 + wide, y1 + long))
        else:
            ways.append(Rect(x0 - long, y0 - wide, x1 + long, y1 + wide))
    return open_cells(area, [*(room.rect.grown(-REACH) for room in rooms), *ways], taken)
