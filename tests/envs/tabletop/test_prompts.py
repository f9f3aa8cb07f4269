"""Prompts with pictures and with words."""

import numpy as np
import pytest

from uio2_agent.envs.tabletop.prompts import (
    Prompt,
    compose,
    object_picture,
    prompt_arrays,
    prompt_assets,
    scene_picture,
)
from uio2_agent.envs.tabletop.renderer import Renderer
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.errors import TooManyPictures, UnknownName


def body(obj_id, shape, texture, x=0.4, y=0.2):
    return Body(obj_id=obj_id, shape=shape, texture=texture, position=(x, y, 0.0))


HEART, BOWL = body(6, "heart", "red swirl"), body(5, "bowl", "blue")
PICTURES = {"base": object_picture(BOWL), "dragged": object_picture(HEART)}


@pytest.fixture(scope="module")
def renderer():
    return Renderer()


def test_pictures_come_in_reading_order_and_a_repeated_one_once(renderer):
    prompt = compose("pictures", "Put {dragged} into {base}, then out of {base}.", PICTURES)
    assert prompt.reading_order == ("dragged", "base")
    assert prompt.text == (
        "Put <image_history_1> into <image_history_2>, then out of <image_history_2>."
    )
    rgb, segm, mask = prompt_arrays(prompt, renderer)
    assert mask.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    for slot, name in enumerate(("dragged", "base")):
        colours, ids = renderer.render(PICTURES[name].bodies, background="empty")
        np.testing.assert_array_equal(rgb[slot], [colours["front"], colours["top"]])
        np.testing.assert_array_equal(segm[slot], [ids["front"], ids["top"]])


def test_words_take_the_place_of_pictures():
    prompt = compose("words", "Put the {dragged} into the {base}.", PICTURES)
    assert prompt.text == prompt.template == "Put the red swirl heart into the blue bowl."
    assert not prompt.reading_order


def test_a_prompt_in_words_has_empty_slots(renderer):
    prompt = compose("words", "Put the {dragged} into the {base}.", PICTURES)
    rgb, segm, mask = prompt_arrays(prompt, renderer)
    assert not mask.any() and not rgb.any() and np.all(segm == 255)
    assert prompt_assets(prompt, rgb, segm) == {}


def test_another_mode_is_answered_with_the_known_ones():
    with pytest.raises(UnknownName, match="pictures, words"):
        compose("images", "Put {dragged}.", PICTURES)


def test_more_than_eight_pictures_are_refused():
    names = [f"p{i}" for i in range(9)]
    with pytest.raises(TooManyPictures, match="9 pictures"):
        Prompt(
            template=" ".join(f"{{{n}}}" for n in names),
            pictures=dict.fromkeys(names, PICTURES["base"]),
        )


def test_an_object_picture_shows_it_alone_in_the_middle_wherever_it_stands(renderer):
    (alone,) = object_picture(HEART).bodies
    assert (alone.obj_id, alone.xy) == (0, (0.5, 0.0))
    assert alone.yaw == pytest.approx(np.pi / 2)
    _, segm = renderer.render([alone], background="empty")
    assert set(np.unique(segm["top"])) == {0, 255}


def test_an_object_can_be_shown_in_another_texture():
    assert object_picture(HEART, texture="grey").bodies[0].texture == "grey"


def test_assets_have_the_form_of_vima_bench(renderer):
    pictures = {"dragged": PICTURES["dragged"], "scene": scene_picture((BOWL, HEART))}
    prompt = compose("pictures", "Move {dragged} as in {scene}.", pictures)
    rgb, segm, _ = prompt_arrays(prompt, renderer)
    assets = prompt_assets(prompt, rgb, segm)
    assert set(assets) == {"dragged", "scene"}
    assert assets["dragged"]["placeholder_type"] == "object"
    assert assets["dragged"]["segm"]["obj_info"] == {
        "obj_id": 0,
        "obj_name": "heart",
        "obj_color": "red swirl",
    }
    assert assets["scene"]["placeholder_type"] == "scene"
    assert [o["obj_id"] for o in assets["scene"]["segm"]["obj_info"]] == [2, 3]
    assert set(np.unique(assets["scene"]["segm"]["top"])) == {0, 1, 2, 3}
    for asset in assets.values():
        assert {v.shape for v in asset["rgb"].values()} == {(3, 128, 256)}
        assert set(asset["rgb"]) == set(asset["segm"]) - {"obj_info"} == {"front", "top"}
