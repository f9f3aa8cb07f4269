"""Doors, windows and the entrance of a floor plan; whole centimetres, the frame of `plan`."""

from dataclasses import dataclass
from typing import NamedTuple

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.plan import HEIGHT, SIDES, WALL, Layout, Rect, Room
from uio2_agent.envs.pointnav.scenes.rooms import KINDS, rank

DOOR_HEIGHT = 205
DOOR_CLEARANCE = 80  # free depth on either side of a door
NARROWEST_DOOR, WIDEST_LEAF = 90, 100

_JAMB = 12  # least wall beside a door
_WIDE_OPEN = frozenset(("living", "kitchen", "dining", "corridor"))
_OPPOSITE = {"south": "north", "north": "south", "west": "east", "east": "west"}


class Opening(NamedTuple):
    """A hole in one side of a room, from `low` to `high` along it and `sill` to `top` upwards.

    kind: "door" (one can walk through), "entrance" (closed, to the outside) or "window".
    """

    kind: str
    side: str
    low: int
    high: int
    sill: int
    top: int

    def clearance(self, room: Rect) -> Rect:
        """The floor in front of it that must stay free, in this room."""
        return room.strip(self.side, self.low, self.high, DOOR_CLEARANCE)

    def landing(self, room: Rect) -> tuple[int, int]:
        """A point in the middle of that floor."""
        x0, y0, x1, y1 = self.clearance(room)
        return (x0 + x1) // 2, (y0 + y1) // 2


class Door(NamedTuple):
    """A doorway between two rooms: `side` is seen from the first."""

    rooms: tuple[int, int]
    side: str
    low: int
    high: int
    top: int

    def passage(self, rooms: tuple[Room, ...]) -> Rect:
        """The floor inside the wall."""
        first = rooms[self.rooms[0]].rect
        return {
            "south": Rect(self.low, first.y0 - WALL, self.high, first.y0),
            "north": Rect(self.low, first.y1, self.high, first.y1 + WALL),
            "west": Rect(first.x0 - WALL, self.low, first.x0, self.high),
            "east": Rect(first.x1, self.low, first.x1 + WALL, self.high),
        }[self.side]


@dataclass(frozen=True)
class Plan:
    """A flat: rooms, doors between them, and what each room's walls are cut by.

    openings[i] belongs to rooms[i] and contains its side of every door.
    """

    width: int
    depth: int
    rooms: tuple[Room, ...]
    doors: tuple[Door, ...]
    openings: tuple[tuple[Opening, ...], ...]


class _Contact(NamedTuple):
    """Two rooms with a wall between them: its side seen from the first, and the shared span."""

    first: int
    second: int
    side: str
    low: int
    high: int


def _contacts(rooms: tuple[Room, ...]) -> list[_Contact]:
    found = []
    for i, (_, a) in enumerate(rooms):
        for j, (_, b) in enumerate(rooms):
            for side, apart in (("east", b.x0 - a.x1), ("north", b.y0 - a.y1)):
                low = max(a.span(side)[0], b.span(side)[0]) + _JAMB
                high = min(a.span(side)[1], b.span(side)[1]) - _JAMB
                if apart == WALL and high - low >= NARROWEST_DOOR:
                    found.append(_Contact(i, j, side, low, high))
    return found


def _cut_door(draws: Draws, contact: _Contact, kinds: tuple[str, str]) -> Door:
    room = contact.high - contact.low
    width, top = min(NARROWEST_DOOR + 5 * draws.below(3), room), DOOR_HEIGHT
    if set(kinds) <= _WIDE_OPEN and room > 170 and draws.chance(3):
        width, top = min(140 + 10 * draws.below(9), room), DOOR_HEIGHT + 25
    slack = room - width
    # Mostly near a corner, so that a long wall stays free for furniture.
    offset = draws.choice((0, 5, slack - 5, slack, draws.below(slack + 1)))
    low = contact.low + max(0, min(offset, slack))
    return Door((contact.first, contact.second), contact.side, low, low + width, top)


