"""Floor, ceiling, walls with their openings, door frames and windows of a room.

Surfaces are cut into a grid, finer beside corners, so that light baked into corners shows.
"""

from typing import NamedTuple

import numpy as np

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import Block
from uio2_agent.envs.pointnav.scenes.light import NORMALS
from uio2_agent.envs.pointnav.scenes.materials import material
from uio2_agent.envs.pointnav.scenes.openings import Door, Opening
from uio2_agent.envs.pointnav.scenes.pictures import SKIES
from uio2_agent.envs.pointnav.scenes.plan import HEIGHT, SIDES, Room
from uio2_agent.envs.pointnav.scenes.surfaces import Surfaces

_SKIRTING = 8
_EDGE, _MESH = 30, 160  # a narrow strip along edges, then at most this far
_OVERLAP = 2  # floor and ceiling reach a little into walls, so that no crack opens
_THRESHOLD = 0.4
_REVEAL = 10
_SEAL, _HAIR = 3, 0.05
_TRIM, _TRIM_DEPTH = 7, 1.5

_PALE = ("white", "cream", "grey", "sand", "sage", "sky", "lilac", "rose")
_STRONG = ("teal", "rust", "mustard", "blue", "olive", "plum", "red", "green")


class Finish(NamedTuple):
    """Materials of a room: walls below and above `dado` (centimetres; 0: the same all over)."""

    floor: str
    wall: str
    lower: str
    dado: int
    skirting: str


def draw_finish(draws: Draws, kind: str) -> Finish:
    """How a room of this kind is decorated."""
    if kind in ("bath", "kitchen"):
        floor = draws.choice(("tiles", "checked", "smalltiles"))
        floor += " " + draws.choice(("white", "grey", "sand", "charcoal", "teal", "blue", "rust"))
        paint = "plaster " + draws.choice(_PALE)
        tiled = draws.choice(("tiles ", "smalltiles ")) + draws.choice(("white", *_PALE, "teal"))
        return Finish(floor, paint, tiled, 200 if kind == "bath" else 150, tiled)
    if kind == "storage":
        paint = draws.choice(("plaster white", "brick white", "plaster grey"))
        return Finish("tiles grey", paint, paint, 0, "wood painted")
    floor = draws.choice(("planks", "planks", "parquet", "carpet"))
    if floor == "carpet":
        floor += " " + draws.choice(("grey", "sand", "navy", "olive", "rose", "brown", "teal"))
    else:
        floor += " " + draws.choice(("oak", "pine", "walnut", "cherry", "ash"))
    styles = ("plaster", "plaster", "plaster", "plaster", "wallpaper", "damask", "brick")
    style = draws.choice(styles)
    colour = draws.choice(("red", "white", "rust")) if style == "brick" else draws.choice(_PALE)
    if style == "plaster" and draws.chance(6):
        colour = draws.choice(_STRONG)
    wall = f"{style} {colour}"
    skirting = draws.choice(("wood painted", "wood painted", "wood oak", "wood walnut"))
    if draws.chance(5):
        lower = draws.choice(("wood painted", "wood walnut", f"plaster {draws.choice(_STRONG)}"))
        return Finish(floor, wall, lower, 100, skirting)
    return Finish(floor, wall, wall, 0, skirting)


