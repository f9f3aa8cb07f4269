"""Sound files in and out: wav, flac, ogg and mp3, through libsndfile."""

import io
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from uio2_agent.errors import BadInput, BadShape, MissingDependency, UnknownName
from uio2_agent.model.sound import SAMPLE_RATE, as_waveform
from uio2_agent.storage import make_folder, write_whole

_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
# Samples read or written at a time: what a two-hour stereo film needs stays small, and libsndfile's
# Vorbis encoder overruns its stack on very long writes.
_BLOCK = 1 << 16
# Of the samples a header promises; some mp3 files only estimate them.
_WHOLE = 0.95
_WANT = "a whole wav, flac, ogg or mp3 file; `ffmpeg -i in.mp4 out.wav` turns most others into one"


def read_audio(path: str | Path) -> Tensor:
    """A sound file of any rate and number of channels → (T,) float32, mono, 16 kHz.

    See `sound.as_waveform` for how channels are mixed and rates changed. A wav file that ends early
    is read as far as it goes; of the others at least 95 % must be there.

    Raises:
        BadInput: Missing, corrupt, cut short, without samples, or with samples that are not finite.
        MissingDependency: soundfile, or the soxr it takes to resample, is not installed.
    """
    path = Path(path)
    name = f"audio file {path}"
    soundfile = _soundfile()
    if not path.is_file():
        raise BadInput(name, "missing", _WANT)
    try:
        with soundfile.SoundFile(path) as file:
            rate, promised = file.samplerate, file.frames
            blocks = list(_mono_blocks(file))
    except (soundfile.SoundFileError, OSError) as problem:
        raise BadInput(name, f"unreadable ({problem})", _WANT) from problem
    mono = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not len(mono):
        raise BadInput(name, "without samples", "at least one sample")
    if len(mono) < _WHOLE * promised:
        raise BadInput(name, f"cut short: {len(mono)} of {promised} samples", _WANT)
    return as_waveform(mono, rate, name=name)


def write_audio(path: str | Path, waveform: Tensor | np.ndarray) -> Path:
    """(T,) float at 16 kHz, in [-1, 1] (the rest is clipped) → a file; its suffix says which kind.

    The file appears whole or not at all; missing folders are made. wav and flac hold 16-bit
    integers: what is read back differs by at most 1 / 32768.

    Returns:
        The path.

    Raises:
        BadShape: Not (T,) float with at least one sample.
        BadInput: Samples that are not finite.
        UnknownName: A suffix other than .wav, .flac, .ogg or .mp3.
        CannotWrite: The disk is full, or the folder is not ours.
        MissingDependency: soundfile is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise UnknownName("kind of audio file", path.suffix, _FORMATS)
    samples = torch.as_tensor(waveform).detach().cpu()
    if samples.dim() != 1 or not len(samples) or not samples.is_floating_point():
        raise BadShape("waveform", f"{tuple(samples.shape)} {samples.dtype}", "(T,) float, T > 0")
    if not torch.isfinite(samples).all():
        raise BadInput("waveform", "not finite throughout", "samples in [-1, 1]")
    audio = samples.float().clamp(-1, 1).numpy()
    soundfile, content = _soundfile(), io.BytesIO()
    kind, subtype = _FORMATS[path.suffix.lower()]
    with soundfile.SoundFile(content, "w", SAMPLE_RATE, 1, subtype, format=kind) as file:
        for start in range(0, len(audio), _BLOCK):
            file.write(audio[start : start + _BLOCK])
    make_folder(path.parent)
    write_whole(path, content.getvalue())
    return path


def _mono_blocks(file: Any) -> Iterator[np.ndarray]:
    """Not `file.blocks`: that goes by the header, and a broken one may promise samples for days."""
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        yield block.mean(axis=1)


def _soundfile() -> ModuleType:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: the package without its C library
        remedy = "Install it with `pip install soundfile`"
        raise MissingDependency("soundfile", "reading and writing sound files", remedy) from error
    return soundfile
