"""Task 2."""

import re
from collections import Counter

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.tasks import sample

SCENARIOS = [sample("scene_understanding", seed=seed) for seed in range(150)]


def test_the_prompt_names_two_different_textures():
    for scenario in SCENARIOS:
        base, dragged, _ = scenario.bodies
        assert base.texture != dragged.texture
        assert scenario.prompt.template == (
            f"Put the {dragged.texture} object in {{scene}} into the {base.texture} object."
        )


def test_the_scene_tells_the_shape_beside_one_thing_of_another_texture():
    for scenario in SCENARIOS:
        _, dragged, _ = scenario.bodies
        picture = scenario.prompt.pictures["scene"]
        assert picture.kind == "scene"
        shown, beside = picture.bodies
        assert (shown.shape, shown.texture) == (dragged.shape, dragged.texture)
        assert beside.texture != dragged.texture
    kinds = Counter(SHAPES[s.prompt.pictures["scene"].bodies[1].shape].kind for s in SCENARIOS)
    assert kinds["movable"] > kinds["container"] > 15


def test_the_scene_is_laid_out_anew():
    for scenario in SCENARIOS:
        shown, beside = scenario.prompt.pictures["scene"].bodies
        assert shown.xy != scenario.bodies[1].xy
        assert shown.xy != beside.xy


def test_the_distractor_shares_the_movables_texture_or_the_containers_shape():
    same_texture = 0
    for scenario in SCENARIOS:
        base, dragged, other = scenario.bodies
        if SHAPES[other.shape].kind == "movable":
            same_texture += 1
            assert other.texture == dragged.texture and other.shape != dragged.shape
        else:
            assert other.shape == base.shape
            assert other.texture not in (base.texture, dragged.texture)
    assert 0.4 < same_texture / len(SCENARIOS) < 0.6


def test_words_say_the_shape_in_place_of_the_scene():
    for seed in range(30):
        scenario = sample("scene_understanding", prompt="words", seed=seed)
        base, dragged, _ = scenario.bodies
        match = re.fullmatch(r"Put the (.+) into the (.+) object\.", scenario.prompt.text)
        assert match is not None
        assert match.groups() == (f"{dragged.texture} {dragged.shape}", base.texture)
