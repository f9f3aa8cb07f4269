"""The step filter and the nearest wall: floods over neighbouring polygons (spec §4)."""

import numpy as np
from numba import njit

from uio2_agent.envs.pointnav.polygons import (
    CLEARANCE,
    closest_on_segment,
    contains,
    edge,
    height,
    move_inwards,
    project,
)

_SLACK = 1e-3  # metres added to the radius of the flood
_NUDGE = 1e-4  # metres a point on the rim is moved inwards when it counts to another island


@njit(cache=True, nogil=True, error_model="numpy")
def _flood(mesh, first, ax, ay, az, bx, by, bz):
    """Walk from a towards b: (polygon, x, z, whether that is b, parents); if it is not b, it is
    the wall point nearest to b.

    parents (P,) lead from the polygon back to `first`, which has -2; -1 was never reached.
    """
    count = len(mesh.sizes)
    parents = np.full(count, -1, np.int32)
    queue = np.empty(count, np.int32)
    parents[first], queue[0] = -2, first
    head, tail = 0, 1
    mx, mz = 0.5 * (ax + bx), 0.5 * (az + bz)
    length = np.sqrt((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2)
    radius = 0.5 * length + _SLACK
    best, at, x, z = np.inf, first, ax, az
    while head < tail:
        p = queue[head]
        head += 1
        if contains(mesh, p, bx, bz):
            return p, bx, bz, True, parents
        for i in range(mesh.sizes[p]):
            first_end, second_end = edge(mesh, p, i)
            a, b = mesh.points[first_end], mesh.points[second_end]
            other = mesh.neighbours[p, i]
            if other < 0:
                d, t = closest_on_segment(a, b, bx, bz)
                if d < best:
                    best, at = d, p
                    x, z = a[0] + t * (b[0] - a[0]), a[2] + t * (b[2] - a[2])
            elif parents[other] == -1:
                d, _ = closest_on_segment(a, b, mx, mz)
                if d <= radius * radius:
                    parents[other] = p
                    queue[tail] = other
                    tail += 1
    return at, x, z, False, parents


@njit(cache=True, nogil=True, error_model="numpy")
def _last_hit(mesh, polygon, parents, ax, az, bx, bz):
    """How far along ab (0-1) the wall hit nearest to b is, -1 if none is; its polygon; and
    whether it is hit from behind, as behind the corner of an obstacle."""
    dx, dz = bx - ax, bz - az
    furthest, at, leaving = -1.0, polygon, False
    p = polygon
    while p >= 0:
        for i in range(mesh.sizes[p]):
            if mesh.neighbours[p, i] >= 0:
                continue
            first_end, second_end = edge(mesh, p, i)
            a, b = mesh.points[first_end], mesh.points[second_end]
            ex, ez = b[0] - a[0], b[2] - a[2]
            across = dx * ez - dz * ex
            if across == 0.0:  # parallel
                continue
            t = ((a[0] - ax) * ez - (a[2] - az) * ex) / across
            s = ((a[0] - ax) * dz - (a[2] - az) * dx) / across
            if 0.0 <= t <= 1.0 and 0.0 <= s <= 1.0 and t > furthest:
                furthest, at, leaving = t, p, across > 0.0
        p = parents[p]
    return furthest, at, leaving


@njit(cache=True, nogil=True, error_model="numpy")
def filter_step(mesh, start, end, sliding):
    """Where a straight move from start to end (3,) ends; start itself if either is off the mesh."""
    stay = start.copy()
    first, ax, ay, az = project(mesh, start[0], start[1], start[2])
    last, _, _, _ = project(mesh, end[0], end[1], end[2])
    if first < 0 or last < 0 or mesh.islands[first] != mesh.islands[last]:
        return stay
    bx, by, bz = end[0], end[1], end[2]  # as asked for: its projection only had to exist
    at, x, z, arrived, parents = _flood(mesh, first, ax, ay, az, bx, by, bz)
    if not sliding:
        # Exactly on the wall, rounding would decide whether the next step can leave it, and an
        # agent could freeze there for good; so it stays a hair off, always on the walkable side.
        hit, hit_at, leaving = _last_hit(mesh, at, parents, ax, az, bx, bz)
        if hit >= 0.0:
            at, x, z = hit_at, ax + hit * (bx - ax), az + hit * (bz - az)
        if hit >= 0.0 and not leaving:
            way = np.sqrt((x - ax) ** 2 + (z - az) ** 2)
            kept = max(1.0 - CLEARANCE / way, 0.0) if way > 0.0 else 0.0
            x, z = ax + kept * (x - ax), az + kept * (z - az)
        elif hit >= 0.0 or not arrived:
            x, z = move_inwards(mesh, at, x, z, CLEARANCE)
    y = height(mesh, at, x, z)
    ruled, _, _, _ = project(mesh, x, y, z)
    if ruled >= 0 and mesh.islands[ruled] != mesh.islands[first]:
        x, z = move_inwards(mesh, at, x, z, _NUDGE)
        y = height(mesh, at, x, z)
    stay[0], stay[1], stay[2] = x, y, z
    return stay


@njit(cache=True, nogil=True, error_model="numpy")
def wall_distance(mesh, point, max_radius):
    """Metres in plan to the nearest wall edge, `max_radius` if none is nearer, nan off the mesh."""
    first, x, _, z = project(mesh, point[0], point[1], point[2])
    if first < 0:
        return np.nan
    count = len(mesh.sizes)
    seen = np.zeros(count, np.bool_)
    queue = np.empty(count, np.int32)
    seen[first], queue[0] = True, first
    head, tail = 0, 1
    nearest = max_radius * max_radius
    while head < tail:
        p = queue[head]
        head += 1
        for i in range(mesh.sizes[p]):
            first_end, second_end = edge(mesh, p, i)
            a, b = mesh.points[first_end], mesh.points[second_end]
            d, _ = closest_on_segment(a, b, x, z)
            if d >= nearest:
                continue
            other = mesh.neighbours[p, i]
            if other < 0:
                nearest = d
            elif not seen[other]:
                seen[other] = True
                queue[tail] = other
                tail += 1
    return np.sqrt(nearest)