def _lines(low: int, high: int, cuts: list[int]) -> list[int]:
    """Where to cut a stretch: near its ends, at `cuts`, and nowhere farther than _MESH apart."""
    fixed = {low, high, *(c for c in cuts if low < c < high)}
    if high - low > 3 * _EDGE:
        fixed |= {low + _EDGE, high - _EDGE}
    marks = sorted(fixed)
    lines = [low]
    for a, b in zip(marks, marks[1:], strict=False):
        parts = -(-(b - a) // _MESH)
        lines += [a + (b - a) * (i + 1) // parts for i in range(parts)]
    return lines


def _grid(us: list[int], vs: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Corners (Q, 4) in u and in v of all cells, counter-clockwise, u fastest."""
    u0, v0 = np.meshgrid(us[:-1], vs[:-1])
    u1, v1 = np.meshgrid(us[1:], vs[1:])
    return (
        np.stack([u0, u1, u1, u0], -1).reshape(-1, 4).astype(np.float64),
        np.stack([v0, v0, v1, v1], -1).reshape(-1, 4).astype(np.float64),
    )


def _add_level(surfaces: Surfaces, room: Room, z: int, name: str, *, down: bool) -> None:
    """Floor or ceiling."""
    r = room.rect
    xs, ys = _lines(r.x0, r.x1, []), _lines(r.y0, r.y1, [])
    xs[0], xs[-1] = xs[0] - _OVERLAP, xs[-1] + _OVERLAP
    ys[0], ys[-1] = ys[0] - _OVERLAP, ys[-1] + _OVERLAP
    x, y = _grid(xs, ys)
    quads = np.stack([x, y, np.full_like(x, z)], -1)
    uv = np.stack([x, -y], -1) / 100 / material(name).tile
    if down:
        quads, uv = quads[:, ::-1], uv[:, ::-1]
    surfaces.add_quads(quads, uv, [name] * len(quads))


def _along(side: str) -> int:
    """Does one walk towards higher (1) or lower (-1) coordinates when keeping right along it?"""
    nx, ny, _ = NORMALS[side]
    return int(-ny + nx)  # upwards x normal


def _point(room: Room, side: str, s: float, z: float, out: float = 0.0) -> tuple:
    """The point at coordinate `s` along a side, `out` beyond it."""
    nx, ny, _ = NORMALS[side]
    line = room.rect.line(side)
    if side in ("south", "north"):
        return s, line - out * ny, z
    return line - out * nx, s, z


def _add_wall(
    surfaces: Surfaces, room: Room, side: str, holes: list[Opening], zs: list[int], finish: Finish
) -> None:
    low, high = room.rect.span(side)
    ss = _lines(low, high, [s for o in holes for s in (o.low, o.high)])
    s, z = _grid(ss, zs)
    if _along(side) < 0:
        s, z = s[:, [1, 0, 3, 2]], z
    middle_s, middle_z = (s.min(1) + s.max(1)) / 2, (z.min(1) + z.max(1)) / 2
    solid = np.ones(len(s), np.bool_)
    for o in holes:
        inside = (middle_s > o.low) & (middle_s < o.high)
        solid &= ~(inside & (middle_z > o.sill) & (middle_z < o.top))
    s, z, middle_z = s[solid], z[solid], middle_z[solid]
    line = np.full_like(s, room.rect.line(side))
    lies = side in ("south", "north")
    quads = np.stack([s, line, z] if lies else [line, s, z], -1)
    names = [
        finish.skirting if m < _SKIRTING else finish.lower if m < finish.dado else finish.wall
        for m in middle_z
    ]
    tiles = np.array([material(n).tile for n in names])[:, None, None]
    surfaces.add_quads(quads, np.stack([s, -z], -1) / 100 / tiles, names)


def _add_recess(
    surfaces: Surfaces, room: Room, o: Opening, deep: float, lining: str, picture: str
) -> None:
    """What fills a window or a closed door: four reveals and a picture at the back."""
    w, h = _along(o.side) * (o.high - o.low), o.top - o.sill
    left, right = (o.low, o.high) if w > 0 else (o.high, o.low)
    flat = o.side in ("south", "north")

    def sideways(s: float) -> tuple[float, float, float]:
        return (s, 0.0, 0.0) if flat else (0.0, s, 0.0)

    nx, ny, _ = NORMALS[o.side]
    inwards = (nx * deep, ny * deep, 0.0)
    outwards = (-nx * deep, -ny * deep, 0.0)
    surfaces.add_picture(_point(room, o.side, left, o.sill, deep), sideways(w), (0, 0, h), picture)
    # Seen from the room: the left reveal faces right, and so on.
    surfaces.add_rectangle(_point(room, o.side, left, o.sill), outwards, (0, 0, h), lining)
    back = _point(room, o.side, right, o.sill, deep)
    surfaces.add_rectangle(back, inwards, (0, 0, h), lining)
    if o.sill > 0:
        front = _point(room, o.side, left, o.sill)
        surfaces.add_rectangle(front, sideways(w), outwards, lining)
    top = _point(room, o.side, left, o.top, deep)
    surfaces.add_rectangle(top, sideways(w), inwards, lining)
    _add_seals(surfaces, room, o, deep, lining)


def _add_seals(surfaces: Surfaces, room: Room, o: Opening, deep: float, name: str) -> None:
    """Strips behind the seams of a recess, a hair's breadth away from what is seen.

    The wall's edge is made of several pieces and the reveal's of one, so pixels between the two
    may belong to neither, and one would see through. Likewise where a closed door meets the floor.
    """
    below, above = max(o.sill - _SEAL, 0), o.top + _SEAL
    strips: list[tuple[float, float, float, float, float]] = [
        (o.low - _SEAL, o.low, below, above, _HAIR),
        (o.high, o.high + _SEAL, below, above, _HAIR),
        (o.low, o.high, o.top, above, _HAIR),
    ]
    if o.sill > 0:
        strips.append((o.low, o.high, below, o.sill, _HAIR))
    else:
        strips.append((o.low, o.high, 0, 4 * _HAIR, deep - _HAIR))
    along = _along(o.side)
    for s0, s1, z0, z1, behind in strips:
        corner = _point(room, o.side, s0 if along > 0 else s1, z0, behind)
        length = along * (s1 - s0)
        right = (length, 0.0, 0.0) if o.side in ("south", "north") else (0.0, length, 0.0)
        surfaces.add_rectangle(corner, right, (0, 0, z1 - z0), name)


def _add_frame(surfaces: Surfaces, room: Room, o: Opening, name: str) -> None:
    """Strips of wood around a door, on this room's wall."""
    nx, ny, _ = NORMALS[o.side]
    blocks = []
    for s0, s1, z0, z1 in (
        (o.low - _TRIM, o.low, 0, o.top),
        (o.high, o.high + _TRIM, 0, o.top),
        (o.low - _TRIM, o.high + _TRIM, o.top, o.top + _TRIM),
    ):
        a = _point(room, o.side, s0, z0)
        b = _point(room, o.side, s1, z1, -_TRIM_DEPTH)
        x, y = sorted((a[0], b[0])), sorted((a[1], b[1]))
        blocks.append(Block(x[0], x[1], y[0], y[1], z0, z1, name))
    surfaces.add_blocks(blocks)


def add_room(
    surfaces: Surfaces,
    room: Room,
    openings: tuple[Opening, ...],
    finish: Finish,
    trim: str,
    draws: Draws,
) -> None:
    """Everything of a room that is built in."""
    _add_level(surfaces, room, 0, finish.floor, down=False)
    _add_level(surfaces, room, HEIGHT, "plaster white", down=True)
    heights = [z for o in openings for z in (o.sill, o.top)]
    zs = _lines(0, HEIGHT, [_SKIRTING, finish.dado, *heights])
    for side in SIDES:
        holes = [o for o in openings if o.side == side]
        _add_wall(surfaces, room, side, holes, zs, finish)
    for o in openings:
        if o.kind == "window":
            sky = f"sky {draws.below(SKIES)}"
            _add_recess(surfaces, room, o, _REVEAL, "plaster white", sky)
            continue
        _add_frame(surfaces, room, o, trim)
        if o.kind == "entrance":
            wood = draws.choice(("walnut", "oak", "cherry", "painted"))
            _add_recess(surfaces, room, o, _OVERLAP, trim, f"door {wood}")  # its sill is the floor


def add_doorway(surfaces: Surfaces, rooms: tuple[Room, ...], door: Door, trim: str) -> None:
    """The inside of a wall that a door cuts: two jambs, the lintel, the threshold."""
    x0, y0, x1, y1 = door.passage(rooms)
    w, d, h, t = x1 - x0, y1 - y0, door.top, _THRESHOLD
    if door.side in ("south", "north"):
        surfaces.add_rectangle((x0, y0, 0), (0, d, 0), (0, 0, h), trim)
        surfaces.add_rectangle((x1, y1, 0), (0, -d, 0), (0, 0, h), trim)
        y0, d = y0 - _OVERLAP, d + 2 * _OVERLAP
    else:
        surfaces.add_rectangle((x1, y0, 0), (-w, 0, 0), (0, 0, h), trim)
        surfaces.add_rectangle((x0, y1, 0), (w, 0, 0), (0, 0, h), trim)
        x0, w = x0 - _OVERLAP, w + 2 * _OVERLAP
    surfaces.add_rectangle((x0, y0, t), (w, 0, 0), (0, d, 0), "wood walnut")
    surfaces.add_rectangle((x0, y0 + d, h), (w, 0, 0), (0, -d, 0), trim)
