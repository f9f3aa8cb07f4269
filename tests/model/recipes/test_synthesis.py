"""Pictures and sounds from words: their shapes, and that a seed decides them."""

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadSetting, BadShape
from uio2_agent.model.recipes import synthesis
from uio2_agent.model.recipes.predictor import Predictor


def test_a_picture_depends_on_words_and_seed_alone(small, tokenizer):
    first, again, other = (Predictor(small, tokenizer, seed=seed) for seed in (1, 1, 2))
    red = synthesis.image(first, "a red box")
    assert red.shape == (64, 64, 3) and red.dtype == np.uint8
    np.testing.assert_array_equal(red, synthesis.image(again, "a red box"))
    np.testing.assert_array_equal(red, synthesis.image(first, "a red box"))
    assert (red != synthesis.image(other, "a red box")).any()
    assert (red != synthesis.image(first, "two blue dogs")).any()


def test_guidance_changes_the_picture(predictor):
    plain, guided = (synthesis.image(predictor, "a red box", alpha=a) for a in (0.0, 10.0))
    assert (plain != guided).any()


def test_progress_is_told_token_by_token(predictor):
    told = []
    predictor.on_progress = lambda done, total: told.append((done, total))
    synthesis.image(predictor, "a red box", alpha=0)
    assert told == [(i, 64) for i in range(1, 65)]


def test_an_edited_picture_keeps_its_size(predictor, picture):
    edited = synthesis.edit(predictor, picture, "make it blue")
    assert edited.shape == picture.shape and edited.dtype == np.uint8


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_only_the_masked_part_is_painted_anew(predictor, picture, kind):
    mask = np.zeros(picture.shape[:2], bool)
    mask[20:60, 30:90] = True
    source = picture if kind is np.uint8 else (picture / 255).astype(kind)
    painted = synthesis.inpaint(predictor, source, mask, "a cat")
    np.testing.assert_array_equal(painted[~mask], picture[~mask])
    assert (painted[mask] != picture[mask]).mean() > 0.5
    hidden = picture.copy()
    hidden[mask] = 77  # the model must not see what it shall replace
    np.testing.assert_array_equal(
        synthesis.inpaint(predictor, hidden, mask, "a cat")[mask], painted[mask]
    )


def test_a_mask_of_another_size_is_refused(predictor, picture):
    for mask in (np.zeros((3, 3), bool), np.zeros((100, 150))):
        with pytest.raises(BadShape, match="mask"):
            synthesis.inpaint(predictor, picture, mask, "")


@pytest.mark.parametrize(("seconds", "samples"), [(4.08, 65_280), (1.5, 24_000), (6.0, 96_000)])
def test_a_sound_is_as_long_as_asked_for(predictor, seconds, samples):
    wave = synthesis.audio(predictor, "rain", seconds=seconds)
    assert wave.shape == (samples,) and wave.dtype == np.float32
    assert np.isfinite(wave).all() and 0 < np.abs(wave).max() <= 1
    np.testing.assert_array_equal(wave, synthesis.audio(predictor, "rain", seconds=seconds))


def test_a_vocoder_takes_the_place_of_griffin_lim_and_its_segments_are_joined(small, tokenizer):
    def ramp(log_mel):
        assert log_mel.shape == (2, 256, 128)
        return torch.arange(65_536).expand(2, -1) / 65_280

    wave = synthesis.audio(Predictor(small, tokenizer, vocoder=ramp), "rain", seconds=5)
    assert wave.shape == (80_000,)
    np.testing.assert_allclose(wave, np.arange(80_000) % 65_280 / 65_280, atol=1e-6)


def test_too_loud_a_sound_is_clipped(small, tokenizer):
    predictor = Predictor(small, tokenizer, vocoder=lambda mel: mel.new_full((1, 65_536), -3.0))
    assert (synthesis.audio(predictor, "rain", seconds=1) == -1).all()


@pytest.mark.parametrize("seconds", [0, -1, 601, float("nan")])
def test_impossible_lengths_are_refused(predictor, seconds):
    with pytest.raises(BadSetting, match="seconds"):
        synthesis.audio(predictor, "rain", seconds=seconds)
