"""Metres and turns ↔ location bins (specs vima_bench 3 and 11, uio2_model l).

A pose is three bins: x and y as fractions of the table, and a turn about z, seen from above,
counter-clockwise, zero = identity quaternion.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.model.vocabulary import BINS, SENTINELS, location_number
from uio2_agent.policies.codecs.base import Action

LOW = np.array([0.25, -0.5], np.float32)
HIGH = np.array([0.75, 0.5], np.float32)
POSES = ("pose0", "pose1")

Rounding = Literal["nearest", "down"]
Rotation = Literal["turns", "degrees_as_radians"]


@dataclass(frozen=True, kw_only=True)
class TableScale:
    """How numbers become bins and back; the defaults lose least, encode(decode(bins)) == bins.

    Args:
        rounding: "nearest" bin, or "down" as all locations of the released model are encoded.
        divide_by: value = bin / divide_by; 999 undoes the encoding, the released parser takes 1000
            (up to 1 mm off).
        rotation: What bin / divide_by = 1 means: one of "turns", or "degrees_as_radians", 360
            radians, as the released parser reads it by mistake.

    Raises:
        BadSetting, UnknownName: Another divisor, rounding or rotation.
    """

    rounding: Rounding = "nearest"
    divide_by: int = BINS - 1
    rotation: Rotation = "turns"

    def __post_init__(self) -> None:
        if self.divide_by not in (BINS - 1, BINS):
            raise BadSetting("divide_by", self.divide_by, f"{BINS - 1} or {BINS}")
        for name, kind in (("rounding", Rounding), ("rotation", Rotation)):
            if getattr(self, name) not in get_args(kind):
                raise UnknownName(name, getattr(self, name), get_args(kind))

    @property
    def circle(self) -> float:
        """Radians that the largest value stands for."""
        return 2 * math.pi if self.rotation == "turns" else 360.0

    def place(self, xy: Sequence[float] | np.ndarray) -> list[int]:
        """A place on the table, metres -> its two bins."""
        return [self._bin(float(v)) for v in (np.asarray(xy, np.float64) - LOW) / (HIGH - LOW)]

    def bins(self, action: Action) -> list[int]:
        """An action -> six bins: x, y, turn of pose0, then of pose1."""
        bins: list[int] = []
        for pose in POSES:
            _, _, z, w = (float(v) for v in action[f"{pose}_rotation"])
            yaw = 2 * math.atan2(z, w) % (2 * math.pi)
            bins += [*self.place(action[f"{pose}_position"]), self._bin(yaw / self.circle)]
        return bins

    def action(self, bins: Sequence[int]) -> Action:
        """Six bins -> an action inside the space: float32 metres, unit quaternions x, y, z, w."""
        action = {}
        for pose, (x, y, turn) in zip(POSES, (bins[:3], bins[3:]), strict=True):
            place = LOW + np.array([x, y], np.float64) / self.divide_by * (HIGH - LOW)
            half = self.circle * turn / self.divide_by / 2
            action[f"{pose}_position"] = np.clip(place.astype(np.float32), LOW, HIGH)
            action[f"{pose}_rotation"] = np.array(
                [0, 0, math.sin(half), math.cos(half)], np.float32
            )
        return action

    def _bin(self, value: float) -> int:
        """A fraction -> its bin."""
        if self.rounding == "nearest":
            return round(value * (BINS - 1))
        # Float32 actions on the table's edge may lie a hair outside.
        return location_number(min(max(value, 0.0), 1.0)) - SENTINELS
