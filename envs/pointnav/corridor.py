"""Shortest paths over polygons: a corridor by A*, then the string pulled taut in it (spec §4).

The quirks are those of the reference, because distances are to agree to 0.1 mm: a polygon's place
in the search is the middle of the edge it was first reached through, so the corridor is not always
the best one; long corridors and long searches count as unreachable.
"""

import numpy as np
from numba import njit

from uio2_agent.envs.pointnav.polygons import (
    closest_on_border,
    closest_on_segment,
    contains,
    edge,
    project,
)

_MOST_POLYGONS = 256  # in a corridor
_MOST_NODES = 2048  # in a search
_OPTIMISM = 0.999  # heuristic = this times the straight distance
_SAME = 1.0 / 16384.0  # metres: nearer points are one point


@njit(cache=True, nogil=True, error_model="numpy")
def _rise(heap, slot, total, place):
    """Move the node at `place` up to where its total belongs; slot[node] is its place."""
    node = heap[place]
    while place > 0:
        above = (place - 1) // 2
        if total[heap[above]] <= total[node]:
            break
        heap[place] = heap[above]
        slot[heap[place]] = place
        place = above
    heap[place] = node
    slot[node] = place


@njit(cache=True, nogil=True, error_model="numpy")
def _take(heap, count, slot, total):
    """Remove and return the node with the least total; the heap then holds count - 1."""
    top = heap[0]
    count -= 1
    if count > 0:
        node, place = heap[count], 0
        while True:
            below = 2 * place + 1
            if below >= count:
                break
            if below + 1 < count and total[heap[below + 1]] < total[heap[below]]:
                below += 1
            if total[node] <= total[heap[below]]:
                break
            heap[place] = heap[below]
            slot[heap[place]] = place
            place = below
        heap[place] = node
        slot[node] = place
    slot[top] = -1
    return top


@njit(cache=True, nogil=True, error_model="numpy")
def _distance(a, b):
    return np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


@njit(cache=True, nogil=True, error_model="numpy")
def find_corridor(mesh, first, last, start, end):
    """Polygons from `first` to `last`, both included; empty if there is no way or it is too long.

    start, end (3,) are the projected points.
    """
    count = len(mesh.sizes)
    place = np.empty((count, 3))
    cost, total = np.empty(count), np.empty(count)
    parent = np.empty(count, np.int32)
    heap, slot = np.empty(count, np.int32), np.full(count, -1, np.int32)
    known = np.zeros(count, np.bool_)
    place[first], cost[first], parent[first] = start, 0.0, -1
    total[first] = _OPTIMISM * _distance(start, end)
    known[first], heap[0], slot[first] = True, first, 0
    waiting, nodes, arrived = 1, 1, first == last
    while waiting > 0 and not arrived:
        best = _take(heap, waiting, slot, total)
        waiting -= 1
        if best == last:
            arrived = True
            break
        for i in range(mesh.sizes[best]):
            other = mesh.neighbours[best, i]
            if other < 0 or other == parent[best]:
                continue
            if not known[other]:
                if nodes >= _MOST_NODES:
                    continue
                nodes += 1
                a, b = edge(mesh, best, i)
                for axis in range(3):
                    place[other, axis] = 0.5 * (mesh.points[a, axis] + mesh.points[b, axis])
            onward = _distance(place[other], end)
            spent = cost[best] + _distance(place[best], place[other])
            expected = _OPTIMISM * onward
            if other == last:
                spent += onward
                expected = 0.0
            if known[other] and spent + expected >= total[other]:
                continue
            known[other] = True
            parent[other], cost[other], total[other] = best, spent, spent + expected
            if slot[other] < 0:
                heap[waiting] = other
                slot[other] = waiting
                waiting += 1
            _rise(heap, slot, total, slot[other])
    length = 0
    if arrived:
        node = last
        while node >= 0:
            length += 1
            node = parent[node]
    if length > _MOST_POLYGONS:
        length = 0
    corridor = np.empty(length, np.int32)
    node = last
    for i in range(length - 1, -1, -1):
        corridor[i] = node
        node = parent[node]
    return corridor


