"""Actions as the benchmark's arm can carry them out (vima_bench.md §2.2).

Of a rotation that is tilted or has no length it would try to make the most for ten seconds of wall
clock, and then give the episode up.
"""

import numpy as np

from uio2_agent.envs.tabletop.actions import BOUNDS, Action, twist
from uio2_agent.envs.tabletop.scene import yaw_to_quaternion

_SAME = 1e-6  # metres, and parts of a quaternion's length: what float32 cannot tell apart


def motion(action: Action) -> Action:
    """A checked action with float32 positions, and rotations that only turn about the vertical.

    A rotation that does so already passes bit for bit, so recorded actions replay exactly.
    """
    made = {}
    for name, (low, high) in BOUNDS.items():
        values = np.asarray(action[name], np.float32)
        made[name] = upright(values) if name.endswith("rotation") else np.clip(values, low, high)
    return made


def upright(rotation: np.ndarray) -> np.ndarray:
    """The nearest turn about +z, float32 (4,), of unit length; see `actions.twist`."""
    exact = rotation.astype(np.float64)
    tilted = bool(np.abs(exact[:2]).max() > _SAME)
    if not tilted and abs(float(np.linalg.norm(exact)) - 1) <= _SAME:
        return rotation
    return np.array(yaw_to_quaternion(twist(exact)), np.float32)


def goes_nowhere(action: Action) -> bool:
    """A push of no length has no direction: the benchmark would divide by zero."""
    way = action["pose1_position"].astype(np.float64) - action["pose0_position"]
    return float(np.linalg.norm(way)) <= _SAME
