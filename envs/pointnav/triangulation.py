"""Triangles from outlines with holes: ears, Delaunay flips, extra points (all in exact integers).

Points are (n, 2) int64 x, z. Everything runs the way round the reference's polygons go, so a
triangle has `turn` > 0, and so has an outline; a hole's is negative. An edge of a triangle has a
neighbour, -1 at an outline: outlines are kept by having nothing beyond them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Points = NDArray[np.int64]
Triangles = NDArray[np.int64]


@njit(cache=True, nogil=True)
def turn(a, b, c):
    """Twice the area of a, b, c; positive if they go round as polygons do."""
    return (c[0] - a[0]) * (b[1] - a[1]) - (b[0] - a[0]) * (c[1] - a[1])


@njit(cache=True, nogil=True)
def _between(a, b, p):
    """Whether p, on the line through ab, lies on the segment."""
    return min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])


@njit(cache=True, nogil=True)
def meet(a, b, c, d):
    """Whether the closed segments ab and cd have a point in common."""
    if (
        max(a[0], b[0]) < min(c[0], d[0])
        or max(c[0], d[0]) < min(a[0], b[0])
        or max(a[1], b[1]) < min(c[1], d[1])
        or max(c[1], d[1]) < min(a[1], b[1])
    ):
        return False
    abc, abd, cda, cdb = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
    if ((abc > 0) != (abd > 0)) and ((cda > 0) != (cdb > 0)) and abc * abd * cda * cdb != 0:
        return True
    return (
        (abc == 0 and _between(a, b, c))
        or (abd == 0 and _between(a, b, d))
        or (cda == 0 and _between(c, d, a))
        or (cdb == 0 and _between(c, d, b))
    )


@njit(cache=True, nogil=True)
def conflicts(points, following):
    """(n,) whether the edge from each point to following[point] meets another than at its ends."""
    n = len(points)
    bad = np.zeros(n, np.bool_)
    for i in range(n):
        a, b = points[i], points[following[i]]
        for j in range(i + 1, n):
            c, d = points[j], points[following[j]]
            if following[i] == j or following[j] == i:
                # Neighbours may share their corner, but not run back along each other.
                first, middle, last = (a, b, d) if following[i] == j else (c, d, b)
                if turn(first, middle, last) == 0 and (
                    (middle[0] - first[0]) * (last[0] - middle[0])
                    + (middle[1] - first[1]) * (last[1] - middle[1])
                    < 0
                ):
                    bad[i], bad[j] = True, True
            elif meet(a, b, c, d):
                bad[i], bad[j] = True, True
    return bad


def ring_area(ring: Points) -> int:
    """Twice the area of a ring (n, 2); negative for a hole."""
    x, z = ring[:, 0], ring[:, 1]
    return int((np.roll(x, -1) * z - x * np.roll(z, -1)).sum())


@njit(cache=True, nogil=True)
def ring_contains(ring, x, z):
    """Whether a point lies inside a ring (n, 2)."""
    inside = False
    for i in range(len(ring)):
        a, b = ring[i - 1], ring[i]
        if (a[1] > z) != (b[1] > z):
            side = (x - a[0]) * (b[1] - a[1]) - (b[0] - a[0]) * (z - a[1])
            if (side < 0) == (b[1] > a[1]):
                inside = not inside
    return inside


@njit(cache=True, nogil=True)
def _opens_towards(points, before, here, after, target):
    """Whether `target`, seen from a corner, lies inside the polygon's angle there."""
    a, b, c, p = points[before], points[here], points[after], points[target]
    if turn(a, b, c) > 0:
        return turn(a, b, p) > 0 and turn(b, c, p) > 0
    return not (turn(a, b, p) <= 0 and turn(b, c, p) <= 0)


@njit(cache=True, nogil=True)
def _bridge(points, loop, hole, following):
    """Places in `loop` and `hole` of two corners that see each other; (-1, -1) if none do.

    following (n,) are the edges of all rings, which a bridge must not meet.
    """
    start = 0
    for i in range(len(hole)):
        if points[hole[i], 0] > points[hole[start], 0]:
            start = i
    h = hole[start]
    away = np.empty(len(loop), np.int64)
    for i in range(len(loop)):
        v = loop[i]
        away[i] = (points[v, 0] - points[h, 0]) ** 2 + (points[v, 1] - points[h, 1]) ** 2
    for i in np.argsort(away):
        v = loop[i]
        after = loop[i + 1 - len(loop)]
        if not _opens_towards(points, loop[i - 1], v, after, h):
            continue
        free = True
        for e in range(len(points)):
            f = following[e]
            apart = e != v and f != v and e != h and f != h
            if apart and meet(points[v], points[h], points[e], points[f]):
                free = False
                break
        # Bridges built before are edges of the loop too.
        for e in range(len(loop)):
            a, b = loop[e], loop[e + 1 - len(loop)]
            if not free:
                break
            if a != v and b != v and meet(points[v], points[h], points[a], points[b]):
                free = False
        if free:
            return i, start
    return -1, -1


