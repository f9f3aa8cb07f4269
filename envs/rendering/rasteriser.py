"""The one software rasteriser: textured triangles into colour, label and depth pictures.

Numba, one thread, no GL; the same input gives the same bytes. Orthographic and perspective cameras
differ only in their 4x4 matrix. Arithmetic that decides *whether* a pixel is covered is done in
integers (positions snapped to 1/256 pixel), so triangles that share an edge leave neither gap nor
overlap (top-left rule, sampled at pixel centres).

Legend: H rows, W columns, V vertices, F triangles, M meshes, T textures, P texels, N instances.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from uio2_agent.envs.rendering.mesh import Mesh

SUBPIXELS = 256  # sub-pixel steps per pixel
_DEPTH_SLACK = 1e-6  # coplanar faces: the one drawn later wins

_NEAR = 1e-3  # faces are cut where w falls below this


class Library(NamedTuple):
    """Meshes joined into flat arrays, so that one call draws any number of them.

    vertices (V, 3), uv (V, 2) in texture repeats, faces (F, 3) with indices local to their mesh,
    vertex_start (M + 1), face_start (M + 1).
    """

    vertices: NDArray[np.float64]
    uv: NDArray[np.float64]
    faces: NDArray[np.int32]
    vertex_start: NDArray[np.int64]
    face_start: NDArray[np.int64]


class Textures(NamedTuple):
    """Textures joined into one: texels (P, 3) uint8 and table (T, 3) of offset, height, width."""

    texels: NDArray[np.uint8]
    table: NDArray[np.int64]


def join_meshes(meshes: list[Mesh]) -> Library:
    """Meshes -> one library; a mesh's number is its place in the list."""
    starts = [
        np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
        for parts in ([m.vertices for m in meshes], [m.faces for m in meshes])
    ]
    return Library(
        np.concatenate([m.vertices for m in meshes]).astype(np.float64),
        np.concatenate([m.uv for m in meshes]).astype(np.float64),
        np.ascontiguousarray(np.concatenate([m.faces for m in meshes]), np.int32),
        *starts,
    )


def join_textures(pictures: list[NDArray[np.uint8]]) -> Textures:
    """Pictures (h, w, 3) of any sizes -> one texel store; a texture's number is its place."""
    sizes = [p.shape[0] * p.shape[1] for p in pictures]
    offsets = np.cumsum([0, *sizes])[:-1]
    table = np.array([(o, *p.shape[:2]) for o, p in zip(offsets, pictures, strict=True)], np.int64)
    return Textures(np.concatenate([p.reshape(-1, 3) for p in pictures]), table)


@njit(cache=True, nogil=True, error_model="numpy")
def is_top_left(dc: int, dr: int) -> bool:
    """For the traversal used below: does a pixel exactly on this edge belong to the triangle?"""
    return dr > 0 or (dr == 0 and dc < 0)


