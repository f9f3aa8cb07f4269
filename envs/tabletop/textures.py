"""The catalogue's 82 textures as pictures, painted by code (vima_bench.md §5, §14).

A tile is 64 x 64 RGB and repeats seamlessly. "A and B polka dot": dots of A on B, as upstream.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.rendering import patterns as p
from uio2_agent.envs.tabletop.catalogue import (
    DARK_COLOURS,
    GREY,
    GREY_COLOUR,
    PLAIN_COLOURS,
    RGB,
    TEXTURES,
)
from uio2_agent.errors import UnknownName

Picture = NDArray[np.uint8]

_FLAT: dict[str, RGB] = {**PLAIN_COLOURS, **DARK_COLOURS, GREY: GREY_COLOUR}
_WHITE: RGB = (250, 250, 250)


def _paint(index: p.Index | p.Mask, *colours: RGB) -> Picture:
    return np.array(colours, np.uint8)[index.astype(np.int64)]


def _ramp(field: p.Field, *colours: RGB) -> Picture:
    """Field in [0, 1] -> colours blended in order."""
    steps = np.clip(field, 0, 1) * (len(colours) - 1)
    low = np.minimum(steps.astype(np.int64), len(colours) - 2)
    part = (steps - low)[..., None]
    table = np.array(colours, np.float64)
    return (table[low] * (1 - part) + table[low + 1] * part + 0.5).astype(np.uint8)


def _stripe(first: RGB, second: RGB) -> Picture:
    return _paint(p.bands(p.COLS, (12, 4, 12, 4)), first, _WHITE, second, _WHITE)


def _polka_dot(dot: RGB, ground: RGB) -> Picture:
    return _paint(p.dots(8), ground, dot)


def _swirl(colour: RGB) -> Picture:
    bent = p.ROWS + 9 * p.wave(p.COLS, 64) + 64
    return _paint(p.bands(bent, (16, 16)), colour, _WHITE)


def _paisley(colour: RGB) -> Picture:
    deep = (colour[0] * 11 // 20, colour[1] * 11 // 20, colour[2] * 11 // 20)
    return _paint(p.paisley(), colour, _WHITE, deep)


def _brick() -> Picture:
    joints, tone = p.bricks(4, 2, 3, bond=True)
    wall = _ramp(0.7 * tone + 0.3 * p.layered_noise(8, 1), (120, 48, 36), (186, 92, 66))
    wall[joints] = (205, 196, 184)
    return wall


def _tiles() -> Picture:
    joints, tone = p.bricks(2, 2, 4, bond=False)
    floor = _ramp(0.6 * tone + 0.4 * p.layered_noise(4, 2), (120, 158, 176), (186, 208, 214))
    floor[joints] = (58, 70, 78)
    return floor


def _wooden() -> Picture:
    grain = p.noise(16, 2, 3) * 0.6 + p.noise(32, 4, 4) * 0.4
    return _ramp(grain, (136, 88, 50), (190, 140, 88), (222, 180, 128))


def _granite() -> Picture:
    speck = p.noise(32, 32, 6)
    stone = _ramp(p.layered_noise(4, 7), (150, 164, 162), (206, 216, 214))
    stone[speck < 0.28] = (62, 68, 68)
    stone[speck > 0.8] = (236, 238, 236)
    return stone


def _plastic() -> Picture:
    return _ramp(p.layered_noise(2, 8), (206, 206, 208), (232, 232, 232))


def _tiger() -> Picture:
    bent = p.COLS + 7 * p.wave(p.ROWS, 64) + 14 * p.noise(4, 4, 9)
    stripes = p.wave(bent, 16) > 0.15 + 0.5 * (p.noise(4, 8, 10) - 0.5)
    fur = _ramp(p.noise(4, 16, 11), (226, 120, 24), (250, 172, 60))
    fur[stripes] = (18, 12, 8)
    return fur


def _magma() -> Picture:
    ridge = np.abs(p.noise(4, 4, 12) * 0.7 + p.noise(8, 8, 13) * 0.3 - 0.5)
    return _ramp(np.clip(ridge * 6, 0, 1), (255, 232, 96), (240, 88, 12), (84, 12, 8), (34, 10, 10))


def _rainbow() -> Picture:
    arcs = (p.ROWS + p.COLS) % 64 // 8
    return _paint(
        arcs,
        (228, 30, 38),
        (248, 130, 20),
        (250, 230, 30),
        (120, 210, 40),
        (20, 160, 90),
        (30, 150, 230),
        (50, 60, 190),
        (150, 50, 170),
    )


_MATERIALS = {
    "brick": _brick,
    "tiles": _tiles,
    "wooden": _wooden,
    "granite": _granite,
    "plastic": _plastic,
    "polka dot": lambda: _polka_dot((246, 246, 246), (118, 118, 122)),
    "checkerboard": lambda: _paint(p.checks(16), (16, 16, 16), (244, 244, 244)),
    "tiger": _tiger,
    "magma": _magma,
    "rainbow": _rainbow,
}


def _darker(picture: Picture) -> Picture:
    """HSV value lowered by 0.3, hue and saturation kept: each pixel scaled by one factor."""
    wide = picture.astype(np.int64) * 10
    value = np.maximum(wide.max(-1, keepdims=True), 1)
    lowered = np.maximum(value - 765, 0)
    return ((wide * lowered + value * 5) // (value * 10)).astype(np.uint8)


def _painted(name: str) -> Picture:
    if name in _FLAT:
        return _paint(np.zeros((p.SIZE, p.SIZE), np.int64), _FLAT[name])
    if name in _MATERIALS:
        return _MATERIALS[name]()
    if name.startswith("dark "):
        return _darker(_painted(name.removeprefix("dark ")))
    first, *rest = name.split(" ")
    one = PLAIN_COLOURS[first]
    if rest == ["swirl"]:
        return _swirl(one)
    if rest == ["paisley"]:
        return _paisley(one)
    two = PLAIN_COLOURS[rest[1]]
    return _stripe(one, two) if rest[2] == "stripe" else _polka_dot(one, two)


@lru_cache(maxsize=len(TEXTURES) + 1)
def texture(name: str) -> Picture:
    """The tile of a texture: (64, 64, 3) uint8, read-only.

    Raises:
        UnknownName: Neither one of the catalogue's 82 textures nor "grey".
    """
    if name != GREY and name not in TEXTURES:
        raise UnknownName("texture", name, (*TEXTURES, GREY))
    picture = _painted(name)
    picture.setflags(write=False)
    return picture
