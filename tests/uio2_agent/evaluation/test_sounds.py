"""What was heard becomes a file that anything plays, ears and levels as they were."""

import io
import wave

import numpy as np
import pytest

from uio2_agent.errors import BadInput, BadShape
from uio2_agent.evaluation import sounds


def test_the_file_holds_every_step_in_order_left_and_right():
    steps = [np.array([[0.0, 0.5], [-0.25, 1.0]], np.float32), np.full((2, 3), -1.0, np.float32)]
    content = sounds.encode([sounds.samples(step) for step in steps])
    with wave.open(io.BytesIO(content)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 16_000, 2)
        played = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    assert played.tolist() == [[0, -8192], [16384, 32767], *[[-32768, -32768]] * 3]


def test_what_is_too_loud_is_cut_off_and_does_not_wrap():
    loud = np.array([[1.5, -3.0], [0.0, 2.0]], np.float64)
    assert sounds.samples(loud).tolist() == [[32767, 0], [-32768, 32767]]
    with pytest.raises(BadInput, match="not finite"):
        sounds.samples(np.array([[np.nan], [0.0]]))


def test_the_loudest_second_of_the_louder_ear_is_told_in_decibels_of_full_scale():
    steps = [np.zeros((2, 16_000), np.float32) for _ in range(3)]
    steps[0][0] = 0.001  # as walks begin, -60 dB
    steps[1][1] = 0.1
    content = sounds.encode([sounds.samples(step) for step in steps])
    assert sounds.loudest_second(content) == pytest.approx(-20, abs=0.01)
    assert sounds.loudest_second(sounds.encode([sounds.samples(steps[2])])) == -np.inf
    half = sounds.encode([sounds.samples(np.full((2, 8000), -1.0, np.float32))])
    assert sounds.loudest_second(half) == pytest.approx(10 * np.log10(0.5))


@pytest.mark.parametrize(
    "bad", [np.zeros(9, np.float32), np.zeros((1, 9), np.float32), np.zeros((2, 9), np.int16)]
)
def test_what_is_no_stereo_is_refused(bad):
    with pytest.raises(BadShape, match="audio"):
        sounds.samples(bad)
