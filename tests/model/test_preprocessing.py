"""Pictures of any size, in and back out, against the recorded numbers."""

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadShape
from uio2_agent.model import preprocessing
from uio2_agent.model.preprocessing import fit_boxes, fit_picture, undo_boxes, undo_picture

PICTURES = ["up_100x150", "down_500x300", "tall_640x200", "odd_333x517"]
CASES = [(p, "input384", 384, 3) for p in PICTURES] + [
    (p, mode, 256, 2) for p in ("up_100x150", "odd_333x517") for mode in ("history256", "target256")
]


@pytest.mark.parametrize(("picture", "mode", "side", "stride"), CASES)
def test_a_fitted_picture_is_the_recorded_one(golden, matches, picture, mode, side, stride):
    arrays = golden("image_pre")
    fitted = fit_picture(arrays[f"{picture}.image_uint8"], (side, side))
    ours = fitted.pixels.permute(1, 2, 0)
    matches(ours[::stride, ::stride], arrays[f"{picture}.{mode}.stride{stride}"], atol=5e-5)
    assert ours.double().sum().item() == pytest.approx(
        arrays[f"{picture}.{mode}.sum"].item(), rel=1e-6
    )
    bits = np.unpackbits(arrays[f"{picture}.{mode}.mask_bits"], axis=1)
    assert torch.equal(fitted.mask, torch.from_numpy(bits).bool())
    matches(fitted.info, arrays[f"{picture}.{mode}.info"], atol=1e-6)


@pytest.mark.parametrize(("picture", "mode", "side", "stride"), CASES)
def test_boxes_follow_their_picture(golden, matches, picture, mode, side, stride):
    arrays = golden("image_pre")
    image = arrays[f"{picture}.image_uint8"]
    height, width = image.shape[:2]
    boxes = torch.tensor([[10, 20, 60, 90], [0, 0, height, width]])
    info = fit_picture(image, (side, side)).info
    moved = fit_boxes(boxes, info, (side, side))
    matches(moved, arrays[f"{picture}.{mode}.boxes"], atol=1e-4)
    if mode == "input384":
        matches(undo_boxes(moved, info), arrays[f"{picture}.{mode}.boxes_undone"], atol=1e-4)


@pytest.mark.parametrize("picture", PICTURES)
def test_a_predicted_picture_gets_the_source_shape_back(golden, matches, picture):
    arrays = golden("image_pre")
    info = fit_picture(arrays[f"{picture}.image_uint8"], (256, 256)).info
    prediction = torch.from_numpy(arrays["undo_input_seed0_256_gray"])[None]
    ours = undo_picture(prediction, info)
    assert [*ours.shape[1:], 1] == arrays[f"{picture}.undo_shape"].tolist()
    matches(ours[0, ::4, ::4], arrays[f"{picture}.undo_gray_stride4"], atol=1e-6)


@pytest.mark.parametrize(("height", "new_height"), [(37, 383), (47, 384), (94, 384), (149, 383)])
def test_sides_are_truncated_in_float32(height, new_height):
    """37 · (384/37) is 384 in float64 and falls below it in float32; 47 the other way round."""
    fitted = fit_picture(np.zeros((height, 20, 3), np.uint8), (384, 384))
    assert fitted.mask.any(dim=1).sum() == new_height == fitted.info[9]


def test_empty_boxes_are_dropped_and_others_clipped():
    info = fit_picture(np.zeros((32, 32, 3), np.uint8), (32, 32)).info
    boxes = torch.tensor([[4.0, 4, 4, 9], [-5, 2, 40, 9], [40, 40, 50, 50]])
    assert fit_boxes(boxes, info, (32, 32)).tolist() == [[0, 2, 32, 9]]


def test_a_picture_of_the_right_size_is_left_alone():
    picture = torch.rand(3, 128, 256)
    fitted = fit_picture(picture, (128, 256))
    torch.testing.assert_close(fitted.pixels, picture, atol=0, rtol=0)
    assert fitted.mask.all()


@pytest.mark.parametrize("order", ["rows first", "channels first"])
def test_a_large_picture_is_fitted_in_parts_to_the_same_effect(monkeypatch, order):
    picture = torch.randint(0, 256, (211, 170, 3), dtype=torch.uint8)
    picture = picture if order == "rows first" else picture.permute(2, 0, 1)
    at_once = fit_picture(picture, (64, 64)).pixels
    monkeypatch.setattr(preprocessing, "_BAND", 1000)
    torch.testing.assert_close(fit_picture(picture, (64, 64)).pixels, at_once, atol=2e-7, rtol=0)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.int64),
    ],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(BadShape, match="image"):
        fit_picture(image, (32, 32))


def test_a_prediction_that_is_not_square_is_refused():
    with pytest.raises(BadShape, match="prediction"):
        undo_picture(torch.zeros(1, 4, 5), torch.zeros(11))
