"""Loops without silence or seams, and what a file must be to become one."""

import numpy as np
import pytest

from uio2_agent.envs.sounds import HEARD, UNHEARD, find_sound, white_noise
from uio2_agent.errors import BadInput, UnknownName

soundfile = pytest.importorskip("soundfile")


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples))))


def tone(rate, seconds, pitch=440.0):
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("name", [*HEARD, *UNHEARD])
def test_every_second_of_a_built_in_sound_is_heard_and_its_seam_is_not(name):
    loop = find_sound(name).loop
    assert np.isfinite(loop).all() and loop.shape == (64_000,)
    twice = np.tile(loop, 2)
    seconds = [rms(twice[start : start + 16_000]) for start in range(0, 64_000, 2_000)]
    assert min(seconds) > 0.3 * rms(loop)
    jumps = np.abs(np.diff(twice))
    assert jumps[63_999] <= jumps[:63_999].max()


def test_sounds_differ_and_each_is_made_once():
    loops = [find_sound(name).loop / rms(find_sound(name).loop) for name in (*HEARD, *UNHEARD)]
    for i, one in enumerate(loops):
        for other in loops[:i]:
            assert abs(np.mean(one * other)) < 0.2
    assert find_sound("bird") is find_sound("bird")


def test_sounds_kept_for_evaluation_are_no_training_sounds():
    assert UNHEARD and not set(HEARD) & set(UNHEARD)


def test_noise_is_the_same_for_every_numpy():
    assert white_noise(3, 1).tolist() == pytest.approx(white_noise(9, 1)[:3].tolist(), abs=0)
    noise = white_noise(100_000, 2)
    assert abs(noise.mean()) < 0.01 and noise.var() == pytest.approx(1 / 3, rel=0.02)
    assert noise.min() >= -1 and noise.max() < 1 and (noise != white_noise(100_000, 3)).any()


def test_a_file_becomes_a_loop_of_its_mean_channel_at_16_kilohertz(tmp_path):
    stereo = np.stack([tone(16_000, 1.0), np.zeros(16_000)], axis=1)
    soundfile.write(tmp_path / "old_radio.wav", stereo, 16_000, "FLOAT")
    found = find_sound(tmp_path / "old_radio.wav")
    assert found.name == "old radio" and len(found.loop) == 16_000 - 320
    np.testing.assert_allclose(found.loop[320:], stereo[320:-320, 0] / 2, atol=1e-7)
    soundfile.write(tmp_path / "b.flac", tone(44_100, 1.0), 44_100)
    loop = find_sound(str(tmp_path / "b.flac")).loop
    spectrum = np.abs(np.fft.rfft(loop))
    assert len(loop) == 16_000 - 320
    assert np.argmax(spectrum) * 16_000 / len(loop) == pytest.approx(440, abs=1)


def test_the_ends_of_a_file_are_joined_without_a_click(tmp_path):
    rising = np.linspace(-0.9, 0.9, 8_000)
    soundfile.write(tmp_path / "saw.wav", rising, 16_000, "FLOAT")
    loop = find_sound(tmp_path / "saw.wav").loop
    assert np.abs(np.diff(np.tile(loop, 2))).max() < 1.8 / 300


def test_only_the_first_minute_of_a_file_is_used(tmp_path):
    soundfile.write(tmp_path / "long.wav", tone(1_000, 61.0, 100.0), 1_000)
    assert len(find_sound(tmp_path / "long.wav").loop) == 60 * 16_000 - 320


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (np.zeros(16_000), "silent"),
        (tone(16_000, 0.05), r"0\.050 s long"),
        (np.full(16_000, np.nan), "not finite"),
        (np.zeros(0), r"0\.000 s long"),
    ],
)
def test_files_that_cannot_sound_are_named(tmp_path, samples, problem):
    soundfile.write(tmp_path / "bad.wav", samples, 16_000, "FLOAT")
    with pytest.raises(BadInput, match=rf"bad\.wav.*{problem}"):
        find_sound(tmp_path / "bad.wav")


def test_missing_and_broken_files_and_unknown_names_are_told_apart(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.wav is missing"):
        find_sound(tmp_path / "gone.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(BadInput, match="unreadable"):
        find_sound(tmp_path / "text.wav")
    with pytest.raises(UnknownName, match="Did you mean 'telephone'"):
        find_sound("telefone")
