"""What a piece of furniture is: a few solids in its own frame, and the floor it takes.

Piece frame, centimetres: x along its width (-width/2 … width/2), y from its back (0, at the wall)
to its front (depth), z up from the floor.

Tops are never between 2 and 42 cm high: a navmesh voxelised at 0.2 m takes those for a step.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.plan import Rect


class Block(NamedTuple):
    """A box; one that stands on the floor has no bottom face, one under something no top."""

    x0: float
    x1: float
    y0: float
    y1: float
    z0: float
    z1: float
    material: str
    has_top: bool = True


class Panel(NamedTuple):
    """One face showing the whole picture once, a little before what it covers.

    facing: "front" (towards +y, at y0), "back", "left" (towards -x, at x0), "right", "up" (at z0).
    """

    facing: str
    x0: float
    x1: float
    y0: float
    y1: float
    z0: float
    z1: float
    material: str


class Turned(NamedTuple):
    """A solid of revolution about an upright axis through x, y.

    profile: radius and height, outside to the right of the way it runs (upwards: outside).
    """

    x: float
    y: float
    z: float
    profile: tuple[tuple[float, float], ...]
    material: str
    segments: int = 10


Part: TypeAlias = Block | Panel | Turned


@dataclass(frozen=True)
class Piece:
    """A piece of furniture.

    Args:
        name: What it is.
        width, depth: The rectangle it lies in, whole centimetres.
        low, height: From where to where it reaches upwards.
        parts: What it is made of.
        footprints: The floor it takes below 2 m, in its frame; the whole rectangle if None, () for
            what hangs or lies flat.
        front: Centimetres before it that are to stay free of other pieces.
    """

    name: str
    width: int
    depth: int
    height: int
    parts: tuple[Part, ...]
    footprints: tuple[Rect, ...] | None = None
    low: int = 0
    front: int = 0

    @property
    def taken(self) -> tuple[Rect, ...]:
        """The floor it takes, in its frame."""
        if self.footprints is not None:
            return self.footprints
        return (Rect(-(self.width // 2), 0, self.width - self.width // 2, self.depth),)

    @property
    def blocks(self) -> list[Block]:
        return [part for part in self.parts if isinstance(part, Block)]

    @property
    def panels(self) -> list[Panel]:
        return [part for part in self.parts if isinstance(part, Panel)]

    @property
    def rounds(self) -> list[Turned]:
        return [part for part in self.parts if isinstance(part, Turned)]


def block(
    x: float, y: float, z: float, width: float, depth: float, height: float, material: str
) -> Block:
    """A box by the middle of its width, its back, its bottom, and its extents."""
    return Block(x - width / 2, x + width / 2, y, y + depth, z, z + height, material)


def front_panel(x: float, y: float, z: float, width: float, height: float, material: str) -> Panel:
    """A picture on a face towards the room: middle, plane and bottom, and extents."""
    return Panel("front", x - width / 2, x + width / 2, y, y, z, z + height, material)


def legs(
    x0: float, x1: float, y0: float, y1: float, height: float, thick: float, material: str
) -> list[Block]:
    """Four legs in the corners of a rectangle."""
    return [
        Block(x, x + thick, y, y + thick, 0, height, material, False)
        for x in (x0, x1 - thick)
        for y in (y0, y1 - thick)
    ]


def chair(x: float, y: float, towards: str, wood: str, seat: str) -> list[Part]:
    """A chair about (x, y) that faces "up" (+y), "down", "left" (-x) or "right"."""
    half, thick = 22, 4
    parts: list[Part] = [
        *legs(x - half, x + half, y - half, y + half, 44, thick, wood),
        Block(x - half, x + half, y - half, y + half, 44, 48, seat),
    ]
    x0, x1, y0, y1 = x - half, x + half, y - half, y + half
    back = {
        "up": (x0, x1, y0, y0 + thick),
        "down": (x0, x1, y1 - thick, y1),
        "right": (x0, x0 + thick, y0, y1),
        "left": (x1 - thick, x1, y0, y1),
    }[towards]
    return [*parts, Block(*back, 48, 66, wood), Block(*back, 70, 92, wood)]


def pot(x: float, y: float, z: float, radius: float, height: float, material: str) -> Turned:
    """A pot, open at the top and filled up to below its rim."""
    profile = (
        (radius * 0.7, 0.0),
        (radius, height),
        (radius * 0.86, height),
        (radius * 0.84, height * 0.9),
        (0.0, height * 0.9),
    )
    return Turned(x, y, z, profile, material, 8)


def ball(
    x: float, y: float, z: float, radius: float, height: float, material: str, segments: int = 8
) -> Turned:
    """A lump of foliage, a fruit, a cushion: an ellipsoid of a few rings, its bottom at z."""
    rings = ((0.0, 0.0), (0.62, 0.12), (0.96, 0.4), (0.92, 0.66), (0.58, 0.9), (0.0, 1.0))
    profile = tuple((radius * r, height * h) for r, h in rings)
    return Turned(x, y, z, profile, material, segments)


def table_lamp(x: float, y: float, z: float, material: str) -> list[Part]:
    """A foot and a shining shade, 42 cm high."""
    foot = ((7.0, 0.0), (7.0, 2.0), (1.5, 3.0), (1.5, 24.0))
    return [
        Turned(x, y, z, foot, material, 6),
        Turned(x, y, z + 22, ((12.0, 0.0), (8.0, 20.0), (0.0, 20.0)), "lamp 0", 8),
    ]


_ITEMS = ("books", "vase", "bowl", "cup", "box", "lamp", "plant", "frame")
_PAINTS = ("red", "blue", "teal", "mustard", "white", "rust", "sage", "plum", "charcoal")


def _item(draws: Draws, kind: str, x: float, y: float, z: float) -> list[Part]:
    paint = "plain " + draws.choice(_PAINTS)
    if kind == "books":
        heights = [2.5 + draws.below(3) for _ in range(1 + draws.below(4))]
        return [
            block(
                x + i % 2,
                y - 9,
                z + sum(heights[:i]),
                22 - i,
                16,
                h,
                "plain " + draws.choice(_PAINTS),
            )
            for i, h in enumerate(heights)
        ]
    if kind == "vase":
        profile = ((5.0, 0.0), (8.0, 9.0), (4.0, 20.0), (5.5, 25.0), (0.0, 24.0))
        return [Turned(x, y, z, profile, paint, 10)]
    if kind == "bowl":
        profile = ((6.0, 0.0), (13.0, 8.0), (12.0, 8.0), (5.0, 2.0), (0.0, 2.0))
        fruit = "plain " + draws.choice(("red", "mustard", "green"))
        return [Turned(x, y, z, profile, paint, 10), ball(x + 2, y, z + 2, 5, 9, fruit, 8)]
    if kind == "cup":
        return [Turned(x, y, z, ((3.5, 0.0), (4.0, 9.0), (0.0, 8.0)), paint, 8)]
    if kind == "box":
        return [block(x, y - 9, z, 20, 16, 10 + draws.below(8), paint)]
    if kind == "lamp":
        return table_lamp(x, y, z, "plain brass")
    if kind == "plant":
        return [pot(x, y, z, 8, 11, paint), ball(x, y, z + 9, 12, 22, "leaf green")]
    art = f"painting {draws.below(24)}"
    return [block(x, y - 2, z, 18, 2, 22, "wood ebony"), front_panel(x, y + 1, z, 18, 22, art)]


def clutter(
    draws: Draws, x0: float, x1: float, y: float, z: float, kinds: Iterable[str] = _ITEMS
) -> list[Part]:
    """Things along a line on top of something, 35 cm apart, about every other place empty."""
    parts: list[Part] = []
    options = list(kinds)
    for i in range(max(0, int((x1 - x0) // 35))):
        if draws.chance(2):
            parts += _item(draws, draws.choice(options), x0 + 17 + 35 * i, y, z)
    return parts