@njit(cache=True, nogil=True, error_model="numpy")
def _turn(a, b, c):
    """Twice the signed area of a, b, c in plan."""
    return (c[0] - a[0]) * (b[2] - a[2]) - (b[0] - a[0]) * (c[2] - a[2])


@njit(cache=True, nogil=True, error_model="numpy")
def _same(a, b):
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2 < _SAME * _SAME


@njit(cache=True, nogil=True, error_model="numpy")
def _clamp(mesh, polygon, point):
    """The point itself over the polygon, else the nearest of its outline."""
    clamped = point.copy()
    if not contains(mesh, polygon, point[0], point[2]):
        clamped[0], clamped[1], clamped[2] = closest_on_border(mesh, polygon, point[0], point[2])
    return clamped


@njit(cache=True, nogil=True, error_model="numpy")
def _gates(mesh, corridor, end):
    """Left and right end (n, 3) of every edge crossed; the last gate is the end point itself."""
    n = len(corridor)
    left, right = np.empty((n, 3)), np.empty((n, 3))
    for k in range(n - 1):
        for i in range(mesh.sizes[corridor[k]]):
            if mesh.neighbours[corridor[k], i] == corridor[k + 1]:
                a, b = edge(mesh, corridor[k], i)
                left[k], right[k] = mesh.points[a], mesh.points[b]
                break
    left[n - 1], right[n - 1] = end, end
    return left, right


@njit(cache=True, nogil=True, error_model="numpy")
def pull_taut(mesh, corridor, start, end):
    """Corners (n, 3) of the shortest line through a corridor; the ends keep their own height."""
    start, end = _clamp(mesh, corridor[0], start), _clamp(mesh, corridor[-1], end)
    lefts, rights = _gates(mesh, corridor, end)
    gates = len(corridor)
    line = np.empty((gates + 2, 3))
    line[0] = start
    n = 1
    apex, left, right = start, start, start
    left_at, right_at = 0, 0
    k = 0
    while k < gates:
        if k == 0 and gates > 1:
            d, _ = closest_on_segment(lefts[0], rights[0], apex[0], apex[2])
            if d < 1e-6:  # standing in the first gate: it restricts nothing
                k += 1
                continue
        corner_at = -1
        if _turn(apex, right, rights[k]) <= 0.0:
            if _same(apex, right) or _turn(apex, left, rights[k]) > 0.0:
                right, right_at = rights[k], k
            else:
                apex, corner_at = left, left_at
        if corner_at < 0 and _turn(apex, left, lefts[k]) >= 0.0:
            if _same(apex, left) or _turn(apex, right, lefts[k]) < 0.0:
                left, left_at = lefts[k], k
            else:
                apex, corner_at = right, right_at
        if corner_at >= 0:
            if not _same(line[n - 1], apex) and n < gates + 1:
                line[n] = apex
                n += 1
            left, right = apex, apex
            left_at, right_at = corner_at, corner_at
            k = corner_at
        k += 1
    if not _same(line[n - 1], end):
        line[n] = end
        n += 1
    return line[:n]


@njit(cache=True, nogil=True, error_model="numpy")
def find_path(mesh, start, end):
    """Corners (n, 3) of the path and its length in metres; no corners and inf if there is none.

    start, end (3,) need not lie on the mesh; the length is 3-D and counts their own heights.
    """
    nothing = np.empty((0, 3))
    first, ax, ay, az = project(mesh, start[0], start[1], start[2])
    last, bx, by, bz = project(mesh, end[0], end[1], end[2])
    if first < 0 or last < 0 or mesh.islands[first] != mesh.islands[last]:
        return nothing, np.inf
    a, b = np.array((ax, ay, az)), np.array((bx, by, bz))
    if _same(a, b):
        line = np.empty((2, 3))
        line[0], line[1] = a, b
        return line, 0.0
    corridor = find_corridor(mesh, first, last, a, b)
    if len(corridor) == 0:
        return nothing, np.inf
    line = pull_taut(mesh, corridor, start, end)
    length = 0.0
    for i in range(len(line) - 1):
        length += _distance(line[i], line[i + 1])
    return line, length
