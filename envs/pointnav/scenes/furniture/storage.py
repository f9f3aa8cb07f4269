"""Chests, bookcases, sideboards, shelves and boxes."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import (
    Block,
    Part,
    Piece,
    block,
    clutter,
    front_panel,
    legs,
)
from uio2_agent.envs.pointnav.scenes.pictures import BOOKS


def chest(draws: Draws, tone: str) -> Piece:
    """A chest of drawers with things on it."""
    width, height = 80 + 10 * draws.below(5), 76 + 4 * draws.below(5)
    parts: list[Part] = [block(0, 0, 0, width, 45, height, f"wood {tone}")]
    for x in (-width / 4, width / 4):
        parts.append(front_panel(x, 46, 5, width / 2 - 1, height - 8, f"drawers {tone}"))
    parts += clutter(draws, -width / 2, width / 2, 22, height)
    return Piece("chest", width, 46, height, tuple(parts), front=45)


def bookcase(draws: Draws, tone: str) -> Piece:
    """Shelves with books, some boards with other things."""
    width, levels, depth = 60 + 10 * draws.below(7), 4 + draws.below(3), 30
    height = 8 + 34 * levels + 2
    timber = f"wood {tone}"
    parts: list[Part] = [
        Block(-width / 2, width / 2, 0, 2, 0, height, timber),
        Block(-width / 2, -width / 2 + 3, 2, depth, 0, height, timber),
        Block(width / 2 - 3, width / 2, 2, depth, 0, height, timber),
        Block(-width / 2 + 3, width / 2 - 3, 2, depth, 0, 8, timber),
    ]
    for level in range(levels):
        z = 8 + 34 * level
        parts.append(Block(-width / 2 + 3, width / 2 - 3, 2, depth, z + 32, z + 34, timber))
        if level and draws.chance(4):
            parts += clutter(draws, -width / 2, width / 2, 16, z, ("vase", "bowl", "box", "frame"))
        else:
            for x in (-width / 4 + 1, width / 4 - 1):
                books = f"books {draws.below(BOOKS)}"
                parts.append(front_panel(x, 22 + draws.below(5), z, width / 2 - 3, 30, books))
    return Piece("bookcase", width, depth, height, tuple(parts), front=40)


def sideboard(draws: Draws, tone: str) -> Piece:
    width = 120 + 10 * draws.below(7)
    parts: list[Part] = [
        block(0, 0, 12, width, 44, 68, f"wood {tone}"),
        *legs(-width / 2, width / 2, 2, 42, 12, 5, f"wood {tone}"),
    ]
    doors = width // 45
    for i in range(doors):
        x = -width / 2 + width * (i + 0.5) / doors
        parts.append(front_panel(x, 45, 14, width / doors - 1, 64, f"front {tone}"))
    parts += clutter(draws, -width / 2, width / 2, 22, 80)
    return Piece("sideboard", width, 45, 80, tuple(parts), front=45)


def shelf_with_boxes(draws: Draws) -> Piece:
    """Metal shelves with boxes."""
    width, levels, depth = 80 + 20 * draws.below(3), 4, 40
    parts: list[Part] = []
    for x in (-width / 2, width / 2 - 3):
        for y in (0, depth - 3):
            parts.append(Block(x, x + 3, y, y + 3, 0, 190, "plain steel"))
    for level in range(levels):
        z = 12 + 55 * level
        parts.append(Block(-width / 2, width / 2, 0, depth, z, z + 2, "plain steel"))
        for i in range(width // 40):
            if not draws.chance(4):
                colour = draws.choice(("sand", "brown", "grey", "blue", "white"))
                x = -width / 2 + 40 * i + 20
                high = 16 + draws.below(18)
                parts.append(block(x, 4, z + 2, 32, 32, high, f"plain {colour}"))
    return Piece("shelf", width, depth, 195, tuple(parts), front=40)


def crates(draws: Draws) -> Piece:
    """Two boxes on top of each other."""
    low = 44 + draws.below(10)
    parts = (
        block(0, 0, 0, 50, 40, low, "plain sand"),
        block(2, 3, low, 40, 32, 25 + draws.below(12), "plain brown"),
    )
    return Piece("crates", 50, 40, low + 36, parts)
