"""Filtered texels: bilinear where a texture is magnified, between two mip levels where not.

Pixels go through in blocks of `BLOCK`, in three loops: where to look, looking, blending. The first
and last become vector instructions of the processor because all they write lies in one array at
constant distances; only the looking itself goes pixel by pixel. Weights have 8 bits; red and blue
are blended together as two 16-bit lanes of one number, green beside them.
"""

import numpy as np
from numba import njit

from uio2_agent.envs.rendering.mipmaps import FIRST_OFFSET

BLOCK = 64
# A block's scratch: per level (finer, coarser) four places, two weights, the level; and last the
# weight of the coarser level.
_PER_LEVEL = 7
_WEIGHT = 2 * _PER_LEVEL
SLOTS = _WEIGHT + 1
# How a texture is packed into one number: log2 of width and height, last level, whether it repeats.
HEIGHT_SHIFT, LAST_SHIFT, REPEAT_SHIFT = 4, 8, 12

_BITS_OF_ONE = 0x3F800000  # float32; above 23 bits of fraction stands the exponent
_LANES = np.uint32(0x00FF00FF)
_ZERO, _ONE, _HALF, _EIGHT = np.int32(0), np.int32(1), np.int32(128), np.uint32(8)
_LOW, _BYTE, _WHOLE = np.int32(15), np.int32(255), np.uint32(256)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _mix(a, b, weight):
    """a + (b - a) weight / 256 in both lanes."""
    part = np.uint32(a * np.uint32(_WHOLE - weight))
    return np.uint32(np.uint32(part + np.uint32(b * weight)) >> _EIGHT) & _LANES


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _four(a, b, c, d, right, down):
    """Upper and lower row, left and right of each -> one."""
    return _mix(_mix(a, b, right), _mix(c, d, right), down)


@njit(cache=True, nogil=True, error_model="numpy")
def _place(x, y, bits, kind, work) -> None:
    """Which texels a block needs, and their weights.

    numba widens sums of 32-bit integers to 64 bits; every np.int32() here keeps the vectors narrow.
    """
    for i in range(BLOCK):
        packed = kind[i]
        wide, high = packed & _LOW, np.int32(packed >> HEIGHT_SHIFT) & _LOW
        last = np.int32(packed >> LAST_SHIFT) & _LOW
        again = np.int32(packed >> REPEAT_SHIFT) != 0
        c = np.int32(np.floor(x[i] * np.float32(256)))
        r = np.int32(np.floor(y[i] * np.float32(256)))
        # The bits of a float are its logarithm, within 0.09, in units of 2 ** -23. Halved, as the
        # footprint is squared: levels in 1/256.
        detail = np.int32((bits[i] - _BITS_OF_ONE) >> 16)
        detail = min(max(detail, _ZERO), np.int32(last << 8))
        level = np.int32(detail >> 8)
        work[_WEIGHT * BLOCK + i] = detail & _BYTE
        for m in range(2):
            at = _PER_LEVEL * m * BLOCK + i
            width_bits = max(np.int32(wide - level), _ZERO)
            columns = np.int32(np.int32(_ONE << width_bits) - _ONE)
            rows = np.int32(np.int32(_ONE << max(np.int32(high - level), _ZERO)) - _ONE)
            cc, rr = np.int32(np.int32(c >> level) - _HALF), np.int32(np.int32(r >> level) - _HALF)
            c0, r0 = np.int32(cc >> 8), np.int32(rr >> 8)
            c1, r1 = np.int32(c0 + _ONE), np.int32(r0 + _ONE)
            c0 = (c0 & columns) if again else min(max(c0, _ZERO), columns)
            c1 = (c1 & columns) if again else min(max(c1, _ZERO), columns)
            r0 = (r0 & rows) if again else min(max(r0, _ZERO), rows)
            r1 = (r1 & rows) if again else min(max(r1, _ZERO), rows)
            upper, lower = np.int32(r0 << width_bits), np.int32(r1 << width_bits)
            work[at] = upper + c0
            work[at + BLOCK] = upper + c1
            work[at + 2 * BLOCK] = lower + c0
            work[at + 3 * BLOCK] = lower + c1
            work[at + 4 * BLOCK] = cc & _BYTE
            work[at + 5 * BLOCK] = rr & _BYTE
            work[at + 6 * BLOCK] = level
            level = min(np.int32(level + _ONE), last)


@njit(cache=True, nogil=True, error_model="numpy")
def _look(texels, table, texture, work) -> None:
    """Texels in place of their numbers."""
    for i in range(BLOCK):
        row = np.uint32(texture[i])
        for m in range(2):
            at = np.uint32(_PER_LEVEL * m * BLOCK + i)
            level = np.uint32(work[at + np.uint32(6 * BLOCK)])
            start = np.uint64(table[row, np.uint32(FIRST_OFFSET) + level])
            for j in range(4):
                slot = at + np.uint32(j * BLOCK)
                work[slot] = texels[start + np.uint64(work[slot])]


@njit(cache=True, nogil=True, error_model="numpy")
def _blend(work, out) -> None:
    for i in range(BLOCK):
        right, down = np.uint32(work[4 * BLOCK + i]), np.uint32(work[5 * BLOCK + i])
        a, b = np.uint32(work[i]), np.uint32(work[BLOCK + i])
        c, d = np.uint32(work[2 * BLOCK + i]), np.uint32(work[3 * BLOCK + i])
        ends = _four(a & _LANES, b & _LANES, c & _LANES, d & _LANES, right, down)
        a, b, c, d = a >> _EIGHT, b >> _EIGHT, c >> _EIGHT, d >> _EIGHT
        green = _four(a & _LANES, b & _LANES, c & _LANES, d & _LANES, right, down)
        right, down = np.uint32(work[11 * BLOCK + i]), np.uint32(work[12 * BLOCK + i])
        a, b = np.uint32(work[7 * BLOCK + i]), np.uint32(work[8 * BLOCK + i])
        c, d = np.uint32(work[9 * BLOCK + i]), np.uint32(work[10 * BLOCK + i])
        coarser_ends = _four(a & _LANES, b & _LANES, c & _LANES, d & _LANES, right, down)
        a, b, c, d = a >> _EIGHT, b >> _EIGHT, c >> _EIGHT, d >> _EIGHT
        coarser_green = _four(a & _LANES, b & _LANES, c & _LANES, d & _LANES, right, down)
        weight = np.uint32(work[_WEIGHT * BLOCK + i])
        mixed = _mix(green, coarser_green, weight)
        out[i] = _mix(ends, coarser_ends, weight) | np.uint32(mixed << _EIGHT)


@njit(cache=True, nogil=True, error_model="numpy")
def filter_texels(texels, table, texture, kind, x, y, squared, work, out) -> None:
    """Filtered texels of a row of pixels.

    Args:
        texels, table: `mipmaps.Mipmaps`.
        texture: (n,) int32 rows of `table`; n is a multiple of BLOCK, here and below.
        kind: (n,) int32, each texture packed as said above.
        x, y: (n,) float32 in texels of level 0, within 2 ** 22.
        squared: (n,) float32, squared length of the longer step, in texels, that one pixel makes.
        work: (SLOTS * BLOCK,) int32, scratch.
        out: (n,) uint32 written, 0x00BBGGRR.
    """
    bits = squared.view(np.int32)
    for first in range(0, out.shape[0], BLOCK):
        end = first + BLOCK
        _place(x[first:end], y[first:end], bits[first:end], kind[first:end], work)
        _look(texels, table, texture[first:end], work)
        _blend(work, out[first:end])
