"""Dense labels from segmentation."""

import numpy as np

from uio2_agent.model.training.dense import BACKGROUND
from uio2_agent.policies.objectives.patches import (
    dense_labels,
    labelled_picture,
    labelled_scene,
)

SHAPES = {"bowl": 0, "letter T": 1}
TEXTURES = {"red": 0, "tiger": 1}


def test_a_patch_takes_the_object_that_covers_it(strewn):
    labels = dense_labels([labelled_scene(strewn)], SHAPES, TEXTURES)
    shape = labels.shape[0].reshape(8, 16)
    assert shape[0, 0] == 0
    assert shape[0, 1] == 0  # half covered
    assert shape[7, 15] == 1
    assert (shape == BACKGROUND).sum() == 8 * 16 - 3
    assert labels.texture[0].reshape(8, 16)[7, 15] == 1


def test_centres_are_told_from_the_patch_and_in_the_picture(strewn):
    labels = dense_labels([labelled_scene(strewn)], SHAPES, TEXTURES)
    centre = labels.centre[0].reshape(8, 16, 2)
    np.testing.assert_allclose(centre[0, 1], [8 / 16 - 0.5, 12 / 16 - 1.5])
    place = labels.place[0].reshape(8, 16, 2)
    np.testing.assert_allclose(place[7, 15], [120 / 128, 248 / 256])


def test_prompt_pictures_are_labelled_with_their_one_object(strewn):
    labels = dense_labels([labelled_picture(strewn, 1)], SHAPES, TEXTURES)
    shape = labels.shape[0].reshape(8, 16)
    assert shape[4, 8] == 1
    assert (shape != BACKGROUND).sum() == 1
