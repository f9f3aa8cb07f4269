"""Lessons of the tabletop."""

import numpy as np
import pytest

from uio2_agent.model.config import SIZES
from uio2_agent.model.training.dense import BACKGROUND
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.policies.objectives.grounding import GroundingConfig
from uio2_agent.policies.objectives.tabletop import TabletopLessons

SHAPES, TEXTURES = {"bowl": 0, "letter T": 1}, {"red": 0, "tiger": 1}


@pytest.fixture
def lessons(tokenizer):
    def made(picture_share: float = 0.0) -> TabletopLessons:
        codec = VimaCodec(tokenizer, SIZES["nano"].text_vocab_size, past_frames=2)
        return TabletopLessons(codec, GroundingConfig(), SHAPES, TEXTURES, picture_share)

    return made


def test_the_vit_looks_at_scenes_or_at_prompt_pictures(lessons, strewn):
    rng = np.random.default_rng(0)
    scenes, labels = lessons(0.0).labelled([[strewn]], 3, rng)
    assert scenes.pixels.shape[:2] == (3, 128)
    assert ((labels.shape != BACKGROUND).sum(1) == 3).all()
    _, labels = lessons(1.0).labelled([[strewn]], 3, rng)
    assert ((labels.shape != BACKGROUND).sum(1) == 1).all()
    head = lessons().read_out(8)
    assert head.sizes[0] == 1 + len(SHAPES)


def test_demonstrations_are_cloned_and_strewn_objects_asked_about(lessons, strewn, demonstration):
    rng = np.random.default_rng(0)
    (asked,) = lessons().examples([strewn], rng)
    np.testing.assert_array_equal(asked.image, strewn.frames[0])
    images = {lessons().examples([demonstration], rng)[0].image.max() for _ in range(20)}
    assert images == {0, 1}  # of every step, but not the last picture
    assert lessons().some_pictures([strewn, demonstration], 5).shape == (2, 3, 128, 256)
