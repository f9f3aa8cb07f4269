"""Tubs, showers, toilets, basins and washing machines."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import (
    Block,
    Part,
    Piece,
    Turned,
    block,
    clutter,
    front_panel,
)


def bath_tub(draws: Draws) -> Piece:
    """A tub along the wall: four rims around a bottom."""
    width, depth, height = 160 + 10 * draws.below(2), 75, 56
    x, rim, white = width / 2, 7, "plain white"
    parts = (
        Block(-x, x, 0, rim, 0, height, white),
        Block(-x, x, depth - rim, depth, 0, height, white),
        Block(-x, -x + rim, rim, depth - rim, 0, height, white),
        Block(x - rim, x, rim, depth - rim, 0, height, white),
        Block(-x + rim, x - rim, rim, depth - rim, 0, 44, white),
        block(-x + 20, 3, 56, 4, 4, 16, "plain steel"),
        block(-x + 20, 5, 70, 4, 16, 3, "plain steel"),
    )
    return Piece("bath tub", width, depth, 75, parts, front=50)


def shower(draws: Draws) -> Piece:
    """A tray with two low walls of glass bricks and a head on the wall."""
    tint = draws.choice(("sky", "sage", "grey"))
    parts = (
        block(0, 0, 0, 90, 90, 44, f"smalltiles {tint}"),
        Block(41, 45, 0, 90, 44, 195, f"smalltiles {tint}"),
        block(0, 0, 60, 4, 4, 145, "plain steel"),
        block(0, 4, 200, 18, 24, 4, "plain steel"),
    )
    return Piece("shower", 90, 90, 204, parts, front=50)


def toilet(draws: Draws) -> Piece:
    bowl = ((13.0, 0.0), (12.0, 12.0), (20.0, 38.0), (21.0, 43.0), (0.0, 45.0))
    parts = (
        Turned(0, 44, 0, bowl, "plain white", 12),
        block(0, 0, 36, 38, 17, 46, "plain white"),
        block(0, 0, 0, 20, 34, 36, "plain white"),
    )
    return Piece("toilet", 44, 66, 84, parts, front=50)


def washbasin(draws: Draws, tone: str) -> Piece:
    """A basin on a cupboard, with a mirror above."""
    width = 60 + 20 * draws.below(3)
    bowl = ((14.0, 0.0), (20.0, 10.0), (18.0, 10.0), (8.0, 3.0), (0.0, 3.0))
    parts: list[Part] = [
        block(0, 0, 22, width, 46, 60, f"wood {tone}"),
        front_panel(0, 47, 24, width - 2, 56, f"drawers {tone}"),
        block(0, 0, 82, width + 2, 48, 3, "plain white"),
        Turned(0, 25, 85, bowl, "plain white", 12),
        block(0, 2, 85, 3, 3, 22, "plain steel"),
        block(0, 5, 104, 3, 14, 3, "plain steel"),
        front_panel(0, 2, 120, width, 70, "mirror 0"),
    ]
    return Piece("washbasin", width + 2, 48, 190, tuple(parts), front=55)


def washing_machine(draws: Draws) -> Piece:
    parts: list[Part] = [
        block(0, 0, 0, 60, 60, 85, "plain white"),
        front_panel(0, 61, 2, 58, 82, "washer 0"),
        *clutter(draws, -30, 30, 30, 85, ("box", "bowl")),
    ]
    return Piece("washing machine", 60, 61, 100, tuple(parts), front=50)
