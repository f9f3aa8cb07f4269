"""Waveforms of any kind into the spectrograms of the model, against the recorded numbers."""

import math
import sys

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput, BadShape, MissingDependency
from uio2_agent.model.inputs import patchify_sound
from uio2_agent.model.sound import (
    SAMPLE_RATE,
    SEGMENT,
    as_waveform,
    hann_window,
    log_mel,
    mel_filters,
    mel_power,
    padded_log_mel,
    segment_count,
    segments,
)


def tone(hertz: float = 440.0, seconds: float = 1.0, rate: float = SAMPLE_RATE) -> np.ndarray:
    return np.sin(2 * math.pi * hertz * np.arange(int(seconds * rate)) / rate) / 2


@pytest.fixture(scope="module")
def recorded(golden):
    return golden("mel")


@pytest.fixture(scope="module")
def heard(recorded):
    return log_mel(as_waveform(recorded["waveform_int16"], SAMPLE_RATE))


def test_the_mel_power_is_the_recorded_one(recorded):
    power = mel_power(as_waveform(recorded["waveform_int16"], SAMPLE_RATE))
    wanted = torch.from_numpy(recorded["mel_power"]).mT
    torch.testing.assert_close(power, wanted, rtol=1e-5, atol=0)


def test_the_log_mel_is_the_recorded_one(recorded, heard, matches):
    matches(heard.values.mT, recorded["log_mel_masked"], atol=1e-5)
    assert heard.values.dtype == torch.float32
    assert heard.mask.all()


def test_what_vit_and_quantiser_see_of_it_is_the_recorded(recorded, heard, matches):
    matches((heard.values + 4.26) / 9.14, recorded["vit_input_time_mel"], atol=2e-6)
    matches((heard.values + 5.0945) / 3.8312, recorded["vqgan_target_time_mel"], atol=4e-6)
    patches = patchify_sound(heard.values, heard.mask)
    assert patches.pixels.shape == (128, 256)
    matches(patches.pixels[0], recorded["vit_input_time_mel"][:16, :16].reshape(-1), atol=2e-6)


def test_segments_are_counted_as_recorded(recorded):
    samples = [round(s * SAMPLE_RATE) for s in recorded["segments_in_seconds"]]
    assert [segment_count(n) for n in samples] == recorded["num_segments"].tolist()


@pytest.mark.parametrize(
    ("samples", "count"),
    [
        (0, 0),
        (1, 1),
        (SEGMENT - 1, 1),
        (SEGMENT + 34240, 1),
        (SEGMENT + 34241, 2),
        (3 * SEGMENT, 3),
    ],
)
def test_a_remainder_above_2_14_seconds_is_a_segment(samples, count):
    assert segment_count(samples) == count
    if samples:
        assert segments(torch.ones(samples)).shape == (count, SEGMENT)


def test_segments_hold_the_waveform_in_order_then_zeros():
    waveform = torch.rand(SEGMENT + 40000)
    cut = segments(waveform)
    assert torch.equal(cut.flatten()[: len(waveform)], waveform)
    assert not cut.flatten()[len(waveform) :].any()


def test_a_short_remainder_is_cut_off():
    waveform = torch.rand(SEGMENT + 1000)
    assert torch.equal(segments(waveform)[0], waveform[:SEGMENT])


def test_segments_heard_together_are_those_heard_alone():
    cut = segments(torch.from_numpy(tone(seconds=8).astype(np.float32)))
    together = log_mel(cut)
    assert together.values.shape == together.mask.shape == (2, 256, 128)
    alone = log_mel(cut[1])
    torch.testing.assert_close(together.values[1], alone.values, atol=1e-5, rtol=0)
    assert torch.equal(together.mask[1], alone.mask)


def test_silence_is_masked_zeros_and_quiet_when_filled():
    heard = log_mel(torch.zeros(SEGMENT))
    assert not heard.mask.any() and not heard.values.any()
    torch.testing.assert_close(heard.filled(), torch.full((256, 128), math.log(1e-5)))


def test_padding_after_a_short_sound_is_masked_out():
    waveform = as_waveform(np.random.default_rng(0).normal(size=SAMPLE_RATE) / 9, SAMPLE_RATE)
    heard = log_mel(segments(waveform))
    frames = heard.mask[0].any(dim=-1)
    last = (SAMPLE_RATE + 512) // 256  # centred on the last frame that still sees the sound
    assert frames[:last].all() and not frames[last + 1 :].any()
    assert not heard.values[0, last + 1 :].any()


@pytest.mark.parametrize("scale", [1e-6, 1e9])
def test_power_is_kept_within_ten_to_the_minus_and_plus_five(scale):
    waveform = torch.from_numpy(tone(seconds=4.08).astype(np.float32)) * scale
    values = log_mel(waveform).values
    assert values.min() >= math.log(1e-5) - 1e-5 and values.max() <= math.log(1e5) + 1e-5


@pytest.mark.parametrize("samples", [1, 600, 16_000, 63_000, SEGMENT, SEGMENT + 9])
def test_a_short_sound_is_heard_as_in_its_segment(samples):
    waveform = torch.randn(samples, generator=torch.Generator().manual_seed(0)) * 0.1
    short, whole = padded_log_mel(waveform), log_mel(segments(waveform)[0])
    assert short.values.shape == (256, 128)
    assert torch.equal(short.mask, whole.mask)
    torch.testing.assert_close(short.values, whole.values, atol=1e-5, rtol=1e-5)


