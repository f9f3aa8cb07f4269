"""Sound files of the usual kinds, whole and broken."""

import sys

import numpy as np
import pytest
import soundfile
import torch

from uio2_agent.errors import BadInput, BadShape, CannotWrite, MissingDependency, UnknownName
from uio2_agent.model.audio_files import read_audio, write_audio

KINDS = ["wav", "flac", "ogg", "mp3"]


@pytest.fixture(scope="module")
def song() -> torch.Tensor:
    """Five seconds, longer than what is written or read at a time."""
    seconds = torch.arange(80_000) / 16_000
    return torch.sin(2 * torch.pi * (200 + 150 * seconds) * seconds) / 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_back(tmp_path, song, kind):
    path = write_audio(tmp_path / f"song.{kind}", song)
    read = read_audio(path)
    assert read.shape == song.shape and read.dtype == torch.float32
    if kind in ("wav", "flac"):
        assert (read - song).abs().max() <= 2**-15
    else:
        assert np.corrcoef(read, song)[0, 1] > 0.95
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_stereo_files_of_every_depth_and_rate_are_read(tmp_path, subtype):
    left = np.sin(2 * np.pi * 300 * np.arange(44_100) / 44_100) / 2
    soundfile.write(tmp_path / "a.wav", np.stack([left, -left / 2], 1), 44_100, subtype)
    read = read_audio(tmp_path / "a.wav")
    wanted = np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000) / 8
    assert len(read) == 16_000
    np.testing.assert_allclose(read[500:-500], wanted[500:-500], atol=0.01)


def test_a_stereo_file_of_one_sample_is_one_sample(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([[0.5, 0.25]]), 16_000, "FLOAT")
    assert read_audio(tmp_path / "a.wav").tolist() == [0.375]


def test_louder_than_full_scale_is_clipped(tmp_path):
    path = write_audio(tmp_path / "a.wav", np.array([-3.0, 0.0, 2.0]))
    np.testing.assert_allclose(read_audio(path), [-1, 0, 1], atol=2**-15)


def test_missing_folders_are_made_and_old_files_replaced(tmp_path):
    path = tmp_path / "a" / "b.WAV"
    write_audio(path, torch.zeros(100))
    assert len(read_audio(write_audio(path, torch.zeros(50)))) == 50


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_or_foreign_file_is_named(tmp_path, kind):
    path = tmp_path / f"song.{kind}"
    with pytest.raises(BadInput, match=rf"song\.{kind} is missing"):
        read_audio(path)
    path.write_bytes(b"no sound at all" * 100)
    with pytest.raises(BadInput, match=rf"song\.{kind} is .*ffmpeg"):
        read_audio(path)
    path.write_bytes(b"")
    with pytest.raises(BadInput, match=rf"song\.{kind} is "):
        read_audio(path)


@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3"])
def test_a_file_cut_short_is_refused(tmp_path, song, kind):
    path = write_audio(tmp_path / f"song.{kind}", song)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInput, match="audio file"):
        read_audio(path)


def test_a_file_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16_000)
    with pytest.raises(BadInput, match="without samples"):
        read_audio(tmp_path / "a.wav")


def test_a_file_with_samples_that_are_not_finite_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([0, np.nan]), 16_000, "FLOAT")
    with pytest.raises(BadInput, match=r"a\.wav is not finite at 1 of 2"):
        read_audio(tmp_path / "a.wav")


def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path):
    with pytest.raises(UnknownName, match=r"\.wav"):
        write_audio(tmp_path / "a.aiff", torch.zeros(9))
    for bad in (torch.zeros(0), torch.zeros(2, 9), torch.zeros(9, dtype=torch.int16)):
        with pytest.raises(BadShape, match="waveform"):
            write_audio(tmp_path / "a.wav", bad)
    with pytest.raises(BadInput, match="finite"):
        write_audio(tmp_path / "a.wav", torch.tensor([0.0, torch.inf]))
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_of_the_folder_is_said(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(CannotWrite):
        write_audio(tmp_path / "a" / "b.wav", torch.zeros(9))


def test_without_soundfile_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingDependency, match="pip install soundfile"):
        read_audio(tmp_path / "a.wav")
