"""Sound as the model hears it: 16 kHz waveform → segments of 4.08 s → log-mels (spec c3).

Shapes: T samples, C channels, S segments, F frames (one per 256 samples), M = 128 mels. A whole
segment is 65,280 samples and 256 frames. Log-mels are natural logarithms of power; what each part
of the model subtracts and divides by is its own business.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from uio2_agent.errors import BadInput, BadShape, MissingDependency

SAMPLE_RATE = 16_000
SEGMENT = 65_280  # samples, 4.08 s
FRAMES, MELS = 256, 128
HOP, WINDOW = 256, 1024
QUIETEST, LOUDEST = 1e-5, 1e5  # power
# A remainder counts as a segment of its own if its middle exists, with a tenth of a second spare.
_REMAINDER = SEGMENT // 2 + SAMPLE_RATE // 10
_RATES = (1_000, 1_000_000)
_PEAK = 10.0
# Full scale and zero of integer samples.
_INTEGERS = {"int16": (2.0**15, 0.0), "int32": (2.0**31, 0.0), "uint8": (2.0**7, 128.0)}


@dataclass(frozen=True)
class LogMel:
    """Spectrograms of whole segments.

    values: (…, 256, 128) float32, natural logarithm of power in [log 1e-5, log 1e5]; 0 where the
        power is exactly 0, as in the release.
    mask: (…, 256, 128) bool, true where the power is not 0.
    """

    values: Tensor
    mask: Tensor

    def filled(self) -> Tensor:
        """The values with silence at log 1e-5. A vocoder needs this: to it, 0 is power 1, loud."""
        return self.values.masked_fill(~self.mask, math.log(QUIETEST))


def as_waveform(samples: Tensor | np.ndarray, rate: float, *, name: str = "waveform") -> Tensor:
    """One recording of any kind → (T,) float32 at 16 kHz, mono.

    Integers are divided by their full scale (int16, int32; uint8 is centred at 128). Floats are
    taken as they are, peaks somewhat above 1 included. Of two axes the longer is time (the first,
    if equal) and channels are averaged. Another rate is resampled (soxr, high quality) to
    ceil(T · 16000 / rate) samples. Silence is fine; length does not matter here.

    Args:
        samples: (T,), (T, C) or (C, T).
        rate: Samples per second, 1,000 to 1,000,000.
        name: What errors call it.

    Raises:
        BadShape: Another number of axes, or samples of another type.
        BadInput: No samples, samples that are not finite, floats beyond ±10, an impossible rate.
        MissingDependency: soxr is needed and not installed.
    """
    if isinstance(samples, Tensor):
        samples = samples.detach().cpu()
        samples = (samples.float() if samples.dtype == torch.bfloat16 else samples).numpy()
    array = np.asarray(samples)
    kind = array.dtype.name
    if array.ndim not in (1, 2):
        raise BadShape(name, array.shape, "(T,), (T, C) or (C, T): one recording at a time")
    if kind not in _INTEGERS and not np.issubdtype(array.dtype, np.floating):
        raise BadShape(name, kind, "float, " + ", ".join(_INTEGERS))
    if array.size == 0:
        raise BadInput(name, "empty", "at least one sample")
    if not isinstance(rate, int | float | np.number) or not _RATES[0] <= rate <= _RATES[1]:
        raise BadInput(
            f"sample rate of {name}", repr(rate), f"{_RATES[0]} to {_RATES[1]} samples per second"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # looked at just below
        mono = array if array.ndim == 1 else array.mean(axis=int(len(array) >= array.shape[1]))
        scale, zero = _INTEGERS.get(kind, (1.0, 0.0))
        mono = (mono - zero) / scale
    _check_samples(mono, name)
    return torch.from_numpy(_resample(mono.astype(np.float32), float(rate)))


def segment_count(samples: int) -> int:
    """Segments of so many samples: whole ones, and a remainder of more than 2.14 s, at least 1."""
    whole, remainder = divmod(samples, SEGMENT)
    return max(whole + (remainder > _REMAINDER), min(samples, 1))


def segments(waveform: Tensor) -> Tensor:
    """(T,) → (S, 65280), zeros after the end; a short remainder is cut off (`segment_count`).

    Raises:
        BadShape: Not (T,) float with at least one sample.
    """
    if waveform.dim() != 1 or not len(waveform) or not waveform.is_floating_point():
        got = f"{tuple(waveform.shape)} {waveform.dtype}"
        raise BadShape("waveform", got, "(T,) float with T > 0, as as_waveform() gives")
    length = segment_count(len(waveform)) * SEGMENT
    padded = waveform.new_zeros(length)
    kept = waveform[:length]
    padded[: len(kept)] = kept
    return padded.unflatten(0, (-1, SEGMENT))


def mel_power(waveform: Tensor) -> Tensor:
    """(T,) or (B, T), T > 512 → power (…, 1 + T // 256, 128) float32.

    Symmetric Hann window of 1024, one frame per 256 samples, each centred on its sample with the
    ends reflected; 128 Slaney mels with Slaney norm over 0 to 8000 Hz. Computed in float64.
    """
    if waveform.dim() not in (1, 2) or waveform.shape[-1] <= WINDOW // 2:
        raise BadShape("waveform", tuple(waveform.shape), "(T,) or (B, T) with T > 512")
    spectrum = torch.stft(
        waveform.double(),
        WINDOW,
        HOP,
        window=hann_window().to(waveform.device),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )  # (…, 513, F)
    power = spectrum.real.square() + spectrum.imag.square()
    return (power.mT @ mel_filters().to(waveform.device).T).float()


def log_mel(waveform: Tensor) -> LogMel:
    """Whole segments (65280,) or (S, 65280) → their log-mel spectrograms.

    Raises:
        BadShape: Another length; `segments` cuts a recording into whole ones.
        BadInput: Samples that are not finite.
    """
    if waveform.dim() not in (1, 2) or waveform.shape[-1] != SEGMENT:
        want = f"({SEGMENT},) or (S, {SEGMENT}), as segments() gives"
        raise BadShape("waveform", tuple(waveform.shape), want)
    _check_finite(waveform)
    return _logarithm(mel_power(waveform))


def padded_log_mel(waveform: Tensor) -> LogMel:
    """(T,) float, of which one segment is heard → the log-mel spectrogram of that segment.

    As `log_mel(segments(waveform)[0])` up to rounding, but zeros after a short end cost nothing.

    Raises:
        BadShape, BadInput: As `segments` and `log_mel`.
    """
    whole = segments(waveform[:SEGMENT])[0]
    _check_finite(whole)
    # Windows reach half their width beyond the end, and as far is mirrored at the cut.
    power = mel_power(whole[: min(len(waveform) + 2 * WINDOW, SEGMENT)])
    return _logarithm(F.pad(power, (0, 0, 0, FRAMES - len(power))))


@lru_cache(maxsize=1)
def hann_window() -> Tensor:
    """The symmetric Hann window (1024,) float64, not the periodic one usual in spectrograms."""
    return torch.hann_window(WINDOW, periodic=False, dtype=torch.float64, device="cpu")


@lru_cache(maxsize=1)
def mel_filters() -> Tensor:
    """(128 mels, 513 frequencies) float64: triangles of equal area, evenly spaced in Slaney mels.

    That scale is linear up to 1000 Hz (15 mels) and logarithmic above (27 mels per factor 6.4).
    """
    top = 15 + 27 * math.log(SAMPLE_RATE / 2 / 1000) / math.log(6.4)
    mels = torch.linspace(0, top, MELS + 2, dtype=torch.float64, device="cpu")
    log_part = 1000 * torch.exp((mels - 15) * math.log(6.4) / 27)
    corners = torch.where(mels < 15, mels * 200 / 3, log_part)  # Hz
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    bins = torch.arange(WINDOW // 2 + 1, dtype=torch.float64, device="cpu") * SAMPLE_RATE / WINDOW
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return torch.minimum(rising, falling).clamp(min=0) * 2 / (high - low)


def _logarithm(power: Tensor) -> LogMel:
    mask = power != 0
    return LogMel(power.clamp(QUIETEST, LOUDEST).log() * mask, mask)


def _check_finite(waveform: Tensor) -> None:
    if not torch.isfinite(waveform).all():
        raise BadInput(
            "waveform", "not finite throughout", "finite samples, as as_waveform() checks"
        )


def _check_samples(mono: np.ndarray, name: str) -> None:
    wrong = int(np.count_nonzero(~np.isfinite(mono)))
    if wrong:
        want = "finite samples; numpy.nan_to_num replaces such"
        raise BadInput(name, f"not finite at {wrong} of {mono.size} samples", want)
    peak = float(np.abs(mono).max())
    if peak > _PEAK:
        raise BadInput(name, f"float with a peak of {peak:g}", "full scale at 1; int16 / 32768")


def _resample(mono: np.ndarray, rate: float) -> np.ndarray:
    if rate == SAMPLE_RATE:
        return mono
    try:
        import soxr
    except ImportError as error:
        remedy = "Install it with `pip install soxr`, or give audio at 16 kHz"
        raise MissingDependency("soxr", f"audio at {rate:g} Hz", remedy) from error
    resampled = np.zeros(math.ceil(len(mono) * SAMPLE_RATE / rate), dtype=np.float32)
    given = soxr.resample(mono, rate, SAMPLE_RATE)[: len(resampled)]
    resampled[: len(given)] = given
    return resampled
