"""Floor plans: rooms by recursive splitting, a corridor where a flat is big enough.

Plan frame: x to the right, y away, whole centimetres, the flat's outer walls running along x = 0,
x = width, y = 0, y = depth (their middle lines). Rooms are given by their clear inside.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.rooms import CORRIDORS, KINDS, PROGRAMMES

WALL = 12  # thickness
HEIGHT = 260  # floor to ceiling
SIDES = ("south", "east", "north", "west")

_STEP = 5
_AT_END = ("living", "dining", "bedroom")
_SLIMMEST = 26  # longest side over shortest, in tenths


class Rect(NamedTuple):
    """Axis-aligned rectangle, x0 < x1 and y0 < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def depth(self) -> int:
        return self.y1 - self.y0

    @property
    def area(self) -> int:
        return self.width * self.depth

    def grown(self, by: int) -> "Rect":
        """Every side moved outwards by `by`, inwards if negative."""
        return Rect(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)

    def meets(self, other: "Rect") -> bool:
        """Do the two share more than an edge?"""
        return (
            self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1
        )

    def span(self, side: str) -> tuple[int, int]:
        """Where this side begins and ends along its wall."""
        return (self.x0, self.x1) if side in ("south", "north") else (self.y0, self.y1)

    def line(self, side: str) -> int:
        """The coordinate that stays the same along this side."""
        return {"south": self.y0, "north": self.y1, "west": self.x0, "east": self.x1}[side]

    def strip(self, side: str, low: int, high: int, deep: int) -> "Rect":
        """The part from `low` to `high` along a side that lies within `deep` of it, inside."""
        if side == "south":
            return Rect(low, self.y0, high, self.y0 + deep)
        if side == "north":
            return Rect(low, self.y1 - deep, high, self.y1)
        if side == "west":
            return Rect(self.x0, low, self.x0 + deep, high)
        return Rect(self.x1 - deep, low, self.x1, high)


class Room(NamedTuple):
    """A room by its kind and its clear inside."""

    kind: str
    rect: Rect


@dataclass(frozen=True)
class Layout:
    """Rooms of a flat of outer size width x depth, before doors and windows."""

    width: int
    depth: int
    rooms: tuple[Room, ...]


class _Wish(NamedTuple):
    kind: str
    area: int  # cm²


def _wishes(draws: Draws, kinds: tuple[str, ...]) -> list[_Wish]:
    wishes = []
    for kind in kinds:
        low, high = KINDS[kind].area
        wishes.append(_Wish(kind, 100 * (low + draws.below(high - low + 1))))
    return draws.distinct(wishes, len(wishes))


def _total(wishes: list[_Wish]) -> int:
    return sum(w.area for w in wishes)


def _split(draws: Draws, rect: Rect, wishes: list[_Wish]) -> list[tuple[str, Rect]]:
    """Cut a rectangle (between wall middles) into one part for every wish, by their areas."""
    if len(wishes) == 1:
        return [(wishes[0].kind, rect)]
    cut = len(wishes) // 2 + draws.below(2) * (len(wishes) % 2)
    first, second = wishes[:cut], wishes[cut:]
    across = rect.width * 10 > rect.depth * (8 + draws.below(5))
    length = rect.width if across else rect.depth
    at = length * _total(first) // _total(wishes) // _STEP * _STEP
    if across:
        near, far = rect._replace(x1=rect.x0 + at), rect._replace(x0=rect.x0 + at)
    else:
        near, far = rect._replace(y1=rect.y0 + at), rect._replace(y0=rect.y0 + at)
    return _split(draws, near, first) + _split(draws, far, second)


def _rounded(length: int) -> int:
    return length // _STEP * _STEP


def _open_flat(draws: Draws, wishes: list[_Wish]) -> list[tuple[str, Rect]]:
    """Rooms side by side, without a corridor."""
    width = _rounded(math.isqrt(_total(wishes) * (10 + draws.below(8)) // 10))
    return _split(draws, Rect(0, 0, width, _rounded(_total(wishes) // width)), wishes)


def _corridor_flat(draws: Draws, wishes: list[_Wish]) -> list[tuple[str, Rect]]:
    """Two bands of rooms along a corridor, at each end of which there may be a room as well."""
    ends = [w for w in wishes if w.kind in _AT_END]
    heads = draws.distinct(
        ends, min(len(ends), draws.choice((0, 1, 1, 2) if len(wishes) > 6 else (0, 1)))
    )
    bands: tuple[list[_Wish], list[_Wish]] = ([], [])
    for wish in wishes:
        if wish not in heads:
            bands[_total(bands[0]) > _total(bands[1])].append(wish)
    rest = _total(bands[0]) + _total(bands[1])
    width = _rounded(math.isqrt(rest * (11 + draws.below(14)) // 10))
    near, far = (_rounded(_total(band) // width) for band in bands)
    clear = 120 + 10 * draws.below(6)
    depth = near + clear + far
    parts = [("corridor", Rect(0, near, width, near + clear))]
    parts += _split(draws, Rect(0, 0, width, near), bands[0])
    parts += _split(draws, Rect(0, near + clear, width, depth), bands[1])
    edges = [width, 0]
    for i, head in enumerate(heads):
        deep = _rounded(head.area // depth) * (1, -1)[i]
        x0, x1 = sorted((edges[i], edges[i] + deep))
        parts.append((head.kind, Rect(x0, 0, x1, depth)))
    left = min(rect.x0 for _, rect in parts)
    return [(kind, Rect(x0 - left, y0, x1 - left, y1)) for kind, (x0, y0, x1, y1) in parts]


def _fits(kind: str, inside: Rect) -> bool:
    short, long = sorted((inside.width, inside.depth))
    if short < KINDS[kind].narrowest:
        return False
    return kind == "corridor" or long * 10 <= short * _SLIMMEST


def draw_layout(draws: Draws, size: str) -> Layout | None:
    """A random layout; None where it came out with a room too narrow to live in.

    Args:
        draws: Where chance comes from.
        size: A key of `rooms.PROGRAMMES`.
    """
    wishes = _wishes(draws, draws.choice(PROGRAMMES[size]))
    has_corridor = draws.chance(4, wins=CORRIDORS[size])
    parts = (_corridor_flat if has_corridor else _open_flat)(draws, wishes)
    width, depth = max(r.x1 for _, r in parts), max(r.y1 for _, r in parts)
    flip_x, flip_y, turn = draws.chance(2), draws.chance(2), draws.chance(2)
    rooms = []
    for kind, (x0, y0, x1, y1) in parts:
        if flip_x:
            x0, x1 = width - x1, width - x0
        if flip_y:
            y0, y1 = depth - y1, depth - y0
        rect = Rect(y0, x0, y1, x1) if turn else Rect(x0, y0, x1, y1)
        inside = rect.grown(-WALL // 2)
        if not _fits(kind, inside):
            return None
        rooms.append(Room(kind, inside))
    return Layout(*((depth, width) if turn else (width, depth)), tuple(rooms))
