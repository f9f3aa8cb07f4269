"""Colours and the patterns things are covered with, as pictures that repeat seamlessly.

64 x 64 RGB, row 0 at the top. Only +, -, *, / are used, so every platform paints the same bytes.
"""

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.rendering import patterns as p

Picture = NDArray[np.uint8]
RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "white": (238, 236, 230),
    "cream": (232, 220, 194),
    "grey": (158, 158, 156),
    "charcoal": (72, 74, 78),
    "black": (38, 38, 40),
    "sand": (206, 184, 146),
    "brown": (124, 88, 62),
    "red": (176, 60, 52),
    "rust": (190, 104, 58),
    "mustard": (208, 164, 62),
    "olive": (126, 132, 78),
    "green": (82, 134, 92),
    "sage": (168, 186, 160),
    "teal": (56, 124, 128),
    "sky": (158, 192, 212),
    "blue": (66, 98, 158),
    "navy": (48, 60, 96),
    "lilac": (176, 160, 194),
    "plum": (116, 70, 104),
    "rose": (214, 166, 162),
    "steel": (176, 180, 184),
    "brass": (184, 152, 88),
}
WOODS: dict[str, tuple[RGB, RGB]] = {
    "oak": ((168, 124, 78), (206, 166, 114)),
    "pine": ((204, 164, 108), (234, 202, 150)),
    "walnut": ((86, 58, 40), (128, 90, 62)),
    "cherry": ((134, 72, 46), (172, 104, 70)),
    "ash": ((196, 180, 154), (224, 212, 190)),
    "ebony": ((48, 40, 36), (78, 66, 58)),
    "painted": ((226, 224, 216), (242, 240, 234)),
}

_LIGHTEST: RGB = (255, 255, 255)


def blend(field: NDArray, low: RGB, high: RGB) -> Picture:
    """A field in [0, 1] as colours from `low` to `high`."""
    a, b = np.array(low, np.float64), np.array(high, np.float64)
    return (a + (b - a) * np.clip(field, 0, 1)[..., None] + 0.5).astype(np.uint8)


def shade(colour: RGB, percent: int) -> RGB:
    """The colour made darker (below 100) or lighter."""
    r, g, b = (min(255, c * percent // 100) for c in colour)
    return r, g, b


def grain(seed: int) -> NDArray:
    """Long fibres along a row, in [0, 1]."""
    return p.noise(32, 2, seed) * 0.55 + p.noise(16, 4, seed + 1) * 0.45


def wood(tone: str) -> Picture:
    """Grain running along a row."""
    return blend(grain(3), *WOODS[tone])


def fabric(colour: RGB) -> Picture:
    weave = 0.35 * ((p.ROWS // 2 + p.COLS // 2) % 2) + 0.65 * p.noise(32, 32, 21)
    return blend(weave, shade(colour, 84), shade(colour, 106))


def plain(colour: RGB) -> Picture:
    return blend(p.layered_noise(2, 8), shade(colour, 96), shade(colour, 102))


def leaf(colour: RGB) -> Picture:
    veins = np.clip(p.noise(16, 8, 31) * 0.5 + p.noise(32, 32, 32) * 0.5, 0, 1)
    return blend(veins * 1.4 - 0.2, shade(colour, 55), shade(colour, 130))


def stone(colour: RGB) -> Picture:
    picture = blend(p.layered_noise(4, 7), shade(colour, 84), shade(colour, 108))
    picture[p.noise(32, 32, 6) < 0.24] = shade(colour, 55)
    return picture


def plaid(colour: RGB) -> Picture:
    columns, rows = (p.bands(axis, (20, 4, 4, 4)) for axis in (p.COLS, p.ROWS))
    stripes = (columns % 2 + rows % 2) / 2
    return blend(stripes, colour, shade(_LIGHTEST, 92))


def stripes(colour: RGB) -> Picture:
    return blend(p.bands(p.COLS, (10, 6)), colour, shade(_LIGHTEST, 94))


def dotted(colour: RGB) -> Picture:
    return blend(p.dots(5).astype(np.float64), colour, shade(_LIGHTEST, 94))


def plaster(colour: RGB) -> Picture:
    """Painted wall with a faint roughness."""
    rough = p.noise(32, 32, 15) * 0.5 + p.layered_noise(2, 16) * 0.5
    return blend(rough, shade(colour, 95), shade(colour, 102))


def damask(colour: RGB) -> Picture:
    """Wallpaper with drops a little darker than its ground."""
    index = p.paisley() / 2
    return blend(1 - index, shade(colour, 82), shade(colour, 102))


def wallpaper(colour: RGB) -> Picture:
    """Broad stripes of two tones."""
    return blend(p.bands(p.COLS, (16, 16)), shade(colour, 90), shade(colour, 104))


def brick(colour: RGB) -> Picture:
    joints, tone = p.bricks(8, 4, 1, bond=True)
    wall = blend(0.7 * tone + 0.3 * p.layered_noise(8, 1), shade(colour, 76), shade(colour, 112))
    wall[joints] = (196, 188, 178)
    return wall


def tiles(colour: RGB) -> Picture:
    """Square tiles, four to a side."""
    joints, tone = p.bricks(4, 4, 1, bond=False)
    face = blend(0.5 * tone + 0.5 * p.layered_noise(8, 2), shade(colour, 92), shade(colour, 104))
    face[joints] = shade(colour, 62)
    return face


def checked(colour: RGB) -> Picture:
    """Tiles of two colours in turn."""
    joints, _ = p.bricks(4, 4, 1, bond=False)
    light = blend(p.layered_noise(8, 2), (214, 210, 200), (236, 234, 226))
    dark = blend(p.layered_noise(8, 3), shade(colour, 84), shade(colour, 100))
    face = np.where(p.checks(16)[..., None], light, dark)
    face[joints] = (120, 116, 110)
    return face


def planks(tone: str) -> Picture:
    """Floor boards running along a row, each of its own tone."""
    joints, tones = p.bricks(8, 1, 1, bond=False)
    ends = (p.COLS + 23 * (p.ROWS // 8)) % 64 == 0
    boards = blend(0.5 * tones + 0.5 * grain(17), *WOODS[tone])
    boards[(joints & (p.ROWS % 8 == 0)) | ends] = shade(WOODS[tone][0], 62)
    return boards


def parquet(tone: str) -> Picture:
    """Squares of four sticks, turned in turn."""
    turned = p.checks(16)
    sticks = np.where(turned, p.ROWS // 4, p.COLS // 4) + 5 * (p.ROWS // 16) + 3 * (p.COLS // 16)
    joints = np.where(turned, p.ROWS % 4, p.COLS % 4) == 0
    floor = blend((sticks * 7 % 11) / 14 + 0.25 * p.noise(32, 32, 19), *WOODS[tone])
    floor[joints] = shade(WOODS[tone][0], 78)
    return floor


def carpet(colour: RGB) -> Picture:
    """Deep pile: fine grains with cloudy patches."""
    pile = p.random_lattice(p.SIZE, 23) * 0.6 + p.layered_noise(4, 24) * 0.4
    return blend(pile, shade(colour, 78), shade(colour, 106))
