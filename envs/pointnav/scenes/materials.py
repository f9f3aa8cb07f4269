"""What things are made of, named by words: "wood oak", "fabric blue", "painting 7".

The first word is a painter, the second its colour, kind of wood or number.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from uio2_agent.envs.pointnav.scenes import finishes as f
from uio2_agent.envs.pointnav.scenes import pictures
from uio2_agent.envs.pointnav.scenes.finishes import COLOURS, RGB, WOODS, Picture
from uio2_agent.errors import UnknownName


class Material(NamedTuple):
    """picture (h, w, 3) uint8 that repeats every `tile` metres; `glows`: not shaded by the room."""

    picture: Picture
    tile: float
    glows: bool = False


_ONCE = 1.0  # pictures shown once are stretched to their panel

_COLOURED: dict[str, tuple[Callable[[RGB], Picture], float]] = {
    "fabric": (f.fabric, 0.5),
    "plaid": (f.plaid, 0.6),
    "stripes": (f.stripes, 0.5),
    "dotted": (f.dotted, 0.5),
    "plain": (f.plain, 1.0),
    "leaf": (f.leaf, 0.4),
    "stone": (f.stone, 0.6),
    "plaster": (f.plaster, 1.3),
    "damask": (f.damask, 0.7),
    "wallpaper": (f.wallpaper, 0.5),
    "brick": (f.brick, 0.9),
    "tiles": (f.tiles, 0.8),
    "smalltiles": (f.tiles, 0.4),
    "checked": (f.checked, 1.3),
    "carpet": (f.carpet, 0.8),
    "cupboard": (lambda colour: pictures.front(f.plain(colour)), _ONCE),
    "chest": (lambda colour: pictures.drawers(f.plain(colour)), _ONCE),
}
_WOODEN: dict[str, tuple[Callable[[str], Picture], float]] = {
    "wood": (f.wood, 0.9),
    "planks": (f.planks, 0.9),
    "parquet": (f.parquet, 1.2),
    "front": (lambda tone: pictures.front(f.wood(tone)), _ONCE),
    "drawers": (lambda tone: pictures.drawers(f.wood(tone)), _ONCE),
    "door": (pictures.door, _ONCE),
}
_NUMBERED: dict[str, Callable[[int], Picture]] = {
    "lamp": pictures.lamp,
    "oven": pictures.oven,
    "hob": pictures.hob,
    "washer": pictures.washer,
    "mirror": pictures.mirror,
    "books": pictures.books,
    "painting": pictures.painting,
    "rug": pictures.rug,
    "sky": pictures.sky,
    "screen": pictures.screen,
}
_GLOWING = ("lamp", "sky", "screen")


@lru_cache(maxsize=1024)
def material(name: str) -> Material:
    """The material of this name, its picture read-only.

    Raises:
        UnknownName: No painter, colour or wood of that name.
    """
    painter, _, rest = name.partition(" ")
    if painter in _COLOURED and rest in COLOURS:
        paint, tile = _COLOURED[painter]
        made = Material(paint(COLOURS[rest]), tile)
    elif painter in _WOODEN and rest in WOODS:
        carve, tile = _WOODEN[painter]
        made = Material(carve(rest), tile)
    elif painter in _NUMBERED and rest.isdigit():
        made = Material(_NUMBERED[painter](int(rest)), _ONCE, painter in _GLOWING)
    else:
        known = [f"{p} {c}" for p in _COLOURED for c in COLOURS]
        known += [f"{p} {w}" for p in _WOODEN for w in WOODS]
        raise UnknownName("material", name, known + [f"{p} 0" for p in _NUMBERED])
    made.picture.setflags(write=False)
    return made
