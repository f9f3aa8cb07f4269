"""Files and flats by name."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.scene_names import apartment_name, is_apartment, open_scene
from uio2_agent.envs.pointnav.scenes.apartment import apartment
from uio2_agent.errors import BadScene, BadSetting, UnknownName


def test_a_flat_is_built_from_the_seed_and_size_in_its_name():
    assert apartment_name(17, "small") == "apartment-small-17"
    built, want = open_scene("apartment-small-17"), apartment(17, "small")
    np.testing.assert_array_equal(built.vertices, want.vertices)


def test_everything_else_is_a_file(scenes):
    assert len(open_scene(str(scenes("v1") / "two_rooms.glb")).faces) == 228
    assert not is_apartment("apartment-small-17.glb") and not is_apartment("x/apartment-small-17")
    with pytest.raises(BadScene, match="apartment-small"):
        open_scene("apartment-small")


def test_sizes_and_seeds_that_are_none_are_named():
    for call in (lambda: apartment_name(1, "tiny"), lambda: open_scene("apartment-tiny-1")):
        with pytest.raises(UnknownName, match="tiny"):
            call()
    with pytest.raises(BadSetting, match="seed"):
        open_scene("apartment-small-99999999")