@njit(cache=True, nogil=True)
def _cut_ears(points, loop):
    """A loop of rows of `points`, bridges included, as triangles; too few if it is not simple."""
    n = len(loop)
    after = np.arange(1, n + 1)
    after[n - 1] = 0
    before = np.arange(-1, n - 1)
    before[0] = n - 1
    triangles = np.empty((max(n - 2, 0), 3), np.int64)
    count, left, i, tried = 0, n, 0, 0
    while left > 3 and tried <= left:
        p, q = before[i], after[i]
        a, b, c = points[loop[p]], points[loop[i]], points[loop[q]]
        ear = turn(a, b, c) > 0
        k = after[q]
        while ear and k != p:
            if loop[k] != loop[p] and loop[k] != loop[i] and loop[k] != loop[q]:
                v = points[loop[k]]
                if turn(a, b, v) >= 0 and turn(b, c, v) >= 0 and turn(c, a, v) >= 0:
                    ear = False
            k = after[k]
        if ear:
            triangles[count, 0], triangles[count, 1], triangles[count, 2] = (
                loop[p],
                loop[i],
                loop[q],
            )
            count += 1
            after[p], before[q] = q, p
            left -= 1
            tried = 0
        else:
            tried += 1
        i = q
    if left == 3:
        p, q = before[i], after[i]
        if turn(points[loop[p]], points[loop[i]], points[loop[q]]) > 0:
            triangles[count, 0], triangles[count, 1], triangles[count, 2] = (
                loop[p],
                loop[i],
                loop[q],
            )
            count += 1
    return triangles[:count]


def triangulate(points: Points, rings: list[NDArray[np.int64]]) -> Triangles | None:
    """An outline and its holes, rings of rows of `points`, as triangles (T, 3); None if a hole
    cannot be reached or the outline is not simple."""
    following = np.arange(len(points))
    for ring in rings:
        following[ring] = np.roll(ring, -1)
    loop = rings[0]
    for hole in sorted(rings[1:], key=lambda ring: -int(points[ring, 0].max())):
        at, to = _bridge(points, loop, hole, following)
        if at < 0:
            return None
        way = [loop[: at + 1], hole[to:], hole[: to + 1], loop[at:]]
        loop = np.concatenate(way)
    triangles = _cut_ears(points, loop)
    return triangles if len(triangles) == len(loop) - 2 else None


def neighbours_of(triangles: Triangles) -> Triangles:
    """(T, 3) the triangle across the edge from corner i to corner i + 1, -1 for none."""
    across = np.full_like(triangles, -1)
    seen: dict[tuple[int, int], tuple[int, int]] = {}
    for t, row in enumerate(triangles.tolist()):
        for i in range(3):
            a, b = row[i], row[(i + 1) % 3]
            if (b, a) in seen:
                u, j = seen[b, a]
                across[t, i], across[u, j] = u, t
            seen[a, b] = (t, i)
    return across


@njit(cache=True, nogil=True)
def _in_circle(a, b, c, d):
    """Whether d lies inside the circle through a triangle a, b, c."""
    ax, az, bx, bz = a[0] - d[0], a[1] - d[1], b[0] - d[0], b[1] - d[1]
    cx, cz = c[0] - d[0], c[1] - d[1]
    aa, bb, cc = ax * ax + az * az, bx * bx + bz * bz, cx * cx + cz * cz
    # Mirrored against the textbook, as `turn` is.
    return (aa * (bz * cx - bx * cz) - bb * (az * cx - ax * cz) + cc * (az * bx - ax * bz)) > 0


@njit(cache=True, nogil=True)
def _replace(across, t, old, new):
    if t >= 0:
        for i in range(3):
            if across[t, i] == old:
                across[t, i] = new


@njit(cache=True, nogil=True)
def make_delaunay(points, triangles, across):
    """Flip inner edges until no corner lies inside a neighbour's circle. Changes its arguments."""
    changed = True
    while changed:
        changed = False
        for t in range(len(triangles)):
            for i in range(3):
                u = across[t, i]
                if u < 0:
                    continue
                j = 0
                while across[u, j] != t:
                    j += 1
                a, b = triangles[t, i], triangles[t, (i + 1) % 3]
                c, d = triangles[t, (i + 2) % 3], triangles[u, (j + 2) % 3]
                if not _in_circle(points[a], points[b], points[c], points[d]):
                    continue
                if (
                    turn(points[a], points[d], points[c]) <= 0
                    or turn(points[d], points[b], points[c]) <= 0
                ):
                    continue
                bc, ca = across[t, (i + 1) % 3], across[t, (i + 2) % 3]
                ad, db = across[u, (j + 1) % 3], across[u, (j + 2) % 3]
                triangles[t, 0], triangles[t, 1], triangles[t, 2] = a, d, c
                triangles[u, 0], triangles[u, 1], triangles[u, 2] = d, b, c
                across[t, 0], across[t, 1], across[t, 2] = ad, u, ca
                across[u, 0], across[u, 1], across[u, 2] = db, bc, t
                _replace(across, ad, u, t)
                _replace(across, bc, t, u)
                changed = True
                break
