"""A material's name is enough to paint it."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.scenes.materials import material
from uio2_agent.errors import UnknownName


def test_the_same_name_is_the_same_picture_and_nobody_can_change_it():
    made = material("wood oak")
    assert made is material("wood oak")
    with pytest.raises(ValueError, match="read-only"):
        made.picture[0, 0] = 0


@pytest.mark.parametrize("name", ["marble oak", "wood blue", "plain oak", "books many", ""])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(UnknownName, match="material"):
        material(name)


def test_only_lamps_windows_and_screens_shine():
    assert all(material(n).glows for n in ("lamp 0", "sky 1", "screen 1"))
    assert not any(material(n).glows for n in ("plain white", "mirror 0", "painting 3"))


def test_a_colour_is_what_it_says():
    for painter in ("fabric", "plain", "plaster", "carpet"):
        red, green, blue = material(f"{painter} red").picture.reshape(-1, 3).mean(0)
        assert red > 1.8 * green and red > 1.8 * blue


def test_tiles_keep_a_sensible_size():
    for name in ("planks oak", "tiles white", "brick red", "fabric blue", "wood pine"):
        assert 0.3 <= material(name).tile <= 1.5
        assert material(name).picture.dtype == np.uint8
