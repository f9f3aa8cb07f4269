"""What head and walls make of a sound, as responses over frequency.

The head is a sphere with an ear at either end of its left-right axis. Azimuths are radians from
straight ahead, left positive, as phi of habitat_pointnav.md §7. All is in the horizontal plane:
source and ears are at one height. Frequencies F are in Hz, responses relative to the free field
where the middle of the head is.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Responses = NDArray[np.complex128]

HEAD_RADIUS = 0.0875  # metres
SPEED_OF_SOUND = 343.0  # metres per second
EARS = (math.pi / 2, -math.pi / 2)  # azimuth of left and right

# The head's shadow: Brown and Duda 1998, "A structural model for binaural sound synthesis", IEEE
# Trans. Speech and Audio Processing 6(5), eq. 3 to 5. The shadow is deepest at DARKEST.
_DARK, _DARKEST = 0.1, math.radians(150)
BRIGHTNESS = (_DARK, 2.0)  # what `_brightness` can be
# The outer ear's shadow. Our choice, of the size that people's ears have: without it nothing
# behind would differ from its mirror image in front.
_PINNA_CORNER = 3000.0  # Hz
PINNA = (0.4, 1.0)  # gain far above the corner, straight behind and straight ahead

_MOST_DETOUR = 2.0  # metres; beyond, reflections carry more around a corner than its edge does
_LOWEST = 100.0  # Hz; what is lower is screened as this is, which keeps the response short
_AHEAD = 0.5  # metres, a wavelength in the middle of what one hears


@dataclass(frozen=True)
class Arrival:
    """How a sound reaches a listener.

    Attributes:
        azimuth: Where it seems to come from, radians, left positive.
        distance: Metres of its way, around corners.
        detour: Metres by which that is longer than the straight line through walls.
    """

    azimuth: float
    distance: float
    detour: float = 0.0


def arrival(way: ArrayLike, yaw: float) -> Arrival:
    """The sound that takes the shortest way between listener and source.

    Around a corner it comes from the corner, as diffracted sound does. Of a corner nearer than
    half a metre the ear is taken further along the way: an edge is no point to a long wave, and
    so nothing jumps while one walks around it.

    Args:
        way: (n, 3) corners in metres, y up, first the listener, last the source; n at least 1.
        yaw: Where the listener looks: radians from -z, left positive.
    """
    points = np.asarray(way, np.float64)
    legs = np.linalg.norm(np.diff(points, axis=0), axis=1)
    distance = float(legs.sum())
    gone = np.concatenate([[0.0], np.cumsum(legs)])
    # The first corner, or the point half a metre on if that is farther.
    target = points[-1] if len(points) < 3 else points[1]
    if len(points) > 2 and legs[0] < _AHEAD:
        target = np.array([np.interp(_AHEAD, gone, points[:, i]) for i in range(3)])
    x, _, z = target - points[0]
    azimuth = math.remainder(math.atan2(-x, -z) - yaw, math.tau) if x or z else 0.0
    straight = float(np.linalg.norm(points[-1] - points[0]))
    return Arrival(azimuth, distance, max(0.0, distance - straight))


def interaural_delay(azimuth: float) -> float:
    """Seconds by which the right ear hears later, at high frequencies.

    For a source in front that is Woodworth's a/c (θ + sin θ) (Experimental Psychology, 1938). At
    low frequencies the head's shadow adds up to half of it, as Kuhn measured (1977, J. Acoust.
    Soc. Am. 62(1)).
    """
    left, right = (_delay(_incidence(azimuth, ear)) for ear in EARS)
    return right - left


def ear_responses(frequencies: ArrayLike, azimuth: float) -> Responses:
    """(2, F): left and right ear, for a source far away."""
    f = np.asarray(frequencies, np.float64)
    ahead = 0.5 + 0.5 * math.cos(azimuth)
    pinna = pinna_shadow(f, PINNA[0] + (PINNA[1] - PINNA[0]) * ahead)
    responses = np.empty((2, len(f)), np.complex128)
    for response, ear in zip(responses, EARS, strict=True):
        angle = _incidence(azimuth, ear)
        response[:] = np.exp(-2j * math.pi * _delay(angle) * f)
        response *= head_shadow(f, _brightness(angle)) * pinna
    return responses


def head_shadow(frequencies: NDArray[np.float64], brightness: float) -> Responses:
    """(F,): 1 at low frequencies, `brightness` at high ones."""
    x = 1j * math.pi * HEAD_RADIUS / SPEED_OF_SOUND * frequencies  # jω / 2ω0, ω0 = c / a
    return (1 + brightness * x) / (1 + x)


def pinna_shadow(frequencies: NDArray[np.float64], gain: float) -> Responses:
    """(F,): 1 at low frequencies, `gain` at high ones."""
    x = 1j / _PINNA_CORNER * frequencies
    return (1 + gain * x) / (1 + x)


def screening(frequencies: ArrayLike, detour: float) -> NDArray[np.float64]:
    """(F,) amplitudes that a detour leaves: the longer and the higher, the less.

    Half the decibels of Maekawa 1968, "Noise reduction by screens", Applied Acoustics 1(3):
    10 log10(1 + 20 N), N = 2 · detour / wavelength. Half, because his screen stands in the open and
    rooms reflect; and his 3 is a 1 here, so that nothing jumps where a corner comes into the way.
    As an impulse response it is nowhere negative, so peaks never grow: it is completely monotone
    in the frequency's square, that is, a mixture of Gaussians.
    """
    f = np.hypot(np.asarray(frequencies, np.float64), _LOWEST)
    fresnel = 2 * min(detour, _MOST_DETOUR) / SPEED_OF_SOUND * f
    return np.asarray((1 + 20 * fresnel) ** -0.25)


def _incidence(azimuth: float, ear: float) -> float:
    """Between the directions of source and ear, radians in [0, π]."""
    return abs(math.remainder(azimuth - ear, math.tau))


def _delay(incidence: float) -> float:
    """Seconds after the middle of the head would hear it; around the shadowed side it creeps."""
    way = -math.cos(incidence) if incidence < math.pi / 2 else incidence - math.pi / 2
    return HEAD_RADIUS / SPEED_OF_SOUND * way


def _brightness(incidence: float) -> float:
    return 1 + _DARK / 2 + (1 - _DARK / 2) * math.cos(math.pi * incidence / _DARKEST)
