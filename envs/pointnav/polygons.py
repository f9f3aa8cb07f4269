"""A navigation mesh as flat arrays, and what one asks of a single polygon (spec §4).

The plan view is the x-z plane; heights come from the triangles of a polygon's surface. Compiled, so
that the searches built on it cost microseconds.

Legend: N points, P polygons, T surface triangles.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

MAX_CORNERS = 6
CLEARANCE = 1e-5  # metres that what comes to rest stays off a wall
_REACH = (2.0, 4.0, 2.0)  # half-extents of the box a point is projected within, metres


class Polygons(NamedTuple):
    """Convex polygons that share edges.

    points (N, 3) metres, world frame; corners (P, 6) rows of `points`, unused places -1;
    sizes (P,) corners per polygon; neighbours (P, 6) polygon across the edge from corner i to
    corner i + 1, -1 a wall; islands (P,) connected component, -1 for polygons switched off;
    boxes (P, 6) lowest and highest x, y, z; surface (T, 3) rows of `points`, those of polygon p
    from surface_start[p] to surface_start[p + 1]; climb metres: over a polygon, heights within
    this count as standing on it.
    """

    points: NDArray[np.float64]
    corners: NDArray[np.int32]
    sizes: NDArray[np.int32]
    neighbours: NDArray[np.int32]
    islands: NDArray[np.int32]
    boxes: NDArray[np.float64]
    surface: NDArray[np.int32]
    surface_start: NDArray[np.int32]
    climb: float


@njit(cache=True, nogil=True, error_model="numpy")
def contains(mesh, polygon, x, z):
    """Whether (x, z) lies inside the polygon, seen from above."""
    inside = False
    size = mesh.sizes[polygon]
    before = mesh.corners[polygon, size - 1]
    for i in range(size):
        here = mesh.corners[polygon, i]
        hx, hz = mesh.points[here, 0], mesh.points[here, 2]
        bx, bz = mesh.points[before, 0], mesh.points[before, 2]
        if (hz > z) != (bz > z) and x < (bx - hx) * (z - hz) / (bz - hz) + hx:
            inside = not inside
        before = here
    return inside


@njit(cache=True, nogil=True, error_model="numpy")
def height(mesh, polygon, x, z):
    """y of the polygon's surface over (x, z); beside the surface, that of its nearest triangle."""
    best, best_y = -np.inf, 0.0
    for t in range(mesh.surface_start[polygon], mesh.surface_start[polygon + 1]):
        a = mesh.points[mesh.surface[t, 0]]
        b = mesh.points[mesh.surface[t, 1]]
        c = mesh.points[mesh.surface[t, 2]]
        area = (b[0] - a[0]) * (c[2] - a[2]) - (c[0] - a[0]) * (b[2] - a[2])
        if area == 0.0:
            continue
        v = ((x - a[0]) * (c[2] - a[2]) - (c[0] - a[0]) * (z - a[2])) / area
        w = ((b[0] - a[0]) * (z - a[2]) - (x - a[0]) * (b[2] - a[2])) / area
        u = 1.0 - v - w
        least = min(u, v, w)
        if least > best:
            best = least
            u, v, w = max(u, 0.0), max(v, 0.0), max(w, 0.0)
            best_y = (u * a[1] + v * b[1] + w * c[1]) / (u + v + w)
        if least >= 0.0:
            break
    if best == -np.inf:  # a polygon without area has no surface
        best_y = mesh.points[mesh.corners[polygon, 0], 1]
    return best_y


@njit(cache=True, nogil=True, error_model="numpy")
def edge(mesh, polygon, i):
    """Rows of `points`: where edge i begins and ends."""
    following = i + 1 if i + 1 < mesh.sizes[polygon] else 0
    return mesh.corners[polygon, i], mesh.corners[polygon, following]


@njit(cache=True, nogil=True, error_model="numpy")
def closest_on_segment(a, b, x, z):
    """Squared distance in plan from (x, z) to segment ab, and how far along it (0-1)."""
    dx, dz = b[0] - a[0], b[2] - a[2]
    length = dx * dx + dz * dz
    t = ((x - a[0]) * dx + (z - a[2]) * dz) / length if length > 0.0 else 0.0
    t = min(max(t, 0.0), 1.0)
    ex, ez = a[0] + t * dx - x, a[2] + t * dz - z
    return ex * ex + ez * ez, t


