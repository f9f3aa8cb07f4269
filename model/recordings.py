"""Recordings of every origin → one waveform at 16 kHz: files, arrays, arrays with their rate."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
from torch import Tensor

from uio2_agent.errors import BadShape
from uio2_agent.model.audio_files import read_audio
from uio2_agent.model.sound import SAMPLE_RATE, as_waveform

# A file; samples at 16 kHz; or samples and their rate.
Sound: TypeAlias = str | Path | Tensor | np.ndarray | tuple[Tensor | np.ndarray, float]


def waveform(source: Sound, name: str = "audio") -> Tensor:
    """(T,) float32 at 16 kHz, mono.

    Args:
        source: A path, samples as `sound.as_waveform` takes them, or a pair of samples and rate.
        name: What errors call it.

    Raises:
        BadInput, BadShape, MissingDependency: As `read_audio` and `as_waveform`.
    """
    if isinstance(source, str | Path):
        return read_audio(source)
    samples, rate = source if isinstance(source, tuple) else (source, SAMPLE_RATE)
    if not isinstance(samples, Tensor | np.ndarray):
        want = "a path, an array, a tensor, or one of these with its rate"
        raise BadShape(name, type(samples).__name__, want)
    return as_waveform(samples, rate, name=name)
