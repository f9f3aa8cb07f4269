"""What an agent heard in an episode, as a WAV file."""

import io
import wave
from collections.abc import Sequence

import numpy as np

from uio2_agent.errors import BadShape
from uio2_agent.interface import AUDIO, AUDIO_RATE
from uio2_agent.pcm import FULL_SCALE, to_pcm

_EARS, _SAMPLE_BYTES = 2, 2


def samples(audio: np.ndarray) -> np.ndarray:
    """`AUDIO` of one observation, float (2, T) in [-1, 1] -> int16 (T, 2), a fourth as large.

    What is louder is cut off. Raises BadShape, and BadInput as `to_pcm`.
    """
    if audio.ndim != 2 or len(audio) != _EARS or not np.issubdtype(audio.dtype, np.floating):
        raise BadShape(AUDIO, f"{audio.dtype} {audio.shape}", f"float ({_EARS}, T), both ears")
    return np.ascontiguousarray(to_pcm(audio).T.astype("<i2"))


def loudest_second(content: bytes) -> float:
    """Of a WAV as `encode` makes it: root mean square of the louder ear in the loudest second.

    Decibels of full scale (dBFS), 0 at most; -inf of silence. What is left after the last whole
    second counts as a second with silence after it.
    """
    with wave.open(io.BytesIO(content)) as wav:
        heard = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, _EARS)
    starts = np.arange(0, len(heard), AUDIO_RATE)
    power = np.add.reduceat((heard / FULL_SCALE) ** 2, starts, axis=0).max() / AUDIO_RATE
    return float(10 * np.log10(power)) if power else -np.inf


def encode(heard: Sequence[np.ndarray]) -> bytes:
    """What `samples` returned for every step, at least one -> a stereo WAV, 16 kHz, 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(_EARS)
        wav.setsampwidth(_SAMPLE_BYTES)
        wav.setframerate(AUDIO_RATE)
        wav.writeframes(np.concatenate(heard).tobytes())
    return file.getvalue()
