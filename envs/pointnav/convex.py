"""Triangles joined into convex polygons, and the extra corners that make them follow the floor."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.contours import corner_levels
from uio2_agent.envs.pointnav.triangulation import make_delaunay, neighbours_of, turn

_ROUNDS = 30


@njit(cache=True, nogil=True, error_model="numpy")
def _worst_cells(points, levels, triangles, floor):
    """Per triangle: the cell x, z under it whose floor is furthest from it, and how far."""
    worst = np.zeros((len(triangles), 3))
    for t in range(len(triangles)):
        a, b, c = points[triangles[t, 0]], points[triangles[t, 1]], points[triangles[t, 2]]
        la, lb, lc = levels[triangles[t, 0]], levels[triangles[t, 1]], levels[triangles[t, 2]]
        area = float(turn(a, b, c))
        for x in range(min(a[0], b[0], c[0]), max(a[0], b[0], c[0])):
            for z in range(min(a[1], b[1], c[1]), max(a[1], b[1], c[1])):
                if floor[x, z] < 0:
                    continue
                px, pz = x + 0.5, z + 0.5
                u = ((c[0] - b[0]) * (pz - b[1]) - (px - b[0]) * (c[1] - b[1])) / -area
                v = ((a[0] - c[0]) * (pz - c[1]) - (px - c[0]) * (a[1] - c[1])) / -area
                w = 1.0 - u - v
                if u < 0.0 or v < 0.0 or w < 0.0:
                    continue
                stray = abs(u * la + v * lb + w * lc - floor[x, z])
                if stray > worst[t, 2]:
                    worst[t, 0], worst[t, 1], worst[t, 2] = x, z, stray
    return worst


def follow_floor(
    points: NDArray[np.int64],
    levels: NDArray[np.int64],
    triangles: NDArray[np.int64],
    floor: NDArray[np.int32],
    limit: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Points, levels and triangles with points added until no cell strays further than `limit`.

    points (n, 2) corners, levels (n,) and limit in voxels; floor (W, D) levels, -1 for none.
    """
    for _ in range(_ROUNDS):
        worst = _worst_cells(points, levels, triangles, floor)
        added: list[NDArray[np.int64]] = []
        kept: list[int] = []
        split: list[tuple[int, int, int]] = []
        for t, (a, b, c) in enumerate(triangles.tolist()):
            place = None
            if worst[t, 2] > limit:
                x, z = int(worst[t, 0]), int(worst[t, 1])
                for corner in ((x, z), (x + 1, z), (x, z + 1), (x + 1, z + 1)):
                    p = np.array(corner)
                    edges = ((a, b), (b, c), (c, a))
                    if all(turn(points[i], points[j], p) > 0 for i, j in edges):
                        place = p
                        break
            if place is None:
                kept.append(t)
                continue
            n = len(points) + len(added)
            added.append(place)
            split += [(a, b, n), (b, c, n), (c, a, n)]
        if not added:
            break
        more = np.array(added, np.int64)
        points = np.concatenate([points, more])
        levels = np.concatenate([levels, corner_levels(floor, more[:, 0], more[:, 1])])
        triangles = np.concatenate([triangles[kept], np.array(split, np.int64)])
        make_delaunay(points, triangles, neighbours_of(triangles))
    return points, levels, triangles


def join_convex(
    points: NDArray[np.int64], triangles: NDArray[np.int64], most: int
) -> list[tuple[list[int], list[int]]]:
    """Convex polygons of at most `most` corners, each with the triangles it is made of.

    The longest inner edges go first, so that what remains are short doors between large rooms.
    """
    polygons = {t: row for t, row in enumerate(triangles.tolist())}
    parts = {t: [t] for t in polygons}
    owner = list(range(len(triangles)))
    across = neighbours_of(triangles)
    inner = [(t, i) for t in range(len(triangles)) for i in range(3) if across[t, i] > t]
    lengths = [
        -int(((points[triangles[t, i]] - points[triangles[t, (i + 1) % 3]]) ** 2).sum())
        for t, i in inner
    ]
    for k in np.argsort(lengths, kind="stable"):
        t, i = inner[k]
        one, other = owner[t], owner[int(across[t, i])]
        a, b = int(triangles[t, i]), int(triangles[t, (i + 1) % 3])
        if one == other or len(polygons[one]) + len(polygons[other]) - 2 > most:
            continue
        first, second = polygons[one], polygons[other]
        at = first.index(b)
        first = first[at:] + first[:at]  # b … a
        at = second.index(a)
        second = second[at:] + second[:at]  # a … b
        joined = first + second[1:-1]
        convex = (
            turn(points[first[-2]], points[a], points[second[1]]) > 0
            and turn(points[second[-2]], points[b], points[first[1]]) > 0
        )
        if convex and len(set(joined)) == len(joined):
            polygons[one], parts[one] = joined, parts[one] + parts[other]
            for part in parts[other]:
                owner[part] = one
            del polygons[other], parts[other]
    return [(polygons[t], parts[t]) for t in polygons]
