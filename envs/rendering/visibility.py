"""Which face is seen in each pixel, and how far away: the first half of a perspective picture.

Faces are scan-converted with edges walked in integers (positions snapped to 1/256 pixel, top-left
rule, sampled at pixel centres), so faces that share an edge leave neither gap nor overlap. Inverse
depth is linear on the screen: one multiplication and one addition per pixel, from the face's plane.
Nothing is coloured here; `shading` colours what is seen, once per pixel.

A camera is (6, 3) float64: eye, right, down, forward (unit vectors), then (focal length in pixels,
column of the axis, row of the axis), then (near, far, 0).
"""

import numpy as np
from numba import njit

from uio2_agent.envs.rendering.rasteriser import SUBPIXELS, is_top_left

NOTHING = -1
_GUARD = 8192.0  # pixels from the picture's centre; what reaches farther is cut, so integers fit
_HALF = SUBPIXELS // 2
_EDGE_ON = 1e-9  # metres between the eye and a face's plane


@njit(cache=True, nogil=True, error_model="numpy")
def _is_outside(bounds, camera, height, width) -> bool:
    """Does a box (6,) lie wholly behind the near plane, beyond far, or past a side?"""
    focal, cx, cy = camera[4, 0], camera[4, 1], camera[4, 2]
    forward_high = -camera[5, 0]
    forward_low = 0.0
    left = right = above = below = 0.0
    for k in range(3):
        low, high = bounds[k] - camera[0, k], bounds[3 + k] - camera[0, k]
        r, d, f = camera[1, k], camera[2, k], camera[3, k]
        forward_high += f * (high if f > 0 else low)
        forward_low += f * (low if f > 0 else high)
        n = focal * r + cx * f
        left += n * (high if n > 0 else low)
        n = (width - cx) * f - focal * r
        right += n * (high if n > 0 else low)
        n = focal * d + cy * f
        above += n * (high if n > 0 else low)
        n = (height - cy) * f - focal * d
        below += n * (high if n > 0 else low)
    out = min(forward_high, left, right, above, below) < 0
    return out or forward_low > camera[5, 1]


@njit(cache=True, nogil=True, error_model="numpy")
def _project(points, first, last, camera, screen, inverse, local) -> None:
    """Points -> snapped column and row (P, 2) int64, 1/depth; 0 there marks one to cut at."""
    focal, cx, cy = camera[4, 0], camera[4, 1], camera[4, 2]
    near = camera[5, 0]
    for i in range(first, last):
        px, py, pz = points[i, 0], points[i, 1], points[i, 2]
        px -= camera[0, 0]
        py -= camera[0, 1]
        pz -= camera[0, 2]
        x = camera[1, 0] * px + camera[1, 1] * py + camera[1, 2] * pz
        y = camera[2, 0] * px + camera[2, 1] * py + camera[2, 2] * pz
        z = camera[3, 0] * px + camera[3, 1] * py + camera[3, 2] * pz
        local[i, 0], local[i, 1], local[i, 2] = x, y, z
        inverse[i] = 0.0
        if z >= near:
            q = 1.0 / z
            u, v = focal * x * q, focal * y * q
            if abs(u) <= _GUARD and abs(v) <= _GUARD:
                inverse[i] = q
                screen[i, 0] = int(np.floor((u + cx) * SUBPIXELS + 0.5))
                screen[i, 1] = int(np.floor((v + cy) * SUBPIXELS + 0.5))


@njit(cache=True, nogil=True, error_model="numpy")
def _side(p, plane, focal, near) -> float:
    """Signed measure, positive inside, of point (x, y, z) to near (0) or a guard plane (1..4)."""
    if plane == 0:
        return p[2] - near
    along = p[0] if plane <= 2 else p[1]
    return _GUARD * p[2] - focal * along if plane % 2 else _GUARD * p[2] + focal * along


