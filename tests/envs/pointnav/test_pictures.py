"""The picture of an episode."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.pictures import episode_picture, grey


@pytest.mark.parametrize("size", [(256, 256), (90, 160), (360, 640), (64, 32), (33, 77)])
def test_sides_are_even_and_do_not_depend_on_the_text(size):
    rgb, depth = np.zeros((*size, 3), np.uint8), np.zeros((*size, 1), np.float32)
    above = np.zeros((256, 256, 3), np.uint8)
    pictures = [episode_picture(rgb, depth, above, "step 1" * n) for n in (1, 10)]
    assert pictures[0].shape == pictures[1].shape
    height, width, _ = pictures[0].shape
    assert height % 2 == width % 2 == 0 and height > 256 and width >= 640


def test_colour_depth_and_map_stand_side_by_side():
    rgb = np.full((64, 64, 3), (255, 0, 0), np.uint8)
    depth = np.full((64, 64, 1), 0.5, np.float32)
    above = np.full((256, 256, 3), (0, 0, 255), np.uint8)
    row = episode_picture(rgb, depth, above, "text")[200]
    assert [row[x].tolist() for x in (128, 384, 640)] == [[255, 0, 0], [128] * 3, [0, 0, 255]]


def test_what_is_near_is_dark():
    depth = np.array([[[0.0], [0.5], [1.0]]], np.float32)
    assert grey(depth).tolist() == [[[0] * 3, [128] * 3, [255] * 3]]
