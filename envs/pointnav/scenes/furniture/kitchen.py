"""Kitchen counters and fridges."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import (
    Panel,
    Part,
    Piece,
    block,
    clutter,
    front_panel,
)

_UNIT = 60  # width of one cupboard


def kitchen_counter(draws: Draws, units: int, hung: bool) -> Piece:
    """A run of base units with sink, hob and oven; cupboards above where there is no window."""
    width, depth = units * _UNIT, 60
    colour = draws.choice(("white", "cream", "sage", "navy", "grey", "teal", "sky"))
    stone = "stone " + draws.choice(("charcoal", "grey", "sand", "white"))
    oven, sink = draws.distinct(range(units), 2)
    parts: list[Part] = [
        block(0, 0, 0, width, depth - 2, 86, f"plain {colour}"),
        block(0, 0, 86, width, depth, 4, stone),
    ]
    for i in range(units):
        x = -width / 2 + _UNIT * (i + 0.5)
        art = "oven 0" if i == oven else f"{draws.choice(('cupboard', 'chest'))} {colour}"
        parts.append(front_panel(x, depth - 1, 10, _UNIT - 1, 75, art))
        if i == oven:
            parts.append(Panel("up", x - 28, x + 28, 4, 56, 91, 91, "hob 0"))
        elif i == sink:
            parts.append(Panel("up", x - 25, x + 25, 12, 52, 91, 91, "mirror 0"))
            parts.append(block(x, 5, 90, 3, 3, 26, "plain steel"))
            parts.append(block(x, 8, 113, 3, 16, 3, "plain steel"))
        else:
            parts += clutter(draws, x - 25, x + 25, 26, 90, ("bowl", "vase", "cup", "box"))
        if hung and i != oven:
            parts.append(block(x, 0, 148, _UNIT, 34, 66, f"plain {colour}"))
            parts.append(front_panel(x, 35, 149, _UNIT - 1, 64, f"cupboard {colour}"))
        elif hung:
            parts.append(block(x, 0, 160, _UNIT, 30, 100, "plain steel"))
    height = 214 if hung else 90
    return Piece("kitchen counter", width, depth, height, tuple(parts), front=70)


def fridge(draws: Draws) -> Piece:
    colour = draws.choice(("white", "steel", "steel", "charcoal"))
    height = 170 + 10 * draws.below(4)
    parts = (
        block(0, 0, 0, 60, 62, height, f"plain {colour}"),
        front_panel(0, 63, 4, 58, height - 66, f"cupboard {colour}"),
        front_panel(0, 63, height - 60, 58, 58, f"cupboard {colour}"),
    )
    return Piece("fridge", 60, 63, height, parts, front=60)