@njit(cache=True, nogil=True, error_model="numpy")
def _cut(polygon, spare, focal, near) -> int:
    """Cut a triangle (in the first 3 rows of `polygon`) in place; returns its corners, 0 to 8.

    A new corner is reckoned from the inner end of its edge to the outer one, so neighbours that
    share the edge get the same.
    """
    n = 3
    for plane in range(5):
        m = 0
        for i in range(n):
            j = i + 1 if i + 1 < n else 0
            a, b = _side(polygon[i], plane, focal, near), _side(polygon[j], plane, focal, near)
            if a >= 0:
                for k in range(3):
                    spare[m, k] = polygon[i, k]
                m += 1
            if (a >= 0) != (b >= 0):
                inner, outer, s, t = (i, j, a, b) if a >= 0 else (j, i, b, a)
                along = s / (s - t)
                for k in range(3):
                    start = polygon[inner, k]
                    spare[m, k] = start + along * (polygon[outer, k] - start)
                m += 1
        n = m
        for i in range(n):
            for k in range(3):
                polygon[i, k] = spare[i, k]
        if n == 0:
            return 0
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _edge(ca, ra, dc, dr, row) -> tuple[int, int, int, int]:
    """An edge as limits on columns: quotient and remainder at `row`, and their change per row.

    With dr > 0 columns >= -quotient lie inside; with dr < 0, columns <= quotient.
    """
    k = (_HALF - ca) * dr - (row * SUBPIXELS + _HALF - ra) * dc
    if not is_top_left(dc, dr):
        k -= 1
    if dr == 0:
        return k, 0, -SUBPIXELS * dc, 0
    d = SUBPIXELS * abs(dr)
    q = k // d
    step = -SUBPIXELS * dc
    dq = step // d
    return q, k - q * d, dq, step - dq * d


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(
    c0, r0, c1, r1, c2, r2, low, high, q_start, q_right, q_down, face, columns, nearest, ids
) -> None:
    """Enter one face wherever it is nearer than what is there.

    Args:
        c0 to r2: Corners in 1/256 pixel, turned as `rasteriser.draw_triangle` takes them.
        low, high: Bounds of inverse depth, so that a sample just off an edge cannot run away.
        q_start, q_right, q_down: Inverse depth at the first pixel's centre, per column, per row.
        columns: (W,) float32, 0, 1, 2 and so on.
        nearest: (H, W) float32 inverse depth, ids: (H, W) int32; both written in place.
    """
    height, width = ids.shape
    if (c2 - c0) * (r1 - r0) - (c1 - c0) * (r2 - r0) <= 0:
        return
    col_from = max((min(c0, c1, c2) + _HALF - 1) // SUBPIXELS, 0)
    col_to = min((max(c0, c1, c2) - _HALF) // SUBPIXELS, width - 1)
    row_from = max((min(r0, r1, r2) + _HALF - 1) // SUBPIXELS, 0)
    row_to = min((max(r0, r1, r2) - _HALF) // SUBPIXELS, height - 1)
    if col_from > col_to or row_from > row_to:
        return
    dr0, dr1, dr2 = r2 - r1, r0 - r2, r1 - r0
    a, a_rest, a_step, a_rest_step = _edge(c1, r1, c2 - c1, dr0, row_from)
    b, b_rest, b_step, b_rest_step = _edge(c2, r2, c0 - c2, dr1, row_from)
    c, c_rest, c_step, c_rest_step = _edge(c0, r0, c1 - c0, dr2, row_from)
    a_size, b_size, c_size = SUBPIXELS * abs(dr0), SUBPIXELS * abs(dr1), SUBPIXELS * abs(dr2)
    slope = np.float32(q_right)
    for row in range(row_from, row_to + 1):
        left, right = col_from, col_to
        if dr0 > 0:
            left = max(left, -a)
        elif dr0 < 0:
            right = min(right, a)
        elif a < 0:
            right = -1
        if dr1 > 0:
            left = max(left, -b)
        elif dr1 < 0:
            right = min(right, b)
        elif b < 0:
            right = -1
        if dr2 > 0:
            left = max(left, -c)
        elif dr2 < 0:
            right = min(right, c)
        elif c < 0:
            right = -1
        if left <= right:
            start = np.float32(q_start + q_down * row + q_right * left)
            seen, who = nearest[row, left : right + 1], ids[row, left : right + 1]
            for i in range(seen.shape[0]):
                q = min(max(start + slope * columns[i], low), high)
                closer = q > seen[i]
                seen[i] = q if closer else seen[i]
                who[i] = face if closer else who[i]
        a += a_step
        a_rest += a_rest_step
        if a_rest >= a_size and a_size > 0:
            a += 1
            a_rest -= a_size
        b += b_step
        b_rest += b_rest_step
        if b_rest >= b_size and b_size > 0:
            b += 1
            b_rest -= b_size
        c += c_step
        c_rest += c_rest_step
        if c_rest >= c_size and c_size > 0:
            c += 1
            c_rest -= c_size


@njit(cache=True, nogil=True, error_model="numpy")
def find_visible(
    points,
    faces,
    planes,
    bounds,
    point_start,
    face_start,
    camera,
    columns,
    screen,
    inverse,
    local,
    nearest,
    ids,
) -> int:
    """Fill `nearest` and `ids` with what the camera sees; returns how many chunks were drawn.

    Args:
        points to face_start: See `chunks.Chunks`.
        camera: (6, 3), see the module.
        columns: (W,) float32, 0, 1, 2 and so on.
        screen: (P, 2) int64, inverse: (P,) float64, local: (P, 3) float64; scratch.
        nearest: (H, W) float32 written: 1/depth, and 1/far where nothing is.
        ids: (H, W) int32 written: the face, or NOTHING.
    """
    height, width = ids.shape
    focal, cx, cy = camera[4, 0], camera[4, 1], camera[4, 2]
    near, drawn = camera[5, 0], 0
    nearest[:] = np.float32(1.0 / camera[5, 1])
    ids[:] = NOTHING
    polygon, spare = np.empty((9, 3)), np.empty((9, 3))
    snapped = np.empty((9, 2), np.int64)
    for chunk in range(bounds.shape[0]):
        if _is_outside(bounds[chunk], camera, height, width):
            continue
        drawn += 1
        first, last = point_start[chunk], point_start[chunk + 1]
        _project(points, first, last, camera, screen, inverse, local)
        for f in range(face_start[chunk], face_start[chunk + 1]):
            nx, ny, nz = planes[f, 0], planes[f, 1], planes[f, 2]
            above = nx * camera[0, 0] + ny * camera[0, 1] + nz * camera[0, 2] - planes[f, 3]
            if above <= _EDGE_ON:
                continue  # turned away
            i0, i1, i2 = faces[f, 0], faces[f, 1], faces[f, 2]
            n = 3
            q0, q1, q2 = inverse[i0], inverse[i1], inverse[i2]
            whole = min(q0, q1, q2) > 0.0
            if not whole:
                for k in range(3):
                    polygon[0, k], polygon[1, k] = local[i0, k], local[i1, k]
                    polygon[2, k] = local[i2, k]
                n = _cut(polygon, spare, focal, near)
                if n < 3:
                    continue
            scale = -1.0 / (above * focal)
            right = scale * (nx * camera[1, 0] + ny * camera[1, 1] + nz * camera[1, 2])
            down = scale * (nx * camera[2, 0] + ny * camera[2, 1] + nz * camera[2, 2])
            axis = scale * focal * (nx * camera[3, 0] + ny * camera[3, 1] + nz * camera[3, 2])
            start = axis + right * (0.5 - cx) + down * (0.5 - cy)
            if whole:
                _fill(
                    screen[i0, 0],
                    screen[i0, 1],
                    screen[i1, 0],
                    screen[i1, 1],
                    screen[i2, 0],
                    screen[i2, 1],
                    np.float32(min(q0, q1, q2)),
                    np.float32(max(q0, q1, q2)),
                    start,
                    right,
                    down,
                    f,
                    columns,
                    nearest,
                    ids,
                )
                continue
            low, high = np.inf, 0.0
            for i in range(n):
                q = 1.0 / polygon[i, 2]
                low, high = min(low, q), max(high, q)
                for k in range(2):
                    at = focal * polygon[i, k] * q + camera[4, 1 + k]
                    snapped[i, k] = int(np.floor(at * SUBPIXELS + 0.5))
            for i in range(1, n - 1):
                _fill(
                    snapped[0, 0],
                    snapped[0, 1],
                    snapped[i, 0],
                    snapped[i, 1],
                    snapped[i + 1, 0],
                    snapped[i + 1, 1],
                    np.float32(low),
                    np.float32(high),
                    start,
                    right,
                    down,
                    f,
                    columns,
                    nearest,
                    ids,
                )
    return drawn
