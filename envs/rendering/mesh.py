"""Triangle meshes and the few solids everything here is made of.

Frame: metres, z up, triangles counter-clockwise seen from outside. Texture coordinates count
repeats: a face one `tile` metres wide shows a texture once. Tops are mapped from above, sides along
their perimeter, so a pattern keeps its size wherever it lands.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.rendering.polygon import Points, triangulate


@dataclass(frozen=True)
class Mesh:
    """vertices (V, 3) float32 in metres, faces (F, 3) int32, uv (V, 2) float32 in repeats."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]

    @property
    def bounds(self) -> NDArray[np.float32]:
        """(2, 3): lowest and highest x, y, z."""
        return np.stack([self.vertices.min(0), self.vertices.max(0)])

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Mesh":
        """The same mesh elsewhere; its texture moves with it."""
        return Mesh(self.vertices + np.array([x, y, z], np.float32), self.faces, self.uv)


def merge(*meshes: Mesh) -> Mesh:
    """Several meshes as one."""
    shifts = np.cumsum([0, *(len(m.vertices) for m in meshes)])[:-1]
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + np.int32(s) for m, s in zip(meshes, shifts, strict=True)]),
        np.concatenate([m.uv for m in meshes]),
    )


def _mesh(vertices: list | NDArray, faces: list | NDArray, uv: list | NDArray) -> Mesh:
    return Mesh(
        np.asarray(vertices, np.float32), np.asarray(faces, np.int32), np.asarray(uv, np.float32)
    )


def _wall(loop: Points, low: float, high: float, tile: float) -> Mesh:
    """The upright band over a closed loop; outside is to the right of the way it runs."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.roll(loop, -1, 0) - loop, axis=1))])
    vertices, faces, uv = [], [], []
    for i, (p, q) in enumerate(zip(loop, np.roll(loop, -1, 0), strict=True)):
        k = 4 * i
        vertices += [(*p, low), (*q, low), (*q, high), (*p, high)]
        faces += [(k, k + 1, k + 2), (k, k + 2, k + 3)]
        uv += [
            (s / tile, z / tile)
            for s, z in (
                (length[i], low),
                (length[i + 1], low),
                (length[i + 1], high),
                (length[i], high),
            )
        ]
    return _mesh(vertices, faces, uv)


def prism(
    outline: Points, height: float, tile: float, holes: tuple[Points, ...] = (), low: float = 0.0
) -> Mesh:
    """An upright solid with a flat top: outline (n, 2) and holes, from `low` to `low + height`."""
    points, triangles = triangulate(outline, holes)
    high = low + height
    flat = points / tile
    top = _mesh(np.column_stack([points, np.full(len(points), high)]), triangles, flat)
    bottom = _mesh(np.column_stack([points, np.full(len(points), low)]), triangles[:, ::-1], flat)
    ends = np.cumsum([len(outline), *(len(h) for h in holes)])
    loops = np.split(points, ends[:-1])
    return merge(top, bottom, *(_wall(loop, low, high, tile) for loop in loops))


def rectangle(width: float, depth: float, x: float = 0.0, y: float = 0.0) -> Points:
    """Outline with extent `width` along x and `depth` along y about (x, y)."""
    w, d = width / 2, depth / 2
    return np.array([(x - w, y - d), (x + w, y - d), (x + w, y + d), (x - w, y + d)])


def box(size: tuple[float, float, float], tile: float, at: tuple[float, float, float]) -> Mesh:
    """A box of extent `size` whose bottom's centre is `at`."""
    return prism(rectangle(size[0], size[1], at[0], at[1]), size[2], tile, low=at[2])


def lathe(profile: Points, segments: int, tile: float) -> Mesh:
    """A solid of revolution about z.

    Args:
        profile: (n, 2) radius and height, running with the outside to its right (up the outer
            wall, then down inside); radius 0 closes it at the axis.
        segments: Corners around.
        tile: Metres per texture repeat; steep parts are mapped around, flat ones from above.
    """
    angles = 2 * np.pi * np.arange(segments + 1) / segments
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    parts = []
    run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
    radius = float(profile[:, 0].max())
    for i, ((r0, z0), (r1, z1)) in enumerate(zip(profile[:-1], profile[1:], strict=True)):
        low = np.column_stack([r0 * circle, np.full(segments + 1, z0)])
        high = np.column_stack([r1 * circle, np.full(segments + 1, z1)])
        if abs(z1 - z0) > 1.5 * abs(r1 - r0):
            around = angles * radius
            uv = np.concatenate(
                [
                    np.column_stack([around, np.full(segments + 1, run[i])]),
                    np.column_stack([around, np.full(segments + 1, run[i + 1])]),
                ]
            )
        else:
            uv = np.concatenate([low[:, :2], high[:, :2]])
        faces = []
        for k in range(segments):
            a, b, c, d = k, k + 1, segments + 2 + k, segments + 1 + k
            if r0 > 0:
                faces.append((a, b, c))
            if r1 > 0:
                faces.append((a, c, d))
        parts.append(_mesh(np.concatenate([low, high]), faces, uv / tile))
    return merge(*parts)
