"""Metres and radians in a room ↔ location bins (spec uio2_model b, l).

A length is a fraction of -50 m … 50 m, the range that Unified-IO 2 gives positions; an angle one
of -π … π, so that straight ahead is in the middle as it is for lengths. A bin is 10 cm or 0.36°.
Zero lies between two bins, so numbers are first rounded, to 1 mm and 0.1 mrad: what a sensor or a
sum is off by must not decide which of them is said.
"""

import math

import numpy as np

from uio2_agent.errors import BadInput
from uio2_agent.model.vocabulary import BINS

FARTHEST = 50.0  # metres


def length_bin(metres: float) -> int:
    """The nearest bin; what lies farther than 50 m is shown at 50 m. Raises BadInput on NaN."""
    return _bin("length", round(metres, 3) if math.isfinite(metres) else metres, FARTHEST)


def angle_bin(radians: float) -> int:
    """The nearest bin of an angle, wrapped to -π … π. Raises BadInput on what is not finite."""
    if not math.isfinite(radians):
        raise BadInput("angle", radians, "a finite number of radians")
    return _bin("angle", round(math.remainder(radians, 2 * math.pi), 4), math.pi)


def length(bin_number: int) -> float:
    """Metres a bin stands for."""
    return (2 * bin_number / (BINS - 1) - 1) * FARTHEST


def angle(bin_number: int) -> float:
    """Radians a bin stands for; the first and the last are the same turn."""
    return (2 * bin_number / (BINS - 1) - 1) * math.pi


def _bin(name: str, value: float, most: float) -> int:
    if math.isnan(value):
        raise BadInput(name, value, "a number")
    return round((float(np.clip(value / most, -1.0, 1.0)) + 1) / 2 * (BINS - 1))
