"""Filtered texels against the definition, written out in floating point."""

import numpy as np
import pytest

from uio2_agent.envs.rendering.filtering import (
    BLOCK,
    HEIGHT_SHIFT,
    LAST_SHIFT,
    REPEAT_SHIFT,
    SLOTS,
    filter_texels,
)
from uio2_agent.envs.rendering.mipmaps import HEIGHT_BITS, LAST_LEVEL, WIDTH_BITS, build_mipmaps

PICTURE = np.random.default_rng(5).integers(0, 256, (16, 32, 3), np.uint8)


def filtered(x, y, step, repeat=True):
    """Colours (n, 3) at texel coordinates where one pixel makes `step` texels."""
    mipmaps = build_mipmaps([PICTURE], [repeat], [False])
    row = mipmaps.table[0]
    kind = row[WIDTH_BITS] | row[HEIGHT_BITS] << HEIGHT_SHIFT | row[LAST_LEVEL] << LAST_SHIFT
    n = -(-len(x) // BLOCK) * BLOCK
    xs, ys, squared = np.zeros((3, n), np.float32)
    xs[: len(x)], ys[: len(x)], squared[: len(x)] = x, y, np.square(step)
    out = np.empty(n, np.uint32)
    kinds = np.full(n, kind | repeat << REPEAT_SHIFT, np.int32)
    work = np.empty(SLOTS * BLOCK, np.int32)
    filter_texels(*mipmaps, np.zeros(n, np.int32), kinds, xs, ys, squared, work, out)
    return np.stack([out >> s & 255 for s in (0, 8, 16)], -1)[: len(x)].astype(float)


def bilinear(picture, x, y, repeat):
    """The definition: texel i is centred at i + 0.5."""
    height, width = picture.shape[:2]
    total = np.zeros((len(x), 3))
    for dc in (0, 1):
        for dr in (0, 1):
            c, r = np.floor(x - 0.5) + dc, np.floor(y - 0.5) + dr
            weight = (1 - np.abs(x - 0.5 - c)) * (1 - np.abs(y - 0.5 - r))
            c = c % width if repeat else np.clip(c, 0, width - 1)
            r = r % height if repeat else np.clip(r, 0, height - 1)
            total += weight[:, None] * picture[r.astype(int), c.astype(int)]
    return total


def places(count=200, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-70, 90, count), rng.uniform(-40, 50, count)


@pytest.mark.parametrize("repeat", [True, False])
def test_a_magnified_texture_is_bilinear(repeat):
    x, y = places()
    got = filtered(x, y, 0.5, repeat)
    assert np.abs(got - bilinear(PICTURE, x, y, repeat)).max() < 4  # 8-bit weights


def halved(picture):
    return picture.astype(float).reshape(len(picture) // 2, 2, -1, 2, 3).mean((1, 3))


@pytest.mark.parametrize(("step", "level"), [(2.0, 1), (4.0, 2), (8.0, 3)])
def test_a_step_of_two_to_the_n_texels_reads_level_n(step, level):
    x, y = places()
    picture = PICTURE
    for _ in range(level):
        picture = halved(picture)
    expected = bilinear(picture, x / step, y / step, True)
    assert np.abs(filtered(x, y, step) - expected).max() < 5


def test_between_levels_colours_blend():
    x, y = places()
    low, middle, high = (filtered(x, y, s) for s in (2.0, 2.0**1.5, 4.0))
    assert np.abs(middle - (low + high) / 2).mean() < 4
    assert (middle >= np.minimum(low, high) - 1).all()
    assert (middle <= np.maximum(low, high) + 1).all()


def test_far_away_a_texture_is_its_mean():
    x, y = places()
    assert np.abs(filtered(x, y, 1e4) - PICTURE.mean((0, 1))).max() < 3