def test_a_tone_is_loudest_in_the_mel_of_its_pitch():
    loudest = log_mel(as_waveform(tone(1000, 4.08), SAMPLE_RATE)).values.mean(dim=0).argmax()
    peak = mel_filters()[loudest].argmax().item() * SAMPLE_RATE / 1024
    assert abs(peak - 1000) <= SAMPLE_RATE / 1024


def test_the_window_is_the_symmetric_one():
    window = hann_window()
    torch.testing.assert_close(window, window.flip(0), atol=1e-15, rtol=0)
    assert window[0] == window[-1] == 0


def test_mel_filters_all_have_the_same_area_but_for_the_coarse_grid():
    area = mel_filters().sum(dim=1) * SAMPLE_RATE / 1024
    assert mel_filters().shape == (128, 513)
    torch.testing.assert_close(area, torch.ones_like(area), atol=0.3, rtol=0)
    torch.testing.assert_close(area[64:], torch.ones_like(area[64:]), atol=0.03, rtol=0)


@pytest.mark.parametrize(
    ("dtype", "samples", "wanted"),
    [
        (np.int16, [-32768, 0, 16384], [-1, 0, 0.5]),
        (np.int32, [-(2**31), 0, 2**30], [-1, 0, 0.5]),
        (np.uint8, [0, 128, 192], [-1, 0, 0.5]),
        (np.float64, [-1, 0, 0.5], [-1, 0, 0.5]),
        (np.float16, [-1, 0, 0.5], [-1, 0, 0.5]),
    ],
)
def test_samples_of_every_type_get_full_scale_one(dtype, samples, wanted):
    waveform = as_waveform(np.array(samples, dtype), SAMPLE_RATE)
    assert waveform.dtype == torch.float32 and waveform.tolist() == wanted


def test_tensors_are_taken_too():
    for dtype in (torch.float32, torch.bfloat16, torch.int16):
        assert as_waveform(torch.zeros(9, dtype=dtype), SAMPLE_RATE).shape == (9,)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_channels_on_either_axis_are_averaged(channels, dtype):
    samples = np.random.default_rng(1).uniform(-9000, 9000, (50, channels)).astype(dtype)
    scale = 2.0**15 if dtype == np.int16 else 1e-4
    samples = samples if dtype == np.int16 else samples * np.float32(scale)
    wanted = samples.astype(np.float64).mean(axis=1) / (scale if dtype == np.int16 else 1)
    for layout in (samples, samples.T):
        np.testing.assert_allclose(as_waveform(layout, SAMPLE_RATE), wanted, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 11025, 22050.0, 44100, np.int64(48000), 192000])
def test_a_tone_of_any_rate_is_the_same_tone_at_16_khz(rate):
    waveform = as_waveform(tone(rate=rate), rate)
    assert len(waveform) == SAMPLE_RATE
    inner = slice(1000, -1000)
    np.testing.assert_allclose(waveform[inner], tone()[inner], atol=2e-3)


def test_pitches_above_8_khz_do_not_fold_down():
    waveform = as_waveform(tone(11_000, rate=48_000), 48_000)
    assert waveform[1000:-1000].abs().max() < 1e-3


@pytest.mark.parametrize(
    ("samples", "rate", "length"), [(1, 48_000, 1), (7, 48_000, 3), (1, 8000, 2)]
)
def test_even_the_shortest_recording_keeps_a_sample(samples, rate, length):
    waveform = as_waveform(np.ones(samples), rate)
    assert waveform.shape == (length,) and torch.isfinite(waveform).all()


@pytest.mark.parametrize(
    ("samples", "rate", "problem"),
    [
        (np.zeros(0), 16000, "empty"),
        (np.zeros((0, 2)), 16000, "empty"),
        (np.array([0, np.nan, np.inf]), 16000, "not finite at 2 of 3 samples"),
        (np.array([[0, np.inf], [0, -np.inf], [1, 1]]), 44100, "not finite at 2 of 3"),
        (np.array([0.0, 20000.0]), 16000, "peak of 20000"),
        (np.zeros(9), 0, "sample rate of waveform is 0"),
        (np.zeros(9), -16000, "sample rate"),
        (np.zeros(9), float("nan"), "sample rate"),
        (np.zeros(9), "16k", "sample rate"),
        (np.zeros(9), None, "sample rate"),
    ],
)
def test_what_is_no_sound_is_refused(samples, rate, problem):
    with pytest.raises(BadInput, match=problem):
        as_waveform(samples, rate)


@pytest.mark.parametrize(
    "samples",
    [np.zeros((2, 2, 9)), np.float32(0), np.zeros(9, np.int64), np.zeros(9, complex), "a"],
)
def test_what_is_no_array_of_samples_is_refused(samples):
    with pytest.raises(BadShape, match="clip"):
        as_waveform(samples, SAMPLE_RATE, name="clip")


def test_without_soxr_only_16_khz_is_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert len(as_waveform(np.zeros(9), SAMPLE_RATE)) == 9
    with pytest.raises(MissingDependency, match="pip install soxr"):
        as_waveform(np.zeros(9), 44100)


def test_spectrograms_are_made_of_whole_finite_segments_only():
    with pytest.raises(BadShape, match="segments"):
        log_mel(torch.zeros(SEGMENT - 1))
    with pytest.raises(BadShape, match="512"):
        mel_power(torch.zeros(512))
    with pytest.raises(BadInput, match="finite"):
        log_mel(torch.full((1, SEGMENT), math.nan))
    with pytest.raises(BadInput, match="finite"):
        padded_log_mel(torch.full((9,), math.nan))
    for bad in (torch.zeros(0), torch.zeros(2, 9), torch.zeros(9, dtype=torch.int16)):
        with pytest.raises(BadShape, match="as_waveform"):
            segments(bad)
