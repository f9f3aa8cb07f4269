"""One pick and one place: the action as everybody exchanges it, and what it comes down to.

Rule for rotations (vima_bench.md §2.2 leaves them open): only the turn about the vertical counts.
Any quaternion inside the bounds is accepted; it is replaced by the nearest turn about +z (its
"twist"). Where there is none (zero norm, or upside down) it counts as no turn at all.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE, yaw_to_quaternion
from uio2_agent.errors import BadAction

XY = tuple[float, float]
Action = dict[str, Any]  # of float32 arrays, see BOUNDS

_LOW = np.array([X_RANGE[0], Y_RANGE[0]], np.float32)
_HIGH = np.array([X_RANGE[1], Y_RANGE[1]], np.float32)
BOUNDS: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "pose0_position": (_LOW, _HIGH),
    "pose0_rotation": (-np.ones(4, np.float32), np.ones(4, np.float32)),
    "pose1_position": (_LOW, _HIGH),
    "pose1_rotation": (-np.ones(4, np.float32), np.ones(4, np.float32)),
}


def action_space() -> gym.spaces.Dict:
    """Positions x, y in metres on the table; rotations as quaternions x, y, z, w. All float32."""
    return gym.spaces.Dict(
        {name: gym.spaces.Box(low, high, dtype=np.float32) for name, (low, high) in BOUNDS.items()}
    )


@dataclass(frozen=True, kw_only=True)
class Move:
    """Pick at one point, turn, place at another.

    Attributes:
        pick: x, y in metres.
        place: x, y in metres.
        turn: What the object is turned by about +z, radians.
    """

    pick: XY
    place: XY
    turn: float = 0.0

    def action(self) -> Action:
        """As an action: clipped to the table, picked with the identity rotation."""
        return {
            "pose0_position": np.clip(np.array(self.pick, np.float32), _LOW, _HIGH),
            "pose0_rotation": np.array([0, 0, 0, 1], np.float32),
            "pose1_position": np.clip(np.array(self.place, np.float32), _LOW, _HIGH),
            "pose1_rotation": np.array(yaw_to_quaternion(self.turn), np.float32),
        }


def twist(rotation: np.ndarray) -> float:
    """Yaw in radians of the turn about +z nearest to a quaternion x, y, z, w of any length."""
    z, w = float(rotation[2]), float(rotation[3])
    return 2 * math.atan2(z, w) if math.hypot(z, w) > 1e-6 else 0.0


def parse(action: Mapping[str, Any]) -> Move:
    """What an action asks for.

    Raises:
        BadAction: Names missing or unknown, a wrong shape, not finite or out of bounds.
    """
    if not isinstance(action, Mapping) or set(action) != set(BOUNDS):
        got = sorted(map(str, action)) if isinstance(action, Mapping) else type(action).__name__
        raise BadAction("action", got, f"a dict with exactly the keys {', '.join(BOUNDS)}")
    values = {name: _checked(name, action[name]) for name in BOUNDS}
    return Move(
        pick=tuple(values["pose0_position"].tolist()),
        place=tuple(values["pose1_position"].tolist()),
        turn=twist(values["pose1_rotation"]) - twist(values["pose0_rotation"]),
    )


def _checked(name: str, value: Any) -> np.ndarray:
    low, high = BOUNDS[name]
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadAction(name, repr(value), f"{len(low)} numbers") from None
    if array.shape != low.shape:
        raise BadAction(name, f"of shape {array.shape}", f"shape {low.shape}")
    bad = np.flatnonzero(~((array >= low) & (array <= high)))  # also true of NaN
    if len(bad):
        i = int(bad[0])
        raise BadAction(f"{name}[{i}]", float(array[i]), f"within [{low[i]}, {high[i]}]")
    return array
