"""Whether one can see from here to there."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.actuation import Point
from uio2_agent.envs.pointnav.scene import Scene


def in_sight(scene: Scene, start: Point, end: Point) -> bool:
    """Whether no triangle of the scene, from either side, is between two points (3,)."""
    begin = np.ascontiguousarray(start, np.float64)
    way: NDArray[np.float64] = np.asarray(end, np.float64) - begin
    return not _is_met(scene.vertices, scene.faces, begin, way)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_met(vertices, faces, start, way):
    """Möller and Trumbore 1997, Journal of Graphics Tools 2(1), up to the first hit."""
    for i in range(len(faces)):
        a, b, c = vertices[faces[i, 0]], vertices[faces[i, 1]], vertices[faces[i, 2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        px, py, pz = way[1] * vz - way[2] * vy, way[2] * vx - way[0] * vz, way[0] * vy - way[1] * vx
        volume = ux * px + uy * py + uz * pz
        if volume == 0.0:  # edge-on
            continue
        sx, sy, sz = start[0] - a[0], start[1] - a[1], start[2] - a[2]
        p = (sx * px + sy * py + sz * pz) / volume
        if p < 0.0 or p > 1.0:
            continue
        qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
        q = (way[0] * qx + way[1] * qy + way[2] * qz) / volume
        if q < 0.0 or p + q > 1.0:
            continue
        along = (vx * qx + vy * qy + vz * qz) / volume
        if 0.0 < along < 1.0:
            return True
    return False
