"""The pinhole camera of the spec: where a point is seen, and where a pixel's point lies.

World and camera frames: right-handed, y up, -z forward. Column and row are continuous, pixel i
covers i..i+1, row 0 is the top. Depth is measured along the optical axis.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uio2_agent.errors import BadInput, BadSetting

Vector = NDArray[np.float64]


def rotation_matrix(rotation: ArrayLike) -> Vector:
    """Quaternion [x, y, z, w] of any length but zero -> (3, 3), camera to world.

    Raises:
        BadInput: Not four finite numbers, or all zero.
    """
    q = np.asarray(rotation, np.float64)
    length = np.linalg.norm(q) if q.shape == (4,) else 0.0
    if not (np.isfinite(length) and length > 0):
        raise BadInput("rotation", rotation, "a quaternion [x, y, z, w] other than zero")
    x, y, z, w = (q / length).tolist()
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def camera_axes(position: ArrayLike, rotation: ArrayLike) -> tuple[Vector, Vector]:
    """A camera's position (3,), and in rows (3, 3) its right, down and forward in the world.

    Raises:
        BadInput: Not a position, or not a rotation.
    """
    eye = np.asarray(position, np.float64)
    if eye.shape != (3,) or not np.isfinite(eye).all():
        raise BadInput("position", position, "three finite numbers")
    turn = rotation_matrix(rotation)
    return eye, np.stack([turn[:, 0], -turn[:, 1], -turn[:, 2]])


def sensor_pose(
    position: ArrayLike,
    rotation: ArrayLike,
    height: float,
    pitch: float = 0.0,
) -> tuple[Vector, Vector]:
    """Camera position (3,) and rotation [x, y, z, w] of an agent at `position`, `rotation`.

    Args:
        height: Of the camera above the agent's base, metres.
        pitch: Radians, negative looks down (spec section 6: -20 degrees in the 2021 task).
    """
    up = rotation_matrix(rotation)[:, 1]
    x, y, z, w = np.asarray(rotation, np.float64).tolist()
    s, c = np.sin(pitch / 2), np.cos(pitch / 2)
    # The agent's quaternion times one about its x axis.
    turned = np.array([x * c + w * s, y * c + z * s, z * c - y * s, w * c - x * s])
    return np.asarray(position, np.float64) + height * up, turned


@dataclass(frozen=True)
class Pinhole:
    """Pixels of a camera.

    Args:
        height, width: Of the picture in pixels.
        hfov_degrees: Horizontal field of view; pixels are square.

    Raises:
        BadSetting: No picture, or no angle strictly between 0 and 180 degrees.
    """

    height: int
    width: int
    hfov_degrees: float

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            if not 1 <= getattr(self, name) <= 4096:
                raise BadSetting(name, getattr(self, name), "1 to 4096 pixels")
        if not 0 < self.hfov_degrees < 180:
            raise BadSetting("hfov_degrees", self.hfov_degrees, "an angle between 0 and 180")

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / float(np.tan(np.deg2rad(self.hfov_degrees) / 2))

    def project(
        self, points: ArrayLike, position: ArrayLike, rotation: ArrayLike
    ) -> tuple[Vector, Vector]:
        """World points (..., 3) -> column, row (..., 2), and depth (...); NaN behind the camera."""
        local = (np.asarray(points, np.float64) - np.asarray(position)) @ rotation_matrix(rotation)
        depth = -local[..., 2]
        scale = self.focal / np.where(depth > 0, depth, np.nan)
        column = self.width / 2 + local[..., 0] * scale
        return np.stack([column, self.height / 2 - local[..., 1] * scale], -1), depth

    def unproject(self, depth: ArrayLike, position: ArrayLike, rotation: ArrayLike) -> Vector:
        """Depth (H, W) in metres -> the world points (H, W, 3) seen at pixel centres."""
        row, column = np.mgrid[: self.height, : self.width] + 0.5
        x, y = (column - self.width / 2) / self.focal, (self.height / 2 - row) / self.focal
        rays = np.stack([x, y, np.full_like(x, -1.0)], -1)
        return rays * np.asarray(depth, np.float64)[..., None] @ rotation_matrix(rotation).T + (
            np.asarray(position, np.float64)
        )
