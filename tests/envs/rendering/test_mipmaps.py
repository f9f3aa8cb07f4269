"""Every level is the mean of the one before; sizes are powers of two."""

import numpy as np
import pytest

from uio2_agent.envs.rendering.mipmaps import (
    FIRST_OFFSET,
    HEIGHT_BITS,
    LAST_LEVEL,
    NEAREST,
    REPEAT,
    WIDTH_BITS,
    build_mipmaps,
)


def level(mipmaps, texture, number):
    """One level as (h, w, 3)."""
    row = mipmaps.table[texture]
    width, height = (max(1, (1 << row[k]) >> number) for k in (WIDTH_BITS, HEIGHT_BITS))
    start = row[FIRST_OFFSET + number]
    texels = mipmaps.texels[start : start + width * height].reshape(height, width)
    return np.stack([texels >> s & 255 for s in (0, 8, 16)], -1)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_level_zero_is_the_picture_itself():
    pictures = [noise(4, 8), noise(16, 2, seed=1)]
    mipmaps = build_mipmaps(pictures, [True, False], [False, False])
    for i, picture in enumerate(pictures):
        np.testing.assert_array_equal(level(mipmaps, i, 0), picture)
    assert mipmaps.table[:, REPEAT].tolist() == [1, 0]


def test_each_level_is_the_mean_of_two_by_two_texels():
    mipmaps = build_mipmaps([noise(8, 8)], [True], [False])
    for i in range(mipmaps.table[0, LAST_LEVEL]):
        fine = level(mipmaps, 0, i).astype(float)
        size = len(fine) // 2
        means = fine.reshape(size, 2, size, 2, 3).mean((1, 3))
        assert np.abs(level(mipmaps, 0, i + 1) - means).max() <= 0.5


def test_a_narrow_picture_ends_in_one_texel():
    mipmaps = build_mipmaps([noise(8, 2)], [True], [False])
    assert mipmaps.table[0, LAST_LEVEL] == 3
    assert level(mipmaps, 0, 2).shape == (2, 1, 3)
    mean = noise(8, 2).mean((0, 1))
    assert np.abs(level(mipmaps, 0, 3)[0, 0] - mean).max() <= 2


@pytest.mark.parametrize("nearest", [False, True])
def test_other_sizes_are_enlarged_to_powers_of_two(nearest):
    picture = np.full((5, 12, 3), 77, np.uint8)
    mipmaps = build_mipmaps([picture], [True], [nearest])
    assert mipmaps.table[0, [WIDTH_BITS, HEIGHT_BITS]].tolist() == [4, 3]
    assert (level(mipmaps, 0, 0) == 77).all()


def test_a_texture_of_one_texel_is_never_filtered():
    table = build_mipmaps([noise(1, 1), noise(2, 2)], [True, True], [False, False]).table
    assert table[:, NEAREST].tolist() == [1, 0]
