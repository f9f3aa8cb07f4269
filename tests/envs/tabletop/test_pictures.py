"""The picture of an episode."""

import numpy as np
import pytest

from uio2_agent.envs.rendering.drawing import PICK_COLOUR, PLACE_COLOUR
from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.pictures import SCALE, episode_picture
from uio2_agent.envs.tabletop.prompts import prompt_arrays
from uio2_agent.envs.tabletop.renderer import Renderer
from uio2_agent.envs.tabletop.tasks import sample


@pytest.fixture(scope="module")
def drawn():
    renderer = Renderer()

    def draw(mode="pictures", last=None):
        scenario = sample("visual_manipulation", prompt=mode)
        pictures, _, mask = prompt_arrays(scenario.prompt, renderer)
        views, _ = renderer.render(scenario.bodies)
        return episode_picture(scenario.prompt, pictures[: mask.sum()], views, last)

    return draw


def shows(picture, colour):
    return bool((picture == np.array(colour, np.uint8)).all(-1).any())


def test_both_views_are_shown_enlarged_with_even_sides(drawn):
    picture = drawn("words")
    assert picture.dtype == np.uint8
    assert picture.shape[0] >= SCALE * 128 and picture.shape[1] >= 2 * SCALE * 256
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0


def test_prompt_pictures_make_it_taller(drawn):
    assert drawn("pictures").shape[0] >= drawn("words").shape[0] + 128


def test_the_last_action_is_drawn_in_and_keeps_the_size(drawn):
    move = Move(pick=(0.3, -0.2), place=(0.6, 0.3))
    before, after = drawn(), drawn(last=move)
    assert before.shape == after.shape
    assert not shows(before, PLACE_COLOUR)
    assert shows(after, PICK_COLOUR) and shows(after, PLACE_COLOUR)