@njit(cache=True, nogil=True, error_model="numpy")
def closest_on_border(mesh, polygon, x, z):
    """The point (x, y, z) of the polygon's outline nearest to (x, z) in plan."""
    best, bx, by, bz = np.inf, x, 0.0, z
    for i in range(mesh.sizes[polygon]):
        first, second = edge(mesh, polygon, i)
        a, b = mesh.points[first], mesh.points[second]
        d, t = closest_on_segment(a, b, x, z)
        if d < best:
            best = d
            bx, by, bz = (
                a[0] + t * (b[0] - a[0]),
                a[1] + t * (b[1] - a[1]),
                a[2] + t * (b[2] - a[2]),
            )
    return bx, by, bz


@njit(cache=True, nogil=True, error_model="numpy")
def move_inwards(mesh, polygon, x, z, distance):
    """(x, z) moved towards the polygon's middle by `distance` metres, not beyond it."""
    size = mesh.sizes[polygon]
    dx, dz = -x, -z
    for i in range(size):
        dx += mesh.points[mesh.corners[polygon, i], 0] / size
        dz += mesh.points[mesh.corners[polygon, i], 2] / size
    away = np.sqrt(dx * dx + dz * dz)
    share = min(distance / away, 1.0) if away > 0.0 else 0.0
    return x + share * dx, z + share * dz


@njit(cache=True, nogil=True, error_model="numpy")
def _offset(mesh, polygon, x, y, z):
    """Squared distance that ranks a polygon, and the point on it: over it only height counts."""
    if contains(mesh, polygon, x, z):
        h = height(mesh, polygon, x, z)
        above = max(abs(h - y) - mesh.climb, 0.0)
        return above * above, x, h, z
    px, _, pz = closest_on_border(mesh, polygon, x, z)
    py = height(mesh, polygon, px, pz)
    return (px - x) ** 2 + (py - y) ** 2 + (pz - z) ** 2, px, py, pz


@njit(cache=True, nogil=True, error_model="numpy")
def _near(mesh, polygon, x, y, z, reach_x, reach_y, reach_z):
    box = mesh.boxes[polygon]
    return (
        mesh.islands[polygon] >= 0
        and box[0] - reach_x <= x <= box[3] + reach_x
        and box[1] - reach_y <= y <= box[4] + reach_y
        and box[2] - reach_z <= z <= box[5] + reach_z
    )


@njit(cache=True, nogil=True, error_model="numpy")
def project(mesh, x, y, z):
    """The nearest polygon and the point on it: (polygon, x, y, z); polygon -1 if none is near."""
    for p in range(len(mesh.sizes)):  # almost every point asked for stands on the mesh
        if _near(mesh, p, x, y, z, 0.0, mesh.climb, 0.0):  # on corners the first one counts
            d, px, py, pz = _offset(mesh, p, x, y, z)
            if d == 0.0:
                return p, px, py, pz
    best, found, fx, fy, fz = np.inf, -1, x, y, z
    for p in range(len(mesh.sizes)):
        if _near(mesh, p, x, y, z, _REACH[0], _REACH[1], _REACH[2]):
            d, px, py, pz = _offset(mesh, p, x, y, z)
            if d < best:
                best, found, fx, fy, fz = d, p, px, py, pz
    return found, fx, fy, fz


@njit(cache=True, nogil=True, error_model="numpy")
def snap(mesh, x, y, z):
    """`project`, but a hair off the outline, so that rounding cannot hold an agent there."""
    polygon, px, py, pz = project(mesh, x, y, z)
    if polygon >= 0 and not contains(mesh, polygon, px, pz):
        px, pz = move_inwards(mesh, polygon, px, pz, CLEARANCE)
        py = height(mesh, polygon, px, pz)
    return polygon, px, py, pz


@njit(cache=True, nogil=True, error_model="numpy")
def navigable(mesh, x, y, z, max_y_delta):
    """Whether the projection of a point lies within 1 cm in plan and `max_y_delta` in height."""
    polygon, px, py, pz = project(mesh, x, y, z)
    return polygon >= 0 and (px - x) ** 2 + (pz - z) ** 2 <= 1e-4 and abs(py - y) <= max_y_delta


@njit(cache=True, nogil=True, error_model="numpy")
def standing_grid(mesh, low_x, low_z, rows, columns, step, y, max_y_delta):
    """Which points of a level grid are navigable: (rows along z, columns along x)."""
    grid = np.empty((rows, columns), np.bool_)
    for i in range(rows):
        for j in range(columns):
            grid[i, j] = navigable(mesh, low_x + j * step, y, low_z + i * step, max_y_delta)
    return grid
