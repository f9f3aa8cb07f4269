"""What stands on the table: bodies and their poses, and nothing about how they look or move.

Frame: world, metres; x points away from the robot, y to the right in both pictures, z up.
"""

import math
from dataclasses import dataclass, replace

Quaternion = tuple[float, float, float, float]

X_RANGE = (0.25, 0.75)
Y_RANGE = (-0.5, 0.5)


def yaw_to_quaternion(yaw: float) -> Quaternion:
    """Radians about +z -> quaternion (x, y, z, w)."""
    return (0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2))


def quaternion_to_yaw(q: Quaternion) -> float:
    """Quaternion (x, y, z, w) -> rotation about +z in radians, in (-pi, pi]."""
    x, y, z, w = q
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


@dataclass(frozen=True, kw_only=True)
class Body:
    """One object: what it is, how large, and the pose of its own frame.

    Attributes:
        obj_id: Value of its pixels in the segmentation picture.
        shape: Name in `catalogue.SHAPES`.
        texture: Name in `catalogue.TEXTURES`, or "grey".
        position: x, y, z of the frame's origin (centre of the footprint, bottom), metres, world.
        rotation: Quaternion x, y, z, w, world.
        scale: Factors on the mesh's x, y, z.
    """

    obj_id: int
    shape: str
    texture: str
    position: tuple[float, float, float]
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def xy(self) -> tuple[float, float]:
        return self.position[:2]

    @property
    def yaw(self) -> float:
        return quaternion_to_yaw(self.rotation)

    def at(self, x: float, y: float, yaw: float | None = None) -> "Body":
        """The same body elsewhere on the table; keeps its height, and its rotation unless told."""
        rotation = self.rotation if yaw is None else yaw_to_quaternion(yaw)
        return replace(self, position=(x, y, self.position[2]), rotation=rotation)
