"""Rugs, plants, lamps, pictures, open doors: what stands, lies or hangs anywhere."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import (
    Block,
    Panel,
    Part,
    Piece,
    Turned,
    ball,
    block,
    front_panel,
    pot,
)
from uio2_agent.envs.pointnav.scenes.pictures import PAINTINGS, RUGS


def rug_under(draws: Draws, rect: tuple[float, float, float, float]) -> Panel:
    """A rug on the floor, x0, x1, y0, y1."""
    return Panel("up", *rect, 1.0, 1.0, f"rug {draws.below(RUGS)}")


def rug(draws: Draws, width: int, depth: int) -> Piece:
    half = width / 2
    parts = (rug_under(draws, (-half, half, 0, depth)),)
    return Piece("rug", width, depth, 1, parts, footprints=())


def plant(draws: Draws) -> Piece:
    """A pot with a bush, a ball on a stem, or a slim tree."""
    clay = "plain " + draws.choice(("rust", "white", "charcoal", "sand"))
    green = "leaf " + draws.choice(("green", "olive", "sage"))
    height = 60 + 10 * draws.below(7)
    parts: list[Part] = [pot(0, 24, 0, 18, 34, clay)]
    form = draws.below(3)
    if form == 0:
        parts.append(ball(0, 24, 28, 24, height, green, 9))
    elif form == 1:
        parts.append(Turned(0, 24, 28, ((2.0, 0.0), (2.0, height - 20.0)), "wood walnut", 6))
        parts.append(ball(0, 24, height, 23, 46, green, 9))
    else:
        for i in range(3):
            parts.append(ball(0, 24, 28 + i * height / 4, 22 - 5 * i, height / 2, green, 8))
    return Piece("plant", 48, 48, height + 40, tuple(parts))


def floor_lamp(draws: Draws) -> Piece:
    metal = draws.choice(("plain black", "plain brass", "plain steel"))
    pole = ((14.0, 0.0), (14.0, 2.0), (1.5, 4.0), (1.5, 140.0))
    shade = ((0.0, 0.0), (20.0, 0.0), (14.0, 28.0), (0.0, 28.0))
    parts = (Turned(0, 20, 0, pole, metal, 6), Turned(0, 20, 136, shade, "lamp 0", 10))
    return Piece("floor lamp", 40, 40, 165, parts)


def ceiling_lamp(draws: Draws, ceiling: int) -> Piece:
    """A shade hanging 25 cm or so under the ceiling, out of everybody's way."""
    drop, radius = 20 + 5 * draws.below(3), 14 + 2 * draws.below(5)
    shade = ((0.0, 0.0), (radius * 1.0, 2.0), (radius * 0.6, 14.0), (1.0, 15.0))
    cord = ((1.0, 0.0), (1.0, float(drop)))
    parts = (
        Turned(0, 25, ceiling - drop - 15, shade, "lamp 0", 9),
        Turned(0, 25, ceiling - drop, cord, "plain black", 4),
    )
    low = ceiling - drop - 15
    return Piece("ceiling lamp", 50, 50, ceiling, parts, footprints=(), low=low)


def hanging(draws: Draws, kind: str) -> Piece:
    """A painting or a mirror on the wall, its middle near eye height."""
    if kind == "mirror":
        width, height, low = 50 + 10 * draws.below(3), 90, 90
        art = "mirror 0"
    else:
        width, height = 40 + 10 * draws.below(8), 40 + 10 * draws.below(5)
        low, art = 155 - height // 2, f"painting {draws.below(PAINTINGS)}"
    parts = (
        block(0, 0, low, width, 2, height, "wood ebony"),
        front_panel(0, 3, low, width, height, art),
    )
    return Piece(kind, width, 3, low + height, parts, footprints=(), low=low)


def door_leaf(tone: str, width: int, height: int) -> Piece:
    """A door that stands open, square to the wall; its frame lies along the wall's depth."""
    parts = (
        Block(-2, 2, 2, width, 1, height, f"wood {tone}"),
        Panel("left", -2.6, -2.6, 2, width, 1, height, f"door {tone}"),
        Panel("right", 2.6, 2.6, 2, width, 1, height, f"door {tone}"),
    )
    return Piece("door leaf", 6, width, height, parts)


def waste_bin(draws: Draws) -> Piece:
    colour = draws.choice(("steel", "charcoal", "white", "red"))
    profile = ((13.0, 0.0), (16.0, 50.0), (0.0, 52.0))
    parts = (Turned(0, 17, 0, profile, f"plain {colour}", 10),)
    return Piece("bin", 34, 34, 52, parts)
