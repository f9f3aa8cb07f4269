"""What somebody would push who knows everything (vima_bench.md §8).

A block is pushed from its middle, in one push or, where the line or other blocks are in the way, in
two. Blocks that need one push go first, of these the leftmost; it takes the shortest way that ends
well inside the zone. Where blocks stand so close that one is pushed with the other, they are pushed
about on the open table, not into the zone; the next step sees what became of that.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.scenario import XY, Rectangle, Sweep
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.spatula import LANDING, STOP, THICKNESS, WIDTH
from uio2_agent.envs.tabletop.sweeping import Sweeping

Points = NDArray[np.float64]  # (..., 2), metres
Values = NDArray[np.float64]

_SIDE = SHAPES["small block"].real[0]
_CORNER = _SIDE / math.sqrt(2)  # how far it is from the middle
# In the end a block lies flat against the blade: so far before the point pushed to, metres.
SHORT = STOP - (THICKNESS + _SIDE) / 2

_INSIDE = 0.035  # from the edges of zone and line; 14 mm of it a sample point is out
_APART = 0.010  # between the blade and another block
_BACK = LANDING + (THICKNESS + _SIDE) / 2  # what lies so far behind the block is not landed on

# Stops on the way: all over the table before the zone.
_VIAS: Points = np.array([(x / 100, y / 100) for x in (58, 64, 70) for y in range(-30, 31, 4)])

# Ways are compared by pushes + length, metres + what they spoil: blocks shoved aside on the open
# table matter less than blocks shoved into the zone, and the line more than anything.
_SHOVED, _SHOVED_IN, _LINE = 50.0, 1000.0, 1000.0


@dataclass(frozen=True, kw_only=True)
class Way:
    """Points that a block is pushed to, one after the other, and what is to be said against it."""

    stops: tuple[XY, ...]
    cost: float


def plan_pushes(bodies: Mapping[int, Body], progress: Sweeping) -> list[Move]:
    """Pushes that finish the episode, as far as it can be foreseen."""
    sweep = progress.sweep
    now = {i: bodies[i].xy for i in (*sweep.targets, *sweep.others)}
    waiting = [i for i in sweep.targets if i not in progress.counted]
    moves: list[Move] = []
    for _ in range(sweep.wanted - len(progress.counted)):
        ways = {i: _way(sweep, now, i) for i in waiting}
        chosen = min(waiting, key=lambda i: (int(ways[i].cost), now[i][1]))
        waiting.remove(chosen)
        for stop in ways[chosen].stops:
            moves.append(_push(now[chosen], stop))
            now[chosen] = stop
    return moves


def _push(start: XY, end: XY) -> Move:
    """The push that brings a block from `start` to `end`."""
    beyond = 1 + SHORT / math.dist(start, end)
    x, y = (a + beyond * (b - a) for a, b in zip(start, end, strict=True))
    return Move(pick=start, place=(x, y))


def _way(sweep: Sweep, now: Mapping[int, XY], block: int) -> Way:
    """The best way to bring `block` into the zone."""
    start = np.array(now[block])
    others = np.array([xy for i, xy in now.items() if i != block])
    ends = _ends(sweep.zone, start[1])
    off_centre = np.abs(ends[:, 0] - sum(sweep.zone.x) / 2)

    def costs(start: Points, end: Points, shoved: float) -> Values:
        spoilt = _LINE * _crosses(start, end, sweep.line) + shoved * _shoved(start, end, others)
        return 1 + _length(start, end) + spoilt

    direct = costs(start, ends, _SHOVED_IN) + off_centre
    best = int(direct.argmin())
    way = Way(stops=(_xy(ends[best]),), cost=float(direct[best]))
    if way.cost < 2:
        return way
    second = costs(_VIAS[:, None], ends, _SHOVED_IN) + off_centre  # (vias, ends)
    both = costs(start, _VIAS, _SHOVED)[:, None] + second
    via, end = divmod(int(both.argmin()), len(ends))
    if way.cost <= both[via, end]:
        return way
    return Way(stops=(_xy(_VIAS[via]), _xy(ends[end])), cost=float(both[via, end]))


def _xy(point: Points) -> XY:
    x, y = point.tolist()
    return x, y


def _ends(zone: Rectangle, y: float) -> Points:
    """Places (N, 2) to leave a block at, well inside the zone; straight ahead of it, too."""
    (x0, x1), (y0, y1) = (_narrower(*side) for side in (zone.x, zone.y))
    ys = np.append(np.linspace(y0, y1, 9), min(max(y, y0), y1))
    xs = np.linspace(x0, x1, 3)
    return np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)


def _narrower(low: float, high: float) -> tuple[float, float]:
    margin = min(_INSIDE, (high - low) / 2)
    return low + margin, high - margin


def _length(start: Points, end: Points) -> Values:
    return np.hypot(*np.moveaxis(end - start, -1, 0))


def _crosses(start: Points, end: Points, line: Rectangle) -> NDArray[np.bool_]:
    """Whether straight ways come too near to a rectangle."""
    enter, leave = np.array(0.0), np.array(1.0)  # parts of the way
    for axis, (low, high) in enumerate((line.x, line.y)):
        step = end[..., axis] - start[..., axis]
        step = np.where(np.abs(step) < 1e-9, 1e-9, step)
        a = (low - _INSIDE - start[..., axis]) / step
        b = (high + _INSIDE - start[..., axis]) / step
        enter, leave = np.maximum(enter, np.minimum(a, b)), np.minimum(leave, np.maximum(a, b))
    return np.asarray(enter <= leave)


def _shoved(start: Points, end: Points, others: Points) -> Values:
    """By how much, in metres, blade and block on straight ways overlap with other blocks (K, 2)."""
    way = end - start
    far = np.maximum(_length(start, end), 1e-9)
    way = way / far[..., None]
    off = others - start[..., None, :]  # (..., K, 2)
    along = (off * way[..., None, :]).sum(-1)
    across = np.abs(off[..., 0] * way[..., None, 1] - off[..., 1] * way[..., None, 0])
    met = (along > -_BACK) & (along < far[..., None] + 2 * _CORNER + _APART)
    return (np.maximum(WIDTH / 2 + _CORNER + _APART - across, 0) * met).sum(-1)
