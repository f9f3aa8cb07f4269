"""Outlines with holes -> triangles: hole bridging and ear clipping.

An outline is (n, 2), without a repeated last point. Either direction is accepted.
"""

import numpy as np
from numpy.typing import NDArray

from uio2_agent.errors import BadShape

Points = NDArray[np.float64]


def signed_area(outline: Points) -> float:
    """Positive when the outline runs counter-clockwise (x right, y up)."""
    x, y = outline[:, 0], outline[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def oriented(outline: Points, counter_clockwise: bool) -> Points:
    """The same outline, running the way asked for."""
    return outline if (signed_area(outline) > 0) == counter_clockwise else outline[::-1].copy()


def _turn(a: Points, b: Points, c: Points) -> float:
    """Twice the area of triangle abc; positive when it turns left."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _cross_properly(a: Points, b: Points, c: Points, d: Points) -> bool:
    """Do segments ab and cd share an inner point?"""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _bridge(points: Points, ring: list[int], hole: list[int]) -> list[int]:
    """Join a hole to the ring by the shortest cut that crosses no edge."""
    edges = [(r[i - 1], r[i]) for r in (ring, hole) for i in range(len(r))]
    cuts = [
        (float(np.sum((points[p] - points[q]) ** 2)), i, j)
        for i, p in enumerate(ring)
        for j, q in enumerate(hole)
    ]
    for _, i, j in sorted(cuts):
        p, q = points[ring[i]], points[hole[j]]
        if not any(_cross_properly(p, q, points[a], points[b]) for a, b in edges):
            return [*ring[: i + 1], *hole[j:], *hole[: j + 1], *ring[i:]]
    raise BadShape("hole", hole, "a loop inside the outline")


def _is_ear(points: Points, ring: list[int], i: int) -> bool:
    """Can the corner at place i be cut off without cutting into anything else?"""
    before, here, after = ring[i - 1], ring[i], ring[(i + 1) % len(ring)]
    a, b, c = points[before], points[here], points[after]
    if _turn(a, b, c) <= 0:
        return False
    for other in ring:
        if other in (before, here, after):
            continue
        p = points[other]
        # A bridge's far copy touches a corner; it is no obstacle.
        if any(np.array_equal(p, corner) for corner in (a, b, c)):
            continue
        if _turn(a, b, p) >= 0 and _turn(b, c, p) >= 0 and _turn(c, a, p) >= 0:
            return False
    return True


def triangulate(
    outline: Points, holes: tuple[Points, ...] = ()
) -> tuple[Points, NDArray[np.int32]]:
    """Cut a simple polygon with holes into triangles.

    Args:
        outline: (n, 2) corners.
        holes: Loops inside the outline, apart from it and from each other.

    Returns:
        points (V, 2): the outline counter-clockwise, then each hole clockwise; and triangles
        (F, 3) int32, counter-clockwise.

    Raises:
        BadShape: The outline crosses itself or a hole leaves it.
    """
    loops = [oriented(outline, True), *(oriented(h, False) for h in holes)]
    points = np.concatenate(loops).astype(np.float64)
    starts = np.cumsum([0, *(len(loop) for loop in loops)])
    ring = list(range(starts[1]))
    for first, last in zip(starts[1:-1], starts[2:], strict=True):
        ring = _bridge(points, ring, list(range(first, last)))
    triangles = []
    while len(ring) > 3:
        ear = next((i for i in range(len(ring)) if _is_ear(points, ring, i)), None)
        if ear is None:
            raise BadShape("outline", outline.shape, "a simple polygon, holes inside it")
        triangles.append((ring[ear - 1], ring[ear], ring[(ear + 1) % len(ring)]))
        del ring[ear]
    triangles.append((ring[0], ring[1], ring[2]))
    return points, np.array(triangles, np.int32)
