"""Procedural patterns that textures are painted with, all tiling seamlessly.

Only integer arithmetic, +, -, * and / are used (no trigonometry, no numpy generator), so every
platform paints the same bytes. A pattern is an array over a SIZE x SIZE tile: a boolean mask, an
index, or a field in [0, 1].

Feature sizes matter: on the table a tile is about 25 pixels wide, so nothing that must be
recognised is finer than 4 of the 64 texels.
"""

import numpy as np
from numpy.typing import NDArray

SIZE = 64
Mask = NDArray[np.bool_]
Field = NDArray[np.float64]
Index = NDArray[np.int64]

ROWS, COLS = np.mgrid[0:SIZE, 0:SIZE]


def random_lattice(period: int, seed: int) -> Field:
    """(period, period) values in [0, 1] from an integer hash."""
    i, j = np.mgrid[0:period, 0:period].astype(np.uint64)
    h = i * np.uint64(374761393) + j * np.uint64(668265263) + np.uint64(seed * 982451653 + 12345)
    h = h & np.uint64(0xFFFFFFFF)
    for shift, factor in ((15, 2246822519), (13, 3266489917)):
        h = ((h ^ (h >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    h = h ^ (h >> np.uint64(16))
    return (h >> np.uint64(8)).astype(np.float64) / float(2**24 - 1)


def noise(rows: int, cols: int, seed: int) -> Field:
    """Smooth noise in [0, 1] with `rows` x `cols` cells per tile."""
    lattice = random_lattice(max(rows, cols), seed)[:rows, :cols]
    y, x = ROWS * rows / SIZE, COLS * cols / SIZE
    i, j = y.astype(np.int64), x.astype(np.int64)
    fy, fx = y - i, x - j
    fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
    a, b = lattice[i, j], lattice[i, (j + 1) % cols]
    c, d = lattice[(i + 1) % rows, j], lattice[(i + 1) % rows, (j + 1) % cols]
    return (a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy


def layered_noise(cells: int, seed: int) -> Field:
    """Three octaves of `noise`, in [0, 1]."""
    octaves = [noise(cells * 2**k, cells * 2**k, seed + k) / 2**k for k in range(3)]
    return (octaves[0] + octaves[1] + octaves[2]) / 1.75


def wave(position: Field | Index, period: int) -> Field:
    """A smooth periodic wave in [-1, 1]: parabolas in place of a sine."""
    t = (position % period) / period
    half = (t * 2) % 1.0
    bump = 4 * half * (1 - half)
    return np.where(t < 0.5, bump, -bump)


def bands(position: Field | Index, widths: tuple[int, ...]) -> Index:
    """Number of the band each position falls in; bands repeat after the sum of their widths."""
    return np.searchsorted(np.cumsum(widths), position % sum(widths), side="right")


def checks(side: int) -> Mask:
    """Alternating squares."""
    return ((ROWS // side + COLS // side) % 2).astype(np.bool_)


def _offset(centre: int, position: Index) -> Index:
    """Signed distance on the tile's circle, -SIZE/2 .. SIZE/2 - 1."""
    return (position - centre + SIZE // 2) % SIZE - SIZE // 2


def dots(radius: int) -> Mask:
    """Round dots on a grid of 32 texels with one more in each middle."""
    mask = np.zeros((SIZE, SIZE), np.bool_)
    for row, col in ((0, 0), (0, 32), (32, 0), (32, 32), (16, 16), (16, 48), (48, 16), (48, 48)):
        mask |= _offset(row, ROWS) ** 2 + _offset(col, COLS) ** 2 <= radius * radius
    return mask


def _drop(row: int, col: int, size: float, flip: int) -> Mask:
    """A bent drop: discs that shrink while they wander off sideways and up."""
    mask = np.zeros((SIZE, SIZE), np.bool_)
    for k in range(9):
        t = k / 8
        r = size * (1 - t) * (1 - 0.25 * t) + 1
        y, x = row - flip * 2.3 * size * t, col + flip * 1.3 * size * t * t
        dy = (ROWS - y + SIZE / 2) % SIZE - SIZE / 2
        dx = (COLS - x + SIZE / 2) % SIZE - SIZE / 2
        mask |= dy * dy + dx * dx <= r * r
    return mask


def paisley() -> Index:
    """0 ground, 1 drop, 2 the drop's core."""
    index = np.zeros((SIZE, SIZE), np.int64)
    places = ((14, 12, 1), (24, 44, -1), (46, 12, -1), (56, 44, 1))
    for row, col, flip in places:
        index[_drop(row, col, 9.0, flip)] = 1
    for row, col, flip in places:
        index[_drop(row, col, 4.5, flip)] = 2
    return index


def bricks(rows: int, cols: int, joint: int, *, bond: bool) -> tuple[Mask, Field]:
    """A wall of `rows` x `cols` stones: where the joints are, and a tone in [0, 1] per stone."""
    height, width = SIZE // rows, SIZE // cols
    shifted = COLS + (width // 2) * ((ROWS // height) % 2) * bond
    joints = (ROWS % height < joint) | (shifted % width < joint)
    tones = random_lattice(max(rows, cols), 5)
    return joints, tones[ROWS // height % rows, shifted // width % cols]
