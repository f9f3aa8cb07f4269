"""Whatever holds a picture becomes the same array, or says why it cannot."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from uio2_agent.errors import BadInput, BadShape
from uio2_agent.model.pictures import MOST_PIXELS, as_picture
from uio2_agent.model.preprocessing import fit_picture

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_every_mode_becomes_three_channels(mode):
    picture = as_picture(Image.fromarray(RGB).convert("L" if mode == "PA" else "RGB").convert(mode))
    assert picture.shape == (6, 9, 3) and picture.dtype == np.uint8


@pytest.mark.parametrize("kind", ["png", "webp", "bmp", "tiff"])
def test_a_file_holds_what_was_written(tmp_path, kind):
    path = tmp_path / f"picture.{kind}"
    Image.fromarray(RGB).save(path, lossless=True)
    np.testing.assert_array_equal(as_picture(path), RGB)
    np.testing.assert_array_equal(as_picture(str(path)), RGB)


def test_arrays_and_tensors_of_either_order_agree():
    channels_first = RGB.transpose(2, 0, 1)
    for source in (RGB, channels_first, torch.from_numpy(RGB), Image.fromarray(RGB)):
        np.testing.assert_array_equal(as_picture(source), RGB)


def test_a_photograph_is_turned_as_its_exif_says():
    upright, file = Image.fromarray(RGB), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 270 degrees to see it upright
    upright.rotate(90, expand=True).save(file, "PNG", exif=exif)
    np.testing.assert_array_equal(as_picture(Image.open(file)), RGB)


def test_what_is_transparent_lies_on_black():
    clear = np.full((2, 2, 4), 255, np.uint8)
    clear[0, :, 3], clear[1, 0, 3] = 0, 128
    for source in (clear, Image.fromarray(clear), clear / np.float32(255)):
        picture = as_picture(source)
        full = 255 if picture.dtype == np.uint8 else 1.0
        assert (picture[0] == 0).all() and (picture[1, 1] == full).all()
        assert picture[1, 0] == pytest.approx(full * 128 / 255)


def test_a_palette_may_have_a_transparent_colour(tmp_path):
    image = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
    image.putpalette([200, 10, 10, 20, 220, 20])
    image.save(tmp_path / "p.png", transparency=0)
    assert as_picture(tmp_path / "p.png").tolist() == [[[0, 0, 0], [20, 220, 20]]]


@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 1)])
def test_sixteen_bits_keep_their_steps(tmp_path, shape):
    deep = (np.arange(54, dtype=np.uint16) * 7 + 40_000).reshape(shape)
    want = np.broadcast_to((deep / 65535).reshape(6, 9, 1), (6, 9, 3))
    np.testing.assert_allclose(as_picture(deep), want, atol=1e-7)
    Image.fromarray(deep.reshape(6, 9)).save(tmp_path / "deep.png")
    np.testing.assert_allclose(as_picture(tmp_path / "deep.png"), want, atol=1e-7)
    as_ints = Image.fromarray(deep.reshape(6, 9).astype(np.int32))
    np.testing.assert_allclose(as_picture(as_ints), want, atol=1e-7)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_in_the_unit_range_are_taken_as_they_are(kind):
    grey = np.linspace(0, 1, 12, dtype=kind).reshape(3, 4)
    np.testing.assert_allclose(as_picture(grey)[..., 1], grey, atol=1e-7)
    as_image = Image.fromarray(grey.astype(np.float32))
    np.testing.assert_allclose(as_picture(as_image)[..., 0], grey, atol=1e-7)


@pytest.mark.parametrize(
    ("values", "told"),
    [(np.nan, "not finite"), (np.inf, "not finite"), (17.0, "within"), (-0.5, "within")],
)
def test_floats_of_an_unknown_scale_are_refused(values, told):
    with pytest.raises(BadInput, match=told):
        as_picture(np.full((2, 2), values, np.float32))


@pytest.mark.parametrize(
    "source",
    [
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4), np.int64),
        np.zeros((2, 4, 4, 3), np.uint8),
        [[1, 2], [3, 4]],
    ],
)
def test_what_is_no_picture_is_refused(source):
    with pytest.raises(BadShape, match="picture"):
        as_picture(source)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp", "tiff"])
def test_a_file_cut_short_is_refused(tmp_path, kind):
    whole = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(whole, kind)
    path = tmp_path / f"cut.{kind}"
    for length in (0, 10, len(whole.getvalue()) // 2):
        path.write_bytes(whole.getvalue()[:length])
        with pytest.raises(BadInput, match="cut.*unreadable"):
            as_picture(path)


def test_a_file_that_is_missing_or_foreign_is_refused(tmp_path):
    (tmp_path / "words.png").write_text("not a picture")
    with pytest.raises(BadInput, match="unreadable"):
        as_picture(tmp_path / "words.png")
    for missing in (tmp_path / "none.png", tmp_path):
        with pytest.raises(BadInput, match="missing"):
            as_picture(missing)


def test_more_pixels_than_anyone_needs_are_refused_before_they_are_read(tmp_path):
    """A file of a few kilobytes that would become gigabytes."""
    side = int(MOST_PIXELS**0.5) + 10
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    with pytest.raises(BadInput, match="bomb.*pixels"):
        as_picture(tmp_path / "bomb.png")
    with pytest.raises(BadInput, match="pixels"):
        as_picture(np.broadcast_to(np.zeros((), np.uint8), (side, side, 3)))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 700), (20_000, 20), (2, 30_000)])
def test_pictures_of_any_proportion_fit(height, width):
    picture = as_picture(np.full((height, width), 0.5))
    fitted = fit_picture(picture, (384, 384))
    assert fitted.mask.any() and fitted.pixels[:, fitted.mask].min() == pytest.approx(0.5)
