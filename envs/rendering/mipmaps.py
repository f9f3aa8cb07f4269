"""Textures as the perspective rasteriser reads them: packed texels in halving sizes.

Sizes are powers of two, so that repeating is a bit mask and a level down a shift; other pictures
are enlarged to the next one. A texel is 0x00BBGGRR.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LEVELS = 15  # a side of 2 ** 14 at most
# Columns of `Mipmaps.table` before the offsets of the levels.
WIDTH_BITS, HEIGHT_BITS, REPEAT, NEAREST, LAST_LEVEL, FIRST_OFFSET = range(6)


class Mipmaps(NamedTuple):
    """texels (P,) uint32, and per texture a row of `table` (T, 5 + LEVELS) int64.

    The row: log2 of width and height, whether it repeats, whether it is never filtered, number
    of the last level, and where each level starts in `texels`.
    """

    texels: NDArray[np.uint32]
    table: NDArray[np.int64]


def build_mipmaps(
    pictures: Sequence[NDArray[np.uint8]], repeat: Sequence[bool], nearest: Sequence[bool]
) -> Mipmaps:
    """Pictures (h, w, 3) of any sizes up to 2 ** 14 -> their levels, each half the one before."""
    table = np.zeros((len(pictures), FIRST_OFFSET + LEVELS), np.int64)
    levels: list[NDArray[np.uint32]] = []
    size = 0
    for row, picture, again, square in zip(table, pictures, repeat, nearest, strict=True):
        level = _power_of_two(picture, square)
        height, width = level.shape[:2]
        row[:FIRST_OFFSET] = (
            width.bit_length() - 1,
            height.bit_length() - 1,
            again,
            square or (height == 1 and width == 1),
            max(width, height).bit_length() - 1,
        )
        for i in range(row[LAST_LEVEL] + 1):
            row[FIRST_OFFSET + i] = size
            levels.append(_pack(level))
            size += levels[-1].size
            level = _halved(level)
    return Mipmaps(np.concatenate(levels), table)


def _power_of_two(picture: NDArray[np.uint8], nearest: bool) -> NDArray[np.uint8]:
    height, width = (min(1 << (n - 1).bit_length(), 1 << (LEVELS - 1)) for n in picture.shape[:2])
    if picture.shape[:2] == (height, width):
        return picture
    how = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(picture).resize((width, height), how))


def _halved(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of 2 x 2 texels, of two where only one side is left to halve."""
    wide = picture.astype(np.uint16)
    rows = wide if len(wide) == 1 else wide[::2] + wide[1::2]
    both = rows if rows.shape[1] == 1 else rows[:, ::2] + rows[:, 1::2]
    count = wide.size // both.size
    return ((both + count // 2) // count).astype(np.uint8)


def _pack(picture: NDArray[np.uint8]) -> NDArray[np.uint32]:
    r, g, b = (picture[..., k].astype(np.uint32).ravel() for k in range(3))
    return (r | g << 8 | b << 16).astype(np.uint32)
