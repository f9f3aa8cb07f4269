"""Beds, wardrobes, and where toys go."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import (
    Part,
    Piece,
    block,
    clutter,
    front_panel,
    legs,
    table_lamp,
)
from uio2_agent.envs.pointnav.scenes.plan import Rect

_CLOTHS = ("fabric", "plaid", "stripes", "dotted")
_BRIGHT = ("blue", "teal", "sage", "rose", "mustard", "lilac", "rust", "navy", "grey", "red")


def _one_bed(draws: Draws, width: int, tone: str) -> list[Part]:
    """Bed of that width about x = 0, its head at the wall."""
    cloth = f"{draws.choice(_CLOTHS)} {draws.choice(_BRIGHT)}"
    timber = f"wood {tone}"
    parts: list[Part] = [
        block(0, 0, 0, width + 8, 6, 85 + 5 * draws.below(6), timber),
        block(0, 6, 10, width + 4, 198, 24, timber),
        *legs(-width / 2, width / 2, 10, 200, 10, 6, timber),
        block(0, 8, 34, width, 194, 16, "fabric white"),
        block(0, 70, 36, width + 3, 134, 17, cloth),
    ]
    heads = (-width / 4, width / 4) if width >= 140 else (0.0,)
    for x in heads:
        parts.append(block(x, 12, 50, min(width / len(heads) - 12, 70), 40, 10, "fabric cream"))
    return parts


def bed(draws: Draws, width: int, tone: str) -> Piece:
    """A bed with up to two night tables."""
    parts = _one_bed(draws, width, tone)
    half = width // 2 + 4
    feet = [Rect(-half, 0, half, 206)]
    tables = 2 if width >= 140 else draws.below(2)
    for side in (-1, 1)[:tables]:
        x = side * (half + 32)  # a gap wide enough that a navmesh never joins the two tops
        parts += [
            block(x, 2, 0, 44, 38, 48, f"wood {tone}"),
            front_panel(x, 40.8, 2, 42, 44, f"drawers {tone}"),
            *table_lamp(x, 20, 48, "plain brass"),
        ]
        feet.append(Rect(x - 22, 0, x + 22, 41))
    return Piece("bed", 2 * (half + 54 if tables else half), 206, 115, tuple(parts), tuple(feet))


def wardrobe(draws: Draws, width: int, tone: str) -> Piece:
    """Doors of about half a metre each, 2 m high or more."""
    height, depth = 200 + 10 * draws.below(4), 60
    doors = max(2, round(width / 50))
    parts: list[Part] = [block(0, 0, 0, width, depth, height, f"wood {tone}")]
    for i in range(doors):
        x = -width / 2 + width * (i + 0.5) / doors
        art = "mirror 0" if doors > 2 and i == doors // 2 else f"front {tone}"
        parts.append(front_panel(x, depth + 1, 8, width / doors, height - 10, art))
    return Piece("wardrobe", width, depth + 1, height, tuple(parts), front=60)


def toy_chest(draws: Draws) -> Piece:
    colour = draws.choice(_BRIGHT)
    parts: list[Part] = [
        block(0, 0, 0, 80, 42, 44, f"plain {colour}"),
        block(0, 0, 44, 84, 44, 4, "wood pine"),
        *clutter(draws, -40, 40, 22, 48, ("box", "books", "bowl")),
    ]
    return Piece("toy chest", 84, 44, 60, tuple(parts))
