"""Marks land where they should and pictures are never changed in place."""

import numpy as np
import pytest

from uio2_agent.envs.rendering import drawing
from uio2_agent.errors import BadShape

GREY = np.full((40, 60, 3), 90, np.uint8)


def test_drawing_leaves_the_original_alone():
    before = GREY.copy()
    for drawn in (
        drawing.cross(GREY, (5, 5)),
        drawing.arrow(GREY, (5, 5), (50, 30)),
        drawing.pick_and_place(GREY, (5, 5), (50, 30)),
        drawing.caption(GREY, "hello"),
    ):
        assert (drawn != 90).any()
    np.testing.assert_array_equal(GREY, before)


def test_arrow_points_from_start_to_end():
    changed = np.argwhere((drawing.arrow(GREY, (10, 20), (50, 20)) != 90).any(-1))
    assert abs(changed[:, 1].min() - 10) <= 1 and abs(changed[:, 1].max() - 50) <= 1
    heights = [np.ptp(changed[changed[:, 1] == col, 0]) for col in (20, 45)]
    assert heights[1] > heights[0]  # the head is thicker than the shaft


def test_an_arrow_to_its_own_start_is_a_dot():
    changed = np.argwhere((drawing.arrow(GREY, (30, 20), (30.5, 20)) != 90).any(-1))
    assert 4 <= len(changed) <= 40


def test_marks_may_lie_outside_the_picture():
    assert drawing.pick_and_place(GREY, (-5, -5), (500, 20)).shape == GREY.shape


def test_channels_move_last():
    rgb = np.arange(24, dtype=np.uint8).reshape(3, 2, 4)
    assert drawing.channels_last(rgb)[1, 2].tolist() == rgb[:, 1, 2].tolist()
    with pytest.raises(BadShape, match="3, H, W"):
        drawing.channels_last(GREY)


def test_enlarging_repeats_pixels():
    small = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    large = drawing.enlarge(small, 3)
    assert large.shape == (6, 6, 3)
    np.testing.assert_array_equal(large[::3, ::3], small)


def test_tiles_stand_in_reading_order_with_borders():
    pictures = [np.full((2, 3, 3), value, np.uint8) for value in (1, 2, 3)]
    sheet = drawing.tile(pictures, columns=2, border=1, colour=(9, 9, 9))
    assert sheet[:, :, 0].tolist() == [
        [9, 9, 9, 9, 9, 9, 9, 9, 9],
        [9, 1, 1, 1, 9, 2, 2, 2, 9],
        [9, 1, 1, 1, 9, 2, 2, 2, 9],
        [9, 9, 9, 9, 9, 9, 9, 9, 9],
        [9, 3, 3, 3, 9, 9, 9, 9, 9],
        [9, 3, 3, 3, 9, 9, 9, 9, 9],
        [9, 9, 9, 9, 9, 9, 9, 9, 9],
    ]


def test_long_captions_wrap():
    short, long = (
        drawing.caption(GREY, "hi"),
        drawing.caption(GREY, "put the block into the bowl " * 3),
    )
    assert long.shape[0] > short.shape[0] > GREY.shape[0]
    assert long.shape[1] == GREY.shape[1]
    np.testing.assert_array_equal(long[-40:], GREY)


def test_pictures_of_other_shapes_are_refused():
    with pytest.raises(BadShape, match="uint8"):
        drawing.arrow(GREY.astype(float), (0, 0), (9, 9))
    with pytest.raises(BadShape, match="at least one"):
        drawing.tile([])
