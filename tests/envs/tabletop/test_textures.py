"""Textures have the sheet's colours and can be told apart on a small object."""

import hashlib
from itertools import combinations

import numpy as np
import pytest

from uio2_agent.envs.tabletop.catalogue import (
    DARK_COLOURS,
    DARK_TEXTURES,
    GREY,
    PLAIN_COLOURS,
    TEXTURES,
)
from uio2_agent.envs.tabletop.textures import texture
from uio2_agent.errors import UnknownName

PIXELS = 25  # what a tenth of a metre, one tile, covers in a picture


def seen(name):
    """The tile as the cameras sample it."""
    at = ((np.arange(PIXELS) + 0.5) * 64 / PIXELS).astype(int)
    return texture(name)[at][:, at].astype(float)


def look(name):
    """What does not depend on where the pattern starts: colour histogram and roughness."""
    picture = seen(name)
    bins = (picture // 43).astype(int) @ (36, 6, 1)
    histogram = np.bincount(bins.ravel(), minlength=216) / bins.size
    steps = [np.abs(picture - np.roll(picture, 1, axis)).mean() / 255 for axis in (0, 1)]
    return np.concatenate([histogram, picture.mean((0, 1)) / 255, steps])


@pytest.mark.parametrize("name", (*TEXTURES, GREY))
def test_every_texture_is_a_read_only_tile(name):
    picture = texture(name)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        picture[0, 0] = 0


@pytest.mark.parametrize("name", [*PLAIN_COLOURS, *DARK_COLOURS])
def test_plain_colours_are_exactly_the_sheets(name):
    colour = {**PLAIN_COLOURS, **DARK_COLOURS}[name]
    assert (texture(name) == colour).all()


def test_grey_is_the_novel_words_grey():
    assert (texture(GREY) == (186, 176, 172)).all()


def test_polka_dots_are_the_first_colour_on_the_second():
    picture = texture("yellow and blue polka dot")
    dots = (picture == PLAIN_COLOURS["yellow"]).all(-1)
    ground = (picture == PLAIN_COLOURS["blue"]).all(-1)
    assert (dots | ground).all() and 0.2 < dots.mean() < 0.45


def test_stripes_hold_both_colours_and_white():
    colours = np.unique(texture("red and green stripe").reshape(-1, 3), axis=0).tolist()
    assert sorted(colours) == sorted([[255, 87, 89], [89, 169, 79], [250, 250, 250]])


@pytest.mark.parametrize("name", DARK_TEXTURES)
def test_dark_twins_are_the_same_picture_with_less_value(name):
    light, dark = texture(name.removeprefix("dark ")).astype(int), texture(name).astype(int)
    drop = light.max(-1) - dark.max(-1)
    assert (np.abs(drop - 76.5) <= 1).all()
    hue = light * dark.max(-1, keepdims=True) / light.max(-1, keepdims=True)
    assert np.abs(hue - dark).max() <= 1.5


def test_textures_can_be_told_apart_when_small():
    looks = {name: look(name) for name in TEXTURES}
    closest = min(
        (float(np.abs(looks[a] - looks[b]).sum()), a, b) for a, b in combinations(TEXTURES, 2)
    )
    assert closest[0] > 0.3, closest


def test_all_tiles_together_are_pinned():
    """A change here changes every picture, and with it every shipped checkpoint's world."""
    tiles = b"".join(texture(name).tobytes() for name in (*TEXTURES, GREY))
    assert hashlib.sha256(tiles).hexdigest()[:16] == "109be198703394b1"


@pytest.mark.parametrize("name", ["mauve", "dark olive", "dark red paisley", "blue and red stripe"])
def test_an_unknown_texture_is_refused(name):
    with pytest.raises(UnknownName, match="unknown texture"):
        texture(name)
