"""The two cameras: where a point of the world lands in the `front` and the `top` picture.

Affine fits of the real, almost orthographic cameras (vima_bench.md §3.1). Pictures are 128 rows by
256 columns; coordinates are continuous, pixel i covers i..i+1. In both views +y is to the right and
+x down; the robot would stand at the top edge.
"""

import numpy as np
from numpy.typing import NDArray

from uio2_agent.errors import UnknownName
from uio2_agent.interface import VIEWS

# Rows: column, row, depth along the line of sight (metres, smaller is nearer), w.
_HALF = 0.5**0.5
_MATRICES = {
    "front": (
        (0.0, 251.4320, 0.0, 128.0),
        (177.7935, 0.0, -177.7866, -8.8942),
        (-_HALF, 0.0, -_HALF, 0.0),
        (0.0, 0.0, 0.0, 1.0),
    ),
    "top": (
        (0.0, 250.9907, 0.0, 128.0),
        (250.9907, 0.0, 0.0, -61.4953),
        (0.0, 0.0, -1.0, 0.0),
        (0.0, 0.0, 0.0, 1.0),
    ),
}


def matrix(view: str) -> NDArray[np.float64]:
    """(4, 4): world (x, y, z, 1) -> column, row, depth, 1.

    Raises:
        UnknownName: No such view.
    """
    if view not in _MATRICES:
        raise UnknownName("view", view, VIEWS)
    return np.array(_MATRICES[view])


def project(view: str, x: float, y: float, z: float = 0.0) -> tuple[float, float]:
    """World point, metres -> (column, row) in the picture of `view`."""
    column, row, _, _ = matrix(view) @ (x, y, z, 1.0)
    return float(column), float(row)


def to_table(view: str, col: float, row: float, z: float = 0.0) -> tuple[float, float]:
    """Picture point -> (x, y) in metres of the world point at height z that is seen there."""
    m = matrix(view)
    x = (row - m[1, 3] - m[1, 2] * z) / m[1, 0]
    y = (col - m[0, 3]) / m[0, 1]
    return float(x), float(y)
