"""A scene sorted into chunks of near triangles, with all that does not change between pictures.

A face's plane and the gradients of its texture coordinates and colours are functions of the world
point, so a picture needs no division per triangle for them, and faces cut at the near plane need
no care: at depth z along the ray r of a pixel, u(eye + z r) = u(eye) + z (gradient . r).

Legend: V vertices, F faces, P points (vertices once per chunk that uses them), C chunks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SIZE = 96  # faces of a chunk at most
_DEGENERATE = 1e-12  # square metres; such a face is a line and covers no pixel

PLAIN, FLAT, VARYING = 0, 1, 2  # how a face is tinted


class Chunks(NamedTuple):
    """Flat arrays for the rasteriser.

    points (P, 3) float64; faces (F, 3) int32 into points; planes (F, 4) float64, unit normal n
    and d with n . p = d; uv (F, 8) float64, gradient and constant of u, then of v, in repeats;
    paint (F,) int32; tint (F, 3) float32; tint_kind (F,) uint8; tint_gradient (F, 12) float64, or
    (0, 12) where no colour varies; bounds (C, 6) float64, lowest then highest corner;
    point_start, face_start (C + 1) int64.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int32]
    planes: NDArray[np.float64]
    uv: NDArray[np.float64]
    paint: NDArray[np.int32]
    tint: NDArray[np.float32]
    tint_kind: NDArray[np.uint8]
    tint_gradient: NDArray[np.float64]
    bounds: NDArray[np.float64]
    point_start: NDArray[np.int64]
    face_start: NDArray[np.int64]


def build_chunks(
    vertices: NDArray,
    faces: NDArray,
    uv: NDArray,
    paint: NDArray,
    factor: NDArray,
    colours: NDArray | None = None,
) -> Chunks:
    """Sort a scene's faces.

    Args:
        vertices: (V, 3). faces: (F, 3) counter-clockwise seen from the front. uv: (V, 2).
        paint: (F,) textures. factor: (F, 3) in 0..1. colours: (V, 3) in 0..1, or none.
    """
    corners = vertices.astype(np.float64)[faces]  # (F, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    doubled = np.linalg.norm(normals, axis=1)
    real = np.flatnonzero(doubled > 2 * _DEGENERATE)
    order, face_start = split(corners.mean(1), real, _SIZE)
    faces, corners, factor = faces[order], corners[order], factor[order].astype(np.float32)
    normals = normals[order] / doubled[order, None]
    planes = np.column_stack([normals, np.einsum("fk,fk->f", normals, corners[:, 0])])

    tints = factor[:, None].repeat(3, 1)  # (F, corner, colour)
    if colours is not None:
        tints = tints * colours[faces].astype(np.float32)
    varies = (tints != tints[:, :1]).any((1, 2))
    kind = np.where(varies, VARYING, np.where((tints[:, 0] == 1).all(1), PLAIN, FLAT))
    local, point_start, sources = _local_points(faces, face_start)
    return Chunks(
        vertices.astype(np.float64)[sources],
        local,
        planes,
        _gradients(corners, normals, uv.astype(np.float64)[faces]),
        paint[order].astype(np.int32),
        np.ascontiguousarray(tints[:, 0]),
        kind.astype(np.uint8),
        _gradients(corners, normals, tints) if varies.any() else np.empty((0, 12)),
        _bounds(corners, face_start),
        point_start,
        face_start,
    )


def split(centres: NDArray, chosen: NDArray, size: int) -> tuple[NDArray, NDArray]:
    """Halve along the longest side until chunks are small -> order of faces, and starts.

    Args:
        centres: (F, 3) of all faces. chosen: (n,) which of them. size: Faces of a chunk at most.
    """
    done: list[NDArray] = []
    waiting = [chosen] if len(chosen) else []
    while waiting:
        part = waiting.pop()
        if len(part) <= size:
            done.append(np.sort(part))
            continue
        axis = int(np.ptp(centres[part], axis=0).argmax())
        part = part[np.argsort(centres[part, axis], kind="stable")]
        waiting += [part[len(part) // 2 :], part[: len(part) // 2]]
    order = np.concatenate(done) if done else np.empty(0, np.int64)
    return order, np.cumsum([0, *(len(part) for part in done)], dtype=np.int64)


def _local_points(faces: NDArray, face_start: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Faces with indices into points, starts of each chunk's points, and their vertices."""
    local, sources, starts = np.empty(faces.shape, np.int32), [], [0]
    for start, end in zip(face_start, face_start[1:], strict=False):
        used, places = np.unique(faces[start:end], return_inverse=True)
        local[start:end] = places.reshape(-1, 3) + starts[-1]
        sources.append(used)
        starts.append(starts[-1] + len(used))
    joined = np.concatenate(sources) if sources else np.empty(0, np.int64)
    return local, np.array(starts, np.int64), joined


def _gradients(corners: NDArray, normals: NDArray, values: NDArray) -> NDArray[np.float64]:
    """Values (F, 3, K) at corners -> (F, 4 K): each one's gradient along the face, and constant."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    scale = np.einsum("fk,fk->f", np.cross(a, b), normals)[:, None]
    # Of the basis (a, b): its dual, within the face.
    dual_a, dual_b = np.cross(b, normals) / scale, np.cross(normals, a) / scale
    out = []
    for k in range(values.shape[2]):
        at = values[:, :, k].astype(np.float64)
        gradient = dual_a * (at[:, 1] - at[:, 0])[:, None] + dual_b * (at[:, 2] - at[:, 0])[:, None]
        constant = at[:, 0] - np.einsum("fk,fk->f", gradient, corners[:, 0])
        out += [gradient, constant[:, None]]
    return np.ascontiguousarray(np.concatenate(out, 1))


def _bounds(corners: NDArray, face_start: NDArray) -> NDArray[np.float64]:
    if len(corners) == 0:
        return np.empty((0, 6))
    starts = face_start[:-1]
    low = np.minimum.reduceat(corners.min(1), starts)
    return np.column_stack([low, np.maximum.reduceat(corners.max(1), starts)])
