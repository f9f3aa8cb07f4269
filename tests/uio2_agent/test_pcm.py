"""Samples of 16 bits."""

import numpy as np
import pytest

from uio2_agent.errors import BadInput
from uio2_agent.pcm import from_pcm, to_pcm


def test_every_sample_comes_back_as_it_was():
    samples = np.arange(-(2**15), 2**15).astype(np.int16).reshape(2, -1)
    audio = from_pcm(samples)
    assert audio.dtype == np.float32 and audio.min() == -1 and audio.max() < 1
    np.testing.assert_array_equal(to_pcm(audio), samples)


def test_a_sound_is_at_most_half_a_step_off():
    audio = np.random.default_rng(0).uniform(-1, 0.9999, (2, 1000)).astype(np.float32)
    assert np.abs(from_pcm(to_pcm(audio)) - audio).max() <= 0.5 / 2**15 + 1e-9


def test_what_is_too_loud_is_cut_off():
    assert to_pcm(np.array([-1.5, -1.0, 1.0, 3.0])).tolist() == [-32768, -32768, 32767, 32767]


def test_what_is_no_sound_is_refused():
    with pytest.raises(BadInput, match="not finite"):
        to_pcm(np.array([0.0, np.nan]))
