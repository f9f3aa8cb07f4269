"""Sofas, tables with chairs, televisions and desks."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.decoration import rug_under
from uio2_agent.envs.pointnav.scenes.furniture.piece import (
    Block,
    Part,
    Piece,
    Turned,
    block,
    chair,
    clutter,
    front_panel,
    legs,
)
from uio2_agent.envs.pointnav.scenes.plan import Rect

_COVERS = ("grey", "charcoal", "blue", "teal", "rust", "olive", "sand", "plum", "navy", "red")
_CUSHIONS = ("mustard", "rose", "cream", "teal", "rust", "sky")


def _sofa(draws: Draws, width: int, cover: str) -> list[Part]:
    cloth = f"fabric {cover}"
    inner = width - 40
    seats = max(1, inner // 60)
    parts: list[Part] = [
        block(0, 0, 8, width, 90, 34, cloth),
        *legs(-width / 2, width / 2, 4, 86, 8, 6, "wood ebony"),
        block(0, 0, 42, width, 22, 40, cloth),
        block(-width / 2 + 10, 22, 42, 20, 68, 18, cloth),
        block(width / 2 - 10, 22, 42, 20, 68, 18, cloth),
    ]
    for i in range(seats):
        x = -inner / 2 + inner * (i + 0.5) / seats
        parts.append(block(x, 22, 42, inner / seats - 2, 66, 7, cloth))
        if draws.chance(2):
            parts.append(block(x, 24, 49, 40, 12, 34, f"fabric {draws.choice(_CUSHIONS)}"))
    return parts


def seating(draws: Draws, width: int, tone: str) -> Piece:
    """A sofa, a low table before it, in most cases on a rug."""
    parts = _sofa(draws, width, draws.choice(_COVERS))
    length, gap = min(width - 60, 120), 132
    parts += [
        block(0, gap, 42, length, 60, 4, f"wood {tone}"),
        *legs(-length / 2, length / 2, gap, gap + 60, 42, 5, f"wood {tone}"),
        *clutter(draws, -length / 2, length / 2, gap + 30, 46, ("books", "bowl", "cup", "vase")),
    ]
    if not draws.chance(4):
        parts.append(rug_under(draws, (-width / 2 + 10, width / 2 - 10, 60, gap + 68)))
    feet = (
        Rect(-(width // 2), 0, width // 2, 90),
        Rect(-(length // 2), gap, length // 2, gap + 60),
    )
    return Piece("sofa", width, gap + 68, 85, tuple(parts), feet)


def armchair(draws: Draws) -> Piece:
    return Piece("armchair", 90, 90, 85, tuple(_sofa(draws, 90, draws.choice(_COVERS))), front=40)


def television(draws: Draws, tone: str) -> Piece:
    """A low board with a screen on it."""
    width = 140 + 10 * draws.below(6)
    screen = width * 7 // 10
    parts: list[Part] = [
        block(0, 0, 0, width, 42, 46, f"wood {tone}"),
        block(0, 16, 46, 30, 12, 6, "plain black"),
        block(0, 18, 52, screen, 5, screen * 9 / 16, "plain black"),
        front_panel(0, 24, 52, screen, screen * 9 / 16, f"screen {draws.below(2)}"),
    ]
    for i in (-1, 0, 1):
        parts.append(front_panel(i * width / 3, 43, 4, width / 3 - 1, 38, f"drawers {tone}"))
    return Piece("television", width, 43, 52 + screen * 9 // 16, tuple(parts), front=60)


def dining_table(draws: Draws, chairs: int, tone: str) -> Piece:
    """A table with chairs on both long sides, or a round one with four.

    The frame's y runs across the table, which may stand in the middle of a room.
    """
    timber = f"wood {tone}"
    seat = "fabric " + draws.choice(_COVERS)
    parts: list[Part] = []
    if chairs == 4 and draws.chance(3):
        parts += [
            Turned(0, 100, 0, ((28.0, 0.0), (28.0, 3.0), (6.0, 6.0), (6.0, 71.0)), timber, 10),
            Turned(0, 100, 71, ((0.0, 0.0), (55.0, 0.0), (55.0, 4.0), (0.0, 4.0)), timber, 16),
        ]
        for x, y, way in ((0, 42, "up"), (0, 158, "down"), (-58, 100, "right"), (58, 100, "left")):
            parts += chair(x, y, way, timber, seat)
        parts += clutter(draws, -18, 18, 100, 75, ("vase", "bowl", "plant"))
        return Piece("dining table", 170, 200, 92, tuple(parts), (Rect(-80, 20, 80, 180),))
    per_side = max(1, chairs // 2)
    length = 60 * per_side + 20
    parts += [
        block(0, 55, 71, length, 90, 4, timber),
        *legs(-length / 2 + 2, length / 2 - 2, 57, 143, 71, 7, timber),
        *clutter(draws, -length / 2, length / 2, 100, 75, ("vase", "bowl", "cup", "books")),
    ]
    for i in range(per_side):
        place = -length / 2 + length * (i + 0.5) / per_side
        parts += chair(place, 46 - draws.below(15), "up", timber, seat)
        parts += chair(place, 154 + draws.below(15), "down", timber, seat)
    half = length // 2
    return Piece("dining table", length, 200, 92, tuple(parts), (Rect(-half, 10, half, 190),))


def desk(draws: Draws, tone: str) -> Piece:
    """A desk at the wall with a screen, a lamp or books, and a chair before it."""
    width, timber = 110 + 10 * draws.below(6), f"wood {tone}"
    seat = "fabric " + draws.choice(_COVERS)
    parts: list[Part] = [
        block(0, 0, 71, width, 65, 4, timber),
        Block(-width / 2, -width / 2 + 4, 2, 63, 0, 71, timber),
        block(width / 2 - 20, 2, 0, 40, 60, 71, timber),
        front_panel(width / 2 - 20, 62.8, 2, 38, 66, f"drawers {tone}"),
        block(0, 14, 75, 20, 14, 3, "plain black"),
        block(0, 18, 78, 5, 4, 12, "plain black"),
        block(0, 20, 88, 56, 3, 34, "plain black"),
        front_panel(0, 24, 89, 54, 32, "screen 1"),
        block(0, 36, 75, 40, 14, 2, "plain charcoal"),
        *clutter(draws, width / 2 - 40, width / 2, 24, 75, ("books", "lamp", "cup", "plant")),
        *chair(-5 - draws.below(10), 88 + draws.below(12), "down", timber, seat),
    ]
    half = width // 2
    feet = (Rect(-half, 0, half, 65), Rect(-40, 65, 20, 122))
    return Piece("desk", width, 122, 120, tuple(parts), feet)
