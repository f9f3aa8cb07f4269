"""Frames of either signal are encoded once and go into the slots they belong to."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput, BadSetting
from uio2_agent.model.inputs import LOG_MEL_STD, sound_patches
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.pcm import from_pcm, to_pcm
from uio2_agent.policies.codecs.audiogoal import AudioGoalCodec
from uio2_agent.policies.codecs.base import Shown
from uio2_agent.policies.latents import Frames, Stream, picture_patches, streams
from uio2_agent.policies.unified import UnifiedPolicy

CPU = torch.device("cpu")


def tone(seed=0, gain=0.1, samples=16_000):
    return (np.random.default_rng(seed).normal(size=samples) * gain).astype(np.float32)


def as_heard(sounds):
    return [from_pcm(to_pcm(sound)) for sound in sounds]


def ears(left, right):
    return {"rgb": np.zeros((16, 16, 3), np.uint8), "audio": np.stack([left, right])}


@pytest.fixture(scope="module")
def codec(tokenizer, hearing_tiny):
    return AudioGoalCodec(tokenizer, hearing_tiny.cfg.text_vocab_size, past_steps=2)


@pytest.fixture
def hearing(hearing_tiny, codec):
    return streams(hearing_tiny, codec, micro_batch=2)["audio"]


@pytest.fixture
def listened(hearing_tiny):
    """How many sounds the ViT has listened to, as a growing list of batch sizes."""
    seen = []
    vit = hearing_tiny.audio_vit
    hook = vit.register_forward_hook(lambda m, args, out: seen.append(len(args[0])))
    yield seen
    hook.remove()


def walk(stream, steps, n_past=0):
    """What a stream shows after some steps, each the frames of one observation."""
    frames = Frames()
    for step in steps:
        stream.perceive(frames, ears(*step))
        stream.encode_new([(frames, ())])
        shown = Shown(step[0], (), min(n_past, len(frames.past)))
        found = stream.inputs([(frames, shown)])
        stream.pass_on(frames)
    return found


def test_how_much_louder_one_ear_is_survives():
    quiet, loud = sound_patches([tone(gain=0.05), tone(gain=0.2)], CPU).pixels
    there = sound_patches([tone()], CPU).mask[0]
    differences = (loud - quiet)[there][:, 0]
    # Power, so twice the logarithm, on the scale that is the same for every clip.
    np.testing.assert_allclose(differences, 2 * math.log(4) / LOG_MEL_STD, atol=1e-4)


def test_a_second_is_the_beginning_of_a_segment_whose_rest_is_masked():
    patches = sound_patches([tone()], CPU)
    assert patches.grid == (16, 8) and patches.pixels.shape == (1, 128, 256)
    # 16,000 of 65,280 samples are 62.5 of 256 frames, and the window reaches two further.
    assert patches.mask[0].reshape(16, 8).any(dim=1).tolist() == [True] * 4 + [False] * 12


def test_a_sounds_patches_do_not_depend_on_its_neighbours():
    alone = sound_patches([tone(1)], CPU)
    among = sound_patches([tone(0), tone(1), tone(2)], CPU)
    assert torch.equal(alone.pixels[0], among.pixels[1])


def test_a_sound_that_is_not_finite_is_refused():
    with pytest.raises(BadInput, match="finite"):
        sound_patches([np.full(16_000, np.nan, np.float32)], CPU)


def test_pictures_of_the_models_size_are_taken_as_they_are():
    picture = np.random.default_rng(0).integers(0, 256, (3, 32, 48), dtype=np.uint8)
    patches = picture_patches([picture], (32, 48), CPU)
    assert patches.grid == (2, 3) and patches.mask.all()
    fitted = picture_patches([picture], (48, 48), CPU)
    assert fitted.grid == (3, 3) and 0 < int(fitted.mask.sum()) < 9


def test_the_right_ear_takes_the_last_slot_and_the_past_those_before(hearing_tiny, hearing):
    steps = [(tone(2 * t), tone(2 * t + 1)) for t in range(3)]
    found = walk(hearing, steps, n_past=4)
    assert found["audio_history"].mask.tolist() == [[True] * 5]
    order = as_heard([*steps[0], *steps[1], steps[2][1]])
    again = hearing_tiny.encode_frames(sound_patches(order, CPU), "audio_history")
    torch.testing.assert_close(found["audio_history"].latents[0], again)
    expected = sound_patches([steps[2][0]], CPU).pixels
    assert torch.equal(found["audio"].pixels, expected)


def test_at_the_start_there_is_only_the_other_ear(hearing):
    found = walk(hearing, [(tone(0), tone(1))])
    assert found["audio_history"].mask.tolist() == [[True, False, False, False, False]]


def test_a_sound_is_encoded_once(hearing_tiny, codec, listened, stacked):
    agent = UnifiedPolicy(hearing_tiny, codec, text_length=176, micro_batch=1)
    agent.reset(np.ones(1, bool))
    counts = []
    for t in range(4):
        before = sum(listened)
        agent.act(stacked([ears(tone(2 * t), tone(2 * t + 1))]), {})
        counts.append(sum(listened) - before)
    # The input itself, the other ear at once, and last step's input now that it is past.
    assert counts == [2, 3, 3, 3]


def test_silence_leaves_its_slot_empty_and_can_be_answered(hearing_tiny, codec, hearing, stacked):
    silence = np.zeros(16_000, np.float32)
    found = walk(hearing, [(silence, tone()), (tone(), silence)], n_past=2)
    assert found["audio_history"].mask.tolist() == [[False, True, False, False, False]]
    assert torch.isfinite(found["audio_history"].latents).all()
    agent = UnifiedPolicy(hearing_tiny, codec, text_length=176, micro_batch=1)
    agent.reset(np.ones(1, bool))
    actions, _ = agent.act(stacked([ears(silence, silence)]), {})
    assert 0 <= actions[0] < 4


def test_what_is_heard_reaches_the_model_and_ears_are_not_confused(hearing_tiny, codec, stacked):
    def states(left, right):
        agent = UnifiedPolicy(hearing_tiny, codec, micro_batch=1)
        agent.reset(np.ones(1, bool))
        (row,) = agent._rows
        for name, stream in agent._streams.items():
            stream.perceive(row.frames[name], ears(left, right))
            stream.encode_new([(row.frames[name], ())])
        prompts = {0: codec.prompt(ears(left, right))}
        with torch.inference_mode():
            return hearing_tiny.encode(agent._inputs([0], prompts)).states

    quiet, loud = tone(gain=0.01), tone(gain=0.3)
    assert not torch.allclose(states(quiet, loud), states(loud, quiet), atol=1e-3)


def test_a_model_that_does_not_hear_is_refused(random_nano, codec):
    with pytest.raises(BadSetting, match="inputs of the model .* audio and audio_history"):
        UnifiedPolicy(random_nano, codec)


def test_more_sounds_than_the_model_has_positions_for_are_refused(hearing_tiny, codec):
    small = UnifiedIO2(replace(hearing_tiny.cfg, history_slots=4))
    with pytest.raises(BadSetting, match="sound_slots of the codec is 5, expected at most 4"):
        Stream(
            small, "audio", codec.sounds_of, slots=5, past_frames=4, keep_first=False, micro_batch=1
        )
