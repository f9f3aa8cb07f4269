"""Any endless sound heard in an environment: where it comes from in, stereo samples out."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.acoustics import (
    BRIGHTNESS,
    PINNA,
    Arrival,
    ear_responses,
    head_shadow,
    pinna_shadow,
    screening,
)
from uio2_agent.envs.sounds import Samples, Sound, white_noise
from uio2_agent.errors import BadInput
from uio2_agent.interface import AUDIO_RATE

NEAREST = 0.25  # metres; nearer is not louder
REVERBERATION = 0.4  # seconds until an echo has fallen by 60 dB; a furnished room
# Metres at which echoes are as loud as what comes straight. In a real room it is one or two, but
# people have better ears for the first wave than an agent.
REVERBERANT_DISTANCE = 10.0
FADE = AUDIO_RATE // 10  # samples within which one pose becomes the next
LOUDEST = 0.98  # peaks of a source, with all echoes; leaves the 1.6 % of `source`
_RMS = 0.2  # of a source at `NEAREST`, if its peaks allow

_BAND = (40.0, 80.0, 6600.0, 7200.0)  # Hz: silence, all, all, silence
_TAPER = (7200.0, 8000.0)  # of responses, where sources are silent: keeps them short
_GUARD = 192  # samples of a block on either side that its ends disturb
_GAP = AUDIO_RATE // 125  # samples from the sound to its first echoes


@dataclass(frozen=True, eq=False)
class Source:
    """A sound at its level, `NEAREST` away.

    Attributes:
        dry: (T,) one round of it.
        wet: (2, T) its echoes at the left and the right ear, the same wherever one stands.
    """

    dry: Samples
    wet: NDArray[np.float64]


@lru_cache(maxsize=16)
def source(sound: Sound) -> Source:
    """Give a sound its level and its echoes.

    The level is a common one, or the highest at which no pose can bring a sample beyond 1:
    responses of the ears are linear in the two brightnesses, so |x| is largest where both are
    extreme, and all else (`screening`, distance, fades) makes nothing larger.

    Raises:
        BadInput: Nothing sounds in it between 80 and 6,600 Hz.
    """
    length = len(sound.loop)
    f = _frequencies(length)
    spectrum = np.fft.rfft(sound.loop) * np.interp(f, _BAND, (0, 1, 1, 0))
    dry = np.fft.irfft(spectrum, length)
    power = np.mean(dry**2)
    if not power > 1e-6 * np.mean(sound.loop**2):
        raise BadInput(f"sound {sound.name!r}", "silent", "something between 80 and 6,600 Hz")
    wet = np.fft.irfft(spectrum * np.fft.rfft(_echoes(length)), length)
    # As loud at either ear, else tones would seem to come from one side.
    wet *= np.sqrt(power / np.mean(wet**2, axis=1, keepdims=True))
    shaped = (
        spectrum * head_shadow(f, head) * pinna_shadow(f, pinna)
        for head in BRIGHTNESS
        for pinna in PINNA
    )
    # A delay moves samples to what lies between them. With eight for one, nothing between is
    # higher by more than 1 / cos(π · 7200 / 128000), 1.6 %.
    highest = 8 * max(np.abs(np.fft.irfft(s, 8 * length)).max() for s in shaped)
    highest += NEAREST / REVERBERANT_DISTANCE * np.abs(wet).max()
    level = min(_RMS / np.sqrt(power), LOUDEST / highest)
    return Source(level * dry, level * wet)


class Listener:
    """Two ears that hear one source, a second at a time; its clock runs on from second to second.

    The way's delay is left out, since nobody knows when an endless sound began; that between the
    ears is not. A new pose is faded in over the first tenth of its second, so there are no clicks.

    Args:
        sound: What sounds.
        start: The sample of its loop that is heard first.
        reverberation: Whether there are echoes.
    """

    def __init__(self, sound: Sound, start: int = 0, reverberation: bool = True) -> None:
        self._source, self._clock = source(sound), start
        self._echoes = NEAREST / REVERBERANT_DISTANCE if reverberation else 0.0
        self._last: Arrival | None = None

    def hear(self, arrival: Arrival) -> NDArray[np.float32]:
        """The next second, (2, `AUDIO_RATE`) in [-1, 1]: left and right ear."""
        heard = self._block(arrival, AUDIO_RATE)
        if self._last is not None and self._last != arrival:
            before = self._block(self._last, FADE)
            fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(FADE) + 0.5) / FADE)
            heard[:, :FADE] = before + fade * (heard[:, :FADE] - before)
        self._clock, self._last = self._clock + AUDIO_RATE, arrival
        return heard.astype(np.float32)

    def _block(self, arrival: Arrival, length: int) -> NDArray[np.float64]:
        """(2, length) from now on, heard in one pose.

        The loop is known before and after, so a circular convolution does, with guards where the
        block's ends meet.
        """
        size = 1 << (length + 2 * _GUARD - 1).bit_length()
        f = _frequencies(size)
        places = np.arange(self._clock - _GUARD, self._clock - _GUARD + size)
        dry = np.fft.rfft(self._source.dry.take(places, mode="wrap"))
        spectra = ear_responses(f, arrival.azimuth) * dry
        spectra *= NEAREST / max(arrival.distance, NEAREST)
        if self._echoes:
            wet = np.fft.rfft(self._source.wet.take(places, axis=1, mode="wrap"))
            spectra += self._echoes * _fallen(arrival.distance) * wet
        spectra *= _kept(size) * screening(f, arrival.detour)
        return np.fft.irfft(spectra, size)[:, _GUARD : _GUARD + length]


def _fallen(distance: float) -> float:
    """What a distance leaves of echoes: Barron and Lee 1988, "Energy relations in concert
    auditoriums", J. Acoust. Soc. Am. 84(2): energy falls as exp(-0.04 r / T)."""
    return math.exp(-0.02 * distance / REVERBERATION)


def _echoes(length: int) -> NDArray[np.float64]:
    """(2, length): noise that dies away, another at each ear, in a loop."""
    decay = round(REVERBERATION * AUDIO_RATE)
    time = np.arange(decay) / AUDIO_RATE
    tails = np.zeros((2, _GAP + decay + -(_GAP + decay) % length))
    for ear, tail in enumerate(tails):
        tail[_GAP : _GAP + decay] = white_noise(decay, ear) * 10 ** (-3 * time / REVERBERATION)
    return tails.reshape(2, -1, length).sum(axis=1)


@lru_cache(maxsize=4)
def _frequencies(size: int) -> Samples:
    """(F,) of a transform of so many samples."""
    return np.fft.rfftfreq(size, 1 / AUDIO_RATE).astype(np.float64)


@lru_cache(maxsize=4)
def _kept(size: int) -> Samples:
    """(F,) what responses keep of each frequency."""
    low, high = _TAPER
    beyond = np.clip((_frequencies(size) - low) / (high - low), 0, 1)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * beyond))
