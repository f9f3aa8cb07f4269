"""Examples side by side."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput
from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import FrameLatents, Inputs, sound_patches
from uio2_agent.model.targets import text_targets
from uio2_agent.model.training.examples import Example, collate, pad
from uio2_agent.model.unified import UnifiedIO2


@pytest.fixture(scope="module")
def model() -> UnifiedIO2:
    return UnifiedIO2(SIZES["nano"]).eval()


def example(frames: int, seed: int = 0) -> Example:
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (1 + frames, 3, 128, 256), dtype=np.uint8)
    image, *history = pictures
    return Example(question=[5, 6], image=image, frames=history, answer=[7] * (seed + 1))


def test_rows_are_padded_after_their_end_tokens():
    assert pad([[5], [6, 7]]).tolist() == [[5, 1, 0], [6, 7, 1]]


def test_frames_go_into_the_slots_of_their_rows(model):
    batch = collate([example(2, 0), example(0, 1), example(1, 2)])
    with torch.no_grad():
        history = batch.inputs(model).image_history
        alone = collate([example(1, 2)]).inputs(model).image_history
    assert isinstance(history, FrameLatents)
    assert isinstance(alone, FrameLatents)
    assert history.mask.tolist() == [[True, True], [False, False], [True, False]]
    torch.testing.assert_close(history.latents[2, 0], alone.latents[0, 0])


def test_a_batch_without_frames_has_no_history(model):
    assert collate([example(0)]).inputs(model).image_history is None


def test_the_company_an_example_keeps_does_not_change_its_logits(model):
    with torch.no_grad():
        one, many = collate([example(1, 0)]), collate([example(1, 0), example(3, 4)])
        alone = model(one.inputs(model), text_targets(one.targets))["text"]
        among = model(many.inputs(model), text_targets(many.targets))["text"]
    torch.testing.assert_close(among[:1, : alone.shape[1]], alone, atol=1e-4, rtol=1e-4)


@pytest.fixture(scope="module")
def listener() -> UnifiedIO2:
    return UnifiedIO2(SIZES["nano_hears"])


SILENCE = np.zeros(16_000, np.float32)


def noise(seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=16_000) * 0.1).astype(np.float32)


def heard(sounds: int, seed: int = 0) -> Example:
    """Small pictures, as many of them as there are sounds."""
    seen = example(sounds, seed)
    frames = [frame[:, :96, :96] for frame in seen.frames]
    sound, *past = [noise(10 * seed + i) for i in range(sounds + 1)]
    small = replace(seen, image=seen.image[:, :96, :96], frames=frames)
    return replace(small, sound=sound, sounds=past)


def logits(model: UnifiedIO2, examples: list[Example]) -> torch.Tensor:
    batch = collate(examples)
    return model(batch.inputs(model), text_targets(batch.targets))["text"]


@torch.no_grad()
def test_sounds_go_into_slots_of_their_own(listener):
    batch = collate([heard(2, 0), heard(0, 1), heard(1, 2)])
    history = batch.inputs(listener).audio_history
    assert isinstance(history, FrameLatents)
    assert history.mask.tolist() == [[True, True], [False, False], [True, False]]
    alone = listener.encode_frames(sound_patches(heard(1, 2).sounds), "audio_history")
    torch.testing.assert_close(history.latents[2, 0], alone[0], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_places_that_nobody_hears_anything_at_change_nothing(listener):
    one, two = heard(1, 0), heard(0, 1)
    batch = collate([one, two])
    assert batch.audio is not None and batch.audio.present.pixels.shape == (2, 32, 256)
    inputs = batch.inputs(listener)
    targets = text_targets(batch.targets)
    every = sound_patches([e.sound for e in (one, two) if e.sound is not None])
    assert every.pixels.shape == (2, 128, 256)
    whole = listener(replace(inputs, audio=every), targets)["text"]
    torch.testing.assert_close(listener(inputs, targets)["text"], whole, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_company_of_who_hears_does_not_change_its_logits(listener):
    alone, among = logits(listener, [heard(1, 0)]), logits(listener, [heard(1, 0), heard(3, 4)])
    torch.testing.assert_close(among[:1, : alone.shape[1]], alone, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_it_matters_what_was_heard_now_and_before(listener):
    plain = heard(2, 0)
    now, before = replace(plain, sound=noise(7)), replace(plain, sounds=[noise(8), noise(9)])
    answers = [logits(listener, [e]) for e in (plain, now, before)]
    assert all((answers[0] - other).abs().max() > 1e-3 for other in answers[1:])


def test_silence_leaves_its_slot_empty_and_can_be_learned_from(listener):
    quiet = replace(heard(2, 0), sound=SILENCE, sounds=[SILENCE, noise(1)])
    batch = collate([quiet])
    inputs: Inputs = batch.inputs(listener)
    assert isinstance(inputs.audio_history, FrameLatents)
    assert inputs.audio_history.mask.tolist() == [[False, True]]
    assert inputs.audio is not None and not inputs.audio.mask.any()
    listener.zero_grad()
    logits(listener, [quiet]).logsumexp(-1).mean().backward()
    gradients = [p.grad for p in listener.parameters() if p.grad is not None]
    assert gradients and all(torch.isfinite(g).all() for g in gradients)
    nothing = collate([replace(quiet, sounds=[SILENCE])])
    assert nothing.inputs(listener).audio_history is None


def test_the_vit_of_sound_learns_from_what_is_heard_now(listener):
    listener.zero_grad()
    logits(listener, [heard(1, 0)]).logsumexp(-1).mean().backward()
    assert listener.audio_vit.patch.weight.grad.abs().max() > 0


def test_who_hears_and_who_is_deaf_do_not_share_a_batch():
    deaf = replace(heard(0, 0), sound=None)
    assert collate([deaf]).audio is None
    with pytest.raises(BadInput, match="1 of 2 with a sound"):
        collate([deaf, heard(0, 1)])
