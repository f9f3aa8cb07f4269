"""A scene as OpenGL draws it: one vertex buffer, one index buffer, stretches of one texture.

Legend: N vertices of the buffer, F faces, C chunks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.envs.rendering.chunks import split

_CHUNK = 1024  # faces; smaller ones cost more calls than what they leave out


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in the order in which they are drawn.

    Attributes:
        vertices: (N, 8): x, y, z, u, v, and red, green, blue that multiply the texture.
        indices: (F, 3) into them; sorted by texture, then into chunks of near faces.
        centre, half: (C, 3) of each chunk's box, metres.
        start: (C + 1,) where in `indices` each chunk starts.
        texture: (C,) of each chunk.
    """

    vertices: NDArray[np.float32]
    indices: NDArray[np.uint32]
    centre: NDArray[np.float64]
    half: NDArray[np.float64]
    start: NDArray[np.int64]
    texture: NDArray[np.int64]

    def stretches(self, planes: NDArray[np.float64]) -> list[tuple[int, int, int]]:
        """What may be seen: texture, first face and number of faces.

        Args:
            planes: (P, 4) n and d; what has n . p + d < 0 for one of them is not seen.
        """
        normals = planes[:, :3]
        reach = self.centre @ normals.T + self.half @ np.abs(normals).T + planes[:, 3]
        seen = np.flatnonzero((reach >= 0).all(1))
        if not seen.size:
            return []
        texture = self.texture[seen]
        new = np.flatnonzero((np.diff(seen) != 1) | (np.diff(texture) != 0)) + 1
        firsts = np.concatenate([[0], new])
        lasts = np.concatenate([new - 1, [len(seen) - 1]])
        start, end = self.start[seen[firsts]], self.start[seen[lasts] + 1]
        return list(
            zip(texture[firsts].tolist(), start.tolist(), (end - start).tolist(), strict=True)
        )


def build_mesh(scene: Scene) -> Mesh:
    """Vertices once per material that uses them; the scene's own are shared by all."""
    paint, tints = scene.paint, scene.tints()
    changes = (np.diff(tints, axis=0) != 0).any(1)
    material = np.concatenate([[0], np.cumsum(changes)])[: len(tints)].astype(np.int64)
    key = scene.faces.astype(np.int64) + material[:, None] * max(len(scene.vertices), 1)
    _, first, indices = np.unique(key, return_index=True, return_inverse=True)
    source = scene.faces.ravel()[first]
    colour = tints[first // 3]
    if scene.colours is not None:
        colour = colour * scene.colours[source]
    vertices = np.column_stack([scene.vertices[source], scene.uv[source], colour])

    corners = scene.triangles
    centres = corners.mean(1)
    orders, starts, textures = [np.empty(0, np.int64)], [0], []
    for texture in np.unique(paint):
        order, ends = split(centres, np.flatnonzero(paint == texture), _CHUNK)
        orders.append(order)
        starts += (starts[-1] + ends[1:]).tolist()
        textures += [int(texture)] * (len(ends) - 1)
    ordered, start = np.concatenate(orders), np.array(starts, np.int64)
    low = high = np.empty((0, 3))
    if len(ordered):
        low = np.minimum.reduceat(corners.min(1)[ordered], start[:-1]).astype(np.float64)
        high = np.maximum.reduceat(corners.max(1)[ordered], start[:-1]).astype(np.float64)
    return Mesh(
        np.ascontiguousarray(vertices, np.float32),
        np.ascontiguousarray(indices.reshape(-1, 3)[ordered], np.uint32),
        (low + high) / 2,
        (high - low) / 2,
        start,
        np.array(textures, np.int64),
    )
