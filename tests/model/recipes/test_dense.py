"""Masks, depth and normals have the size of the picture they are about."""

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadSetting
from uio2_agent.model.recipes import dense
from uio2_agent.model.recipes.regions import Region

SIZES = [(100, 150), (31, 7)]


@pytest.mark.parametrize("size", SIZES)
def test_answers_have_the_size_of_their_picture(predictor, size):
    picture = np.full((*size, 3), 90, np.uint8)
    found = dense.segment(predictor, picture, (1, 1, 6, 20), "dog")
    assert found.mask.shape == size and found.mask.dtype == np.bool_
    assert found.region == Region((1, 1, 6, 20), "dog")
    metres = dense.depth(predictor, picture, max_depth=4.0)
    assert metres.shape == size and metres.dtype == np.float32
    assert 0 <= metres.min() <= metres.max() <= 4
    vectors = dense.normals(predictor, picture)
    assert vectors.shape == (*size, 3) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=2), 1, atol=1e-5)


def painting(monkeypatch, predictor, picture: torch.Tensor) -> None:
    monkeypatch.setattr(predictor, "paint", lambda reading, sampling: picture)


def test_a_mask_is_where_the_painted_picture_is_bright(predictor, picture, monkeypatch):
    """100 x 150 lies on rows 43 to 212 of the painted 256, all of its columns."""
    painted = torch.full((3, 256, 256), 0.45)
    painted[:, 64:128, 128:] = torch.tensor([0.9, 0.5, 0.2])[:, None, None]  # mean 0.53
    painting(monkeypatch, predictor, painted)
    mask = dense.segment(predictor, picture, (0, 0, 150, 100)).mask
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    scale = 256 / 150
    assert rows[0] == pytest.approx((64 - 43) / scale, abs=1.5)
    assert rows[-1] == pytest.approx((128 - 43) / scale, abs=1.5)
    assert cols[0] == 75 and cols[-1] == 149


def test_depth_is_grey_times_the_greatest_depth(predictor, picture, monkeypatch):
    painting(monkeypatch, predictor, torch.full((3, 256, 256), 0.25))
    np.testing.assert_allclose(dense.depth(predictor, picture), 2.5)
    np.testing.assert_allclose(dense.depth(predictor, picture, max_depth=80), 20)


def test_colours_are_directions(predictor, picture, monkeypatch):
    colour = torch.tensor([1.0, 0.5, 0.5])[:, None, None]
    painting(monkeypatch, predictor, colour.expand(3, 256, 256))
    np.testing.assert_allclose(dense.normals(predictor, picture)[3, 4], [1, 0, 0], atol=1e-6)
    painting(monkeypatch, predictor, torch.full((3, 256, 256), 0.5))
    np.testing.assert_allclose(dense.normals(predictor, picture)[3, 4], [0, 0, 1])


def test_all_of_a_class_get_masks(predictor, picture, monkeypatch):
    found = [Region((10, 10, 60, 60), "dog"), Region((80, 20, 140, 90), "dog")]
    monkeypatch.setattr(dense, "localise", lambda *args, **settings: found)
    instances = dense.segment_class(predictor, picture, "dog")
    assert [instance.region for instance in instances] == found
    assert all(instance.mask.shape == (100, 150) for instance in instances)


@pytest.mark.parametrize("metres", [0, -1, float("nan"), float("inf")])
def test_an_impossible_depth_is_refused(predictor, picture, metres):
    with pytest.raises(BadSetting, match="max_depth"):
        dense.depth(predictor, picture, max_depth=metres)
