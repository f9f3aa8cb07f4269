"""Lessons of PointNav."""

from dataclasses import replace

import numpy as np
import pytest

from uio2_agent.model.config import SIZES
from uio2_agent.policies.codecs.audiogoal import AudioGoalCodec
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.objectives.walks import WalkLessons
from uio2_agent.trajectories.episode import Episode


@pytest.fixture
def walk() -> Episode:
    """Forward all the way, with a detour in the middle; frame t is full of t."""
    n = 8
    return Episode(
        frames=np.stack([np.full((3, 32, 32), t, np.uint8) for t in range(n + 1)]),
        actions={"action": np.array([1, 1, 1, 2, 2, 1, 1, 0])},
        prompt_text="",
        prompt_pictures=np.zeros((0, 3, 32, 32), np.uint8),
        labels={
            "depth": np.full((n + 1, 32, 32, 1), 0.5, np.float32),
            "gps": np.zeros((n + 1, 2), np.float32),
            "compass": np.zeros((n + 1, 1), np.float32),
            "pointgoal_with_gps_compass": np.ones((n + 1, 2), np.float32),
            "oracle_action": np.array([1, 1, 1, 1, 3, 1, 1, 0, 0]),
        },
        info={"success": True},
    )


def made(tokenizer, *, depth: bool = True, **settings) -> WalkLessons:
    codec = PointNavCodec(tokenizer, SIZES["nano_nav"].text_vocab_size, past_steps=2, depth=depth)
    return WalkLessons(codec, **settings)


def test_a_walk_gives_several_moves_the_oracles_even_on_a_detour(tokenizer, walk):
    lessons, rng = made(tokenizer, per_episode=3), np.random.default_rng(0)
    seen = set()
    for _ in range(20):
        examples = lessons.examples([walk], rng)
        steps = [int(e.image.max()) for e in examples]
        assert len({*steps}) == 3  # no step twice
        seen |= {*steps}
        for step, example in zip(steps, examples, strict=True):
            assert lessons.codec.decode({}, example.answer) == [walk.labels["oracle_action"][step]]
    assert seen == {*range(8)}


def test_a_walk_shorter_than_what_is_asked_of_it_repeats_itself(tokenizer, walk):
    examples = made(tokenizer, per_episode=9).examples([walk], np.random.default_rng(0))
    assert len(examples) == 9


def test_a_walk_that_failed_teaches_only_with_the_oracles_advice(tokenizer, walk):
    rng, lessons = np.random.default_rng(0), made(tokenizer)
    silent = {k: v for k, v in walk.labels.items() if k != "oracle_action"}
    failed = replace(walk, frames=walk.frames + 100, labels=silent, info={"success": False})
    advised = replace(walk, frames=walk.frames + 200, info={"success": False})
    seen = {int(lessons.examples([walk, failed, advised], rng)[0].image.max()) for _ in range(60)}
    assert {number // 100 for number in seen} == {0, 2}


def test_who_hears_is_taught_likewise(tokenizer, walk):
    walk.labels["audio"] = np.full((9, 2, 700), 99, np.int16)
    codec = AudioGoalCodec(tokenizer, SIZES["nano_hears"].text_vocab_size, depth=True)
    lessons = WalkLessons(codec, per_episode=8)
    examples = lessons.examples([walk], np.random.default_rng(0))
    assert {codec.decode({}, e.answer)[0] for e in examples} == {0, 1, 3}  # the oracle's
    assert all(e.sound is not None and len(e.sounds) >= 1 for e in examples)
    assert lessons.grey_share > 0


def test_the_vit_looks_at_colours_and_at_depth_if_it_is_shown(tokenizer, walk):
    rng = np.random.default_rng(0)

    def greys(lessons):
        patches, labels = lessons.labelled([[walk]], 40, rng)
        assert patches.pixels.shape[:2] == labels.depth.shape == (40, 4)
        np.testing.assert_allclose(labels.depth, np.sqrt(0.5), atol=1e-6)
        bright = patches.pixels.mean((1, 2)) > -1  # 127 of 255; the colours are below 9
        return float(bright.float().mean())

    assert 0.1 < greys(made(tokenizer, grey_share=0.3)) < 0.6
    assert greys(made(tokenizer, depth=False, grey_share=0.3)) == 0
    assert made(tokenizer).read_out(8).read.out_features == 3


def test_pictures_to_fit_the_model_to_come_from_the_middle_of_walks(tokenizer, walk):
    pictures = made(tokenizer).some_pictures([walk, walk], 5)
    assert pictures.shape == (2, 3, 32, 32) and (pictures == 4).all()