def _draw_doors(draws: Draws, rooms: tuple[Room, ...]) -> list[Door] | None:
    """A spanning tree of the most natural doors, and a few more that close loops."""
    ranked = []
    for contact in _contacts(rooms):
        kinds = rooms[contact.first].kind, rooms[contact.second].kind
        order = rank(*kinds)
        if order is not None:
            ranked.append((order, draws.below(1000), contact, kinds))
    group = list(range(len(rooms)))
    count = [0] * len(rooms)
    doors = []
    for order, _, contact, kinds in sorted(ranked):
        i, j = contact.first, contact.second
        full = any(count[k] and not KINDS[rooms[k].kind].passable for k in (i, j))
        joined = group[i] == group[j]
        closes_loop = 1 <= order <= 3 and draws.chance(2)
        if full or (joined and not closes_loop):
            continue
        group = [group[i] if g == group[j] else g for g in group]
        count[i] += 1
        count[j] += 1
        doors.append(_cut_door(draws, contact, kinds))
    return doors if len(set(group)) == 1 else None


def _free_spans(low: int, high: int, taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    spans, at = [], low
    for a, b in sorted(taken):
        if a > at:
            spans.append((at, a))
        at = max(at, b)
    return [*spans, (at, high)] if high > at else spans


def _outer_sides(layout: Layout, room: Rect) -> list[str]:
    edge = {"south": 0, "west": 0, "north": layout.depth, "east": layout.width}
    return [s for s in SIDES if abs(room.line(s) - edge[s]) <= WALL]


def _draw_window(draws: Draws, kind: str, side: str, low: int, high: int) -> Opening | None:
    length = high - low
    if length < 110:
        return None
    if kind == "bath":
        width, sill, top = 60 + 10 * draws.below(3), 130, 210
    elif kind == "living" and length > 240 and draws.chance(2):
        width, sill, top = 160 + 10 * draws.below(7), 8, 225
    else:
        width, sill, top = 100 + 10 * draws.below(9), 85 + 5 * draws.below(3), 225
    width = min(width, length - 40)
    start = low + (length - width) // 2 // 5 * 5
    return Opening("window", side, start, start + width, sill, top)


def _entrance(draws: Draws, layout: Layout) -> tuple[int, Opening]:
    """The flat's front door, in its corridor if that reaches an outer wall, else elsewhere."""
    order = ("corridor", "living", "kitchen", "dining", "study", "bedroom", "child")
    for wanted in order:
        for i, (kind, rect) in enumerate(layout.rooms):
            sides = _outer_sides(layout, rect) if kind == wanted else []
            if not sides:
                continue
            # A corridor's short end, else a corner: windows get the rest.
            side = min(sides, key=lambda s: rect.span(s)[1] - rect.span(s)[0])
            low, high = rect.span(side)
            at = draws.choice((low + _JAMB, high - _JAMB - 90))
            if kind == "corridor":
                at = (low + high) // 2 - 45
            return i, Opening("entrance", side, at, at + 90, 0, DOOR_HEIGHT)
    raise AssertionError("a flat of nothing but baths and storage rooms")


def draw_plan(draws: Draws, layout: Layout) -> Plan | None:
    """Doors, entrance and windows for a layout; None where its rooms cannot all be joined.

    Doors are at least 0.9 m wide, and every room can be reached from every other one.
    """
    doors = _draw_doors(draws, layout.rooms)
    if doors is None:
        return None
    openings: list[list[Opening]] = [[] for _ in layout.rooms]
    for door in doors:
        i, j = door.rooms
        openings[i].append(Opening("door", door.side, door.low, door.high, 0, door.top))
        openings[j].append(Opening("door", _OPPOSITE[door.side], *door[2:4], 0, door.top))
    i, entrance = _entrance(draws, layout)
    openings[i].append(entrance)
    for (kind, rect), holes in zip(layout.rooms, openings, strict=True):
        if not KINDS[kind].has_window:
            continue
        for side in _outer_sides(layout, rect):
            taken = [(o.low - 10, o.high + 10) for o in holes if o.side == side]
            spans = _free_spans(*rect.span(side), taken)
            longest = max(spans, key=lambda s: s[1] - s[0], default=(0, 0))
            window = _draw_window(draws, kind, side, *longest)
            if window is not None and window.top < HEIGHT:
                holes.append(window)
    return Plan(
        layout.width, layout.depth, layout.rooms, tuple(doors), tuple(tuple(o) for o in openings)
    )