@njit(cache=True, nogil=True, error_model="numpy")
def draw_triangle(corners, uv, texture, shade, label, texels, table, rgb, labels, depth) -> None:
    """Draw one triangle.

    Args:
        corners: (3, 4) column, row, depth (smaller is nearer, linear on the screen), 1/w.
        uv: (3, 2) texture coordinates in repeats.
        texture: Row of `table`.
        shade: Brightness in 1/256.
        label: Written into `labels`.
        texels, table: See `Textures`.
        rgb: (3, H, W) uint8, labels: (H, W) uint8, depth: (H, W) float32; all written in place.

    Triangles turned away (clockwise on the screen, rows pointing down) are not drawn.
    """
    height, width = labels.shape
    c0 = int(np.floor(corners[0, 0] * SUBPIXELS + 0.5))
    r0 = int(np.floor(corners[0, 1] * SUBPIXELS + 0.5))
    c1 = int(np.floor(corners[1, 0] * SUBPIXELS + 0.5))
    r1 = int(np.floor(corners[1, 1] * SUBPIXELS + 0.5))
    c2 = int(np.floor(corners[2, 0] * SUBPIXELS + 0.5))
    r2 = int(np.floor(corners[2, 1] * SUBPIXELS + 0.5))
    # Counter-clockwise as seen is negative here, because rows grow downwards.
    area = (c2 - c0) * (r1 - r0) - (c1 - c0) * (r2 - r0)
    if area <= 0:
        return
    half = SUBPIXELS // 2
    col_from = max((min(c0, c1, c2) - half + SUBPIXELS - 1) // SUBPIXELS, 0)
    col_to = min((max(c0, c1, c2) - half) // SUBPIXELS, width - 1)
    row_from = max((min(r0, r1, r2) - half + SUBPIXELS - 1) // SUBPIXELS, 0)
    row_to = min((max(r0, r1, r2) - half) // SUBPIXELS, height - 1)
    if col_from > col_to or row_from > row_to:
        return

    # Edge k lies opposite corner k; its function is positive inside and grows linearly.
    ec0, er0 = c2 - c1, r2 - r1
    ec1, er1 = c0 - c2, r0 - r2
    ec2, er2 = c1 - c0, r1 - r0
    pc, pr = col_from * SUBPIXELS + half, row_from * SUBPIXELS + half
    w0_row = (pc - c1) * er0 - (pr - r1) * ec0
    w1_row = (pc - c2) * er1 - (pr - r2) * ec1
    w2_row = (pc - c0) * er2 - (pr - r0) * ec2
    bias0 = 0 if is_top_left(ec0, er0) else -1
    bias1 = 0 if is_top_left(ec1, er1) else -1
    bias2 = 0 if is_top_left(ec2, er2) else -1

    inverse = 1.0 / area
    d0, d1, d2 = corners[0, 2], corners[1, 2], corners[2, 2]
    q0, q1, q2 = corners[0, 3], corners[1, 3], corners[2, 3]
    flat = q0 == q1 and q1 == q2
    u0, u1, u2 = uv[0, 0] * q0, uv[1, 0] * q1, uv[2, 0] * q2
    v0, v1, v2 = uv[0, 1] * q0, uv[1, 1] * q1, uv[2, 1] * q2
    offset, rows, cols = table[texture, 0], table[texture, 1], table[texture, 2]
    for row in range(row_from, row_to + 1):
        w0, w1, w2 = w0_row, w1_row, w2_row
        for col in range(col_from, col_to + 1):
            if w0 + bias0 >= 0 and w1 + bias1 >= 0 and w2 + bias2 >= 0:
                a, b, c = w0 * inverse, w1 * inverse, w2 * inverse
                d = a * d0 + b * d1 + c * d2
                if d <= depth[row, col] + _DEPTH_SLACK:
                    q = q0 if flat else a * q0 + b * q1 + c * q2
                    u = (a * u0 + b * u1 + c * u2) / q
                    v = (a * v0 + b * v1 + c * v2) / q
                    i = int((v - np.floor(v)) * rows)
                    j = int((u - np.floor(u)) * cols)
                    k = offset + min(i, rows - 1) * cols + min(j, cols - 1)
                    rgb[0, row, col] = (texels[k, 0] * shade + 128) >> 8
                    rgb[1, row, col] = (texels[k, 1] * shade + 128) >> 8
                    rgb[2, row, col] = (texels[k, 2] * shade + 128) >> 8
                    labels[row, col] = label
                    depth[row, col] = d
            w0 += er0 * SUBPIXELS
            w1 += er1 * SUBPIXELS
            w2 += er2 * SUBPIXELS
        w0_row -= ec0 * SUBPIXELS
        w1_row -= ec1 * SUBPIXELS
        w2_row -= ec2 * SUBPIXELS


@njit(cache=True, nogil=True, error_model="numpy")
def _normal(points, i, j, k) -> tuple[float, float, float]:
    """Outward unit normal of a counter-clockwise triangle."""
    ax, bx = points[j, 0] - points[i, 0], points[k, 0] - points[i, 0]
    ay, by = points[j, 1] - points[i, 1], points[k, 1] - points[i, 1]
    az, bz = points[j, 2] - points[i, 2], points[k, 2] - points[i, 2]
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    if length == 0.0:
        return 0.0, 0.0, 0.0
    return nx / length, ny / length, nz / length


@njit(cache=True, nogil=True, error_model="numpy")
def _transform(instance, vertices, world) -> None:
    """Vertices (V, 3) of one mesh -> world, by the scale, rotation and position of its row."""
    x, y, z, w = instance[6], instance[7], instance[8], instance[9]
    s = 2.0 / (x * x + y * y + z * z + w * w)
    rotation = (
        (1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)),
        (s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)),
        (s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)),
    )
    for i in range(vertices.shape[0]):
        vx = vertices[i, 0] * instance[10]
        vy = vertices[i, 1] * instance[11]
        vz = vertices[i, 2] * instance[12]
        for k in range(3):
            row = rotation[k]
            world[i, k] = row[0] * vx + row[1] * vy + row[2] * vz + instance[3 + k]


@njit(cache=True, nogil=True, error_model="numpy")
def _divide(clip, i, screen) -> None:
    """Homogeneous column, row, depth, w -> column, row, depth, 1/w, of point i."""
    inverse = 1.0 / clip[i, 3]
    for k in range(3):
        screen[i, k] = clip[i, k] * inverse
    screen[i, 3] = inverse


@njit(cache=True, nogil=True, error_model="numpy")
def _project(camera, world, count, clip, screen) -> None:
    """World points (V, 3) -> homogeneous (V, 4), and divided where in front of the camera."""
    for i in range(count):
        x, y, z = world[i, 0], world[i, 1], world[i, 2]
        for k in range(4):
            clip[i, k] = camera[k, 0] * x + camera[k, 1] * y + camera[k, 2] * z + camera[k, 3]
        if clip[i, 3] >= _NEAR:
            _divide(clip, i, screen)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_turned_away(p, i, j, k) -> bool:
    """Clockwise on the screen (rows pointing down) or edge-on."""
    return (p[k, 0] - p[i, 0]) * (p[j, 1] - p[i, 1]) <= (p[j, 0] - p[i, 0]) * (p[k, 1] - p[i, 1])


@njit(cache=True, nogil=True, error_model="numpy")
def _cut_near(clip, faces, f, library_uv, first, polygon, polygon_uv) -> int:
    """The part of face f with w >= near, as a polygon; returns its number of corners (0, 3, 4)."""
    n = 0
    for k in range(3):
        i, j = faces[f, k], faces[f, (k + 1) % 3]
        wi, wj = clip[i, 3], clip[j, 3]
        if wi >= _NEAR:
            for m in range(4):
                polygon[n, m] = clip[i, m]
            for m in range(2):
                polygon_uv[n, m] = library_uv[first + i, m]
            n += 1
        if (wi >= _NEAR) != (wj >= _NEAR):
            t = (_NEAR - wi) / (wj - wi)
            for m in range(4):
                polygon[n, m] = clip[i, m] + t * (clip[j, m] - clip[i, m])
            for m in range(2):
                a, b = library_uv[first + i, m], library_uv[first + j, m]
                polygon_uv[n, m] = a + t * (b - a)
            n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def draw_instances(
    vertices,
    library_uv,
    faces,
    vertex_start,
    face_start,
    texels,
    table,
    instances,
    cameras,
    ambient,
    light,
    rgb,
    labels,
    depth,
) -> None:
    """Draw posed meshes into several views.

    Args:
        vertices, library_uv, faces, vertex_start, face_start: A `Library`, unpacked.
        texels, table: `Textures`, unpacked.
        instances: (N, 13) mesh, texture, label, position xyz, quaternion xyzw (of any length but
            zero), scale xyz.
        cameras: (C, 4, 4), world point (x, y, z, 1) -> column * w, row * w, depth * w, w.
        ambient: Brightness of a face turned away from the lamp; 1 with a zero `light` is unlit.
        light: (3,) direction towards the lamp times its brightness.
        rgb: (C, 3, H, W) uint8, labels: (C, H, W) uint8, depth: (C, H, W) float32; drawn into.
    """
    world = np.empty((vertices.shape[0], 3))
    clip, screen = np.empty((vertices.shape[0], 4)), np.empty((vertices.shape[0], 4))
    corners, uv = np.empty((3, 4)), np.empty((3, 2))
    polygon, polygon_uv = np.empty((4, 4)), np.empty((4, 2))
    for n in range(instances.shape[0]):
        mesh = int(instances[n, 0])
        texture, label = int(instances[n, 1]), int(instances[n, 2])
        first, count = vertex_start[mesh], vertex_start[mesh + 1] - vertex_start[mesh]
        _transform(instances[n], vertices[first : first + count], world)
        for view in range(cameras.shape[0]):
            _project(cameras[view], world, count, clip, screen)
            for f in range(face_start[mesh], face_start[mesh + 1]):
                i0, i1, i2 = faces[f, 0], faces[f, 1], faces[f, 2]
                whole = min(clip[i0, 3], clip[i1, 3], clip[i2, 3]) >= _NEAR
                if whole and _is_turned_away(screen, i0, i1, i2):
                    continue  # half of all faces end here, before the costlier work
                n_corners = _cut_near(clip, faces, f, library_uv, first, polygon, polygon_uv)
                if n_corners == 0:
                    continue
                for i in range(n_corners):
                    _divide(polygon, i, polygon)
                nx, ny, nz = _normal(world, i0, i1, i2)
                lit = max(0.0, nx * light[0] + ny * light[1] + nz * light[2])
                shade = min(int(256 * (ambient + lit) + 0.5), 256)
                for fan in range(n_corners - 2):
                    for i in range(3):
                        source = 0 if i == 0 else fan + i
                        for k in range(4):
                            corners[i, k] = polygon[source, k]
                        for k in range(2):
                            uv[i, k] = polygon_uv[source, k]
                    draw_triangle(
                        corners,
                        uv,
                        texture,
                        shade,
                        label,
                        texels,
                        table,
                        rgb[view],
                        labels[view],
                        depth[view],
                    )
