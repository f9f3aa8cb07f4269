"""Four-cornered and turned surfaces gathered room by room, lit, and joined into one scene.

Plan frame: centimetres, x right, y away, z up. The world is y up, so (x, y, z) becomes
(x, z, -y) / 100, about the flat's middle.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.envs.pointnav.scenes.furniture.piece import Block, Turned
from uio2_agent.envs.pointnav.scenes.light import RoomLight
from uio2_agent.envs.pointnav.scenes.materials import material
from uio2_agent.envs.pointnav.scenes.placement import Placed
from uio2_agent.envs.pointnav.scenes.plan import Rect
from uio2_agent.envs.rendering.mesh import Mesh, lathe

Array = NDArray[np.float64]
Vector = tuple[float, float, float]

# Per face of a box: corners as 0 (low) or 1 (high) of x, y, z, counter-clockwise seen from outside.
# The first two run along the bottom, so that a picture stands upright.
_BOX = np.array(
    [
        [(1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1)],  # front, +y
        [(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)],  # back
        [(0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)],  # left, -x
        [(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)],  # right
        [(1, 1, 1), (0, 1, 1), (0, 0, 1), (1, 0, 1)],  # up
        [(0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0)],  # down
    ]
)
_SHADOW, _SHADOW_HEIGHT = 16, 0.25  # centimetres around furniture and above the floor
_DIM = 0.62  # light below furniture
_FACES = {"front": 0, "back": 1, "left": 2, "right": 3, "up": 4}
_PICTURE = np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float64)
# Which two coordinates a face's texture follows.
_AXES = np.array([(0, 2), (0, 2), (1, 2), (1, 2), (0, 1), (0, 1)])


@lru_cache(maxsize=512)
def _turned(profile: tuple[tuple[float, float], ...], segments: int, tile: float) -> Mesh:
    """Metres; about the origin."""
    return lathe(np.array(profile) / 100, segments, tile)


def _smooth_normals(points: Array, faces: NDArray) -> Array:
    a, b, c = (points[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, faces[:, k], flat)
    x, y, z = normals[:, 0], normals[:, 1], normals[:, 2]
    return normals / (np.sqrt(x * x + y * y + z * z) + 1e-12)[:, None]


class Surfaces:
    """What one room shows, in the order in which it is added."""

    def __init__(self) -> None:
        self._quads: list[Array] = []  # (Q, 4, 3) each
        self._uv: list[Array] = []  # (Q, 4, 2), in repeats
        self._names: list[list[str]] = []  # of materials, one a quad
        self._dim: list[Array] = []  # (Q, 4), extra shade in corners
        self._rounds: list[tuple[Array, NDArray, Array, str]] = []

    def add_quads(
        self, quads: Array, uv: Array, names: list[str], dim: Array | None = None
    ) -> None:
        """Rectangles counter-clockwise seen from the front.

        Args:
            quads: (Q, 4, 3) corners, centimetres.
            uv: (Q, 4, 2) in repeats, v pointing down.
            names: Q materials.
            dim: (Q, 4) factors on the light in corners.
        """
        self._quads.append(quads)
        self._uv.append(uv)
        self._names.append(names)
        self._dim.append(np.ones(quads.shape[:2]) if dim is None else dim)

    def add_rectangle(self, corner: Vector, right: Vector, up: Vector, name: str) -> None:
        """One rectangle by its lower left corner and its edges, its texture in true size."""
        p, u, v = np.array(corner, float), np.array(right, float), np.array(up, float)
        quad = np.array([p, p + u, p + u + v, p + v])
        size = np.abs(np.array([u.sum(), v.sum()])) / 100 / material(name).tile
        self.add_quads(quad[None], (_PICTURE * size)[None], [name])

    def add_picture(self, corner: Vector, right: Vector, up: Vector, name: str) -> None:
        """One rectangle that shows its material's whole picture."""
        p, u, v = np.array(corner, float), np.array(right, float), np.array(up, float)
        quad = np.array([p, p + u, p + u + v, p + v])
        self.add_quads(quad[None], _PICTURE[None], [name])

    def add_blocks(self, blocks: list[Block]) -> None:
        """Boxes in the plan's frame; what stands on the floor has no bottom."""
        if not blocks:
            return
        bounds = np.array([b[:6] for b in blocks], np.float64).reshape(-1, 3, 2)
        pick = np.arange(3)
        corners = bounds[:, pick, _BOX]  # (N, 6, 4, 3)
        plane = np.take_along_axis(corners, np.broadcast_to(_AXES[:, None], (6, 4, 2))[None], 3)
        tiles = np.array([material(b.material).tile for b in blocks])
        uv = plane * np.array([1, -1]) / 100 / tiles[:, None, None, None]
        shown = np.ones((len(blocks), 6), np.bool_)
        shown[:, 4] = [b.has_top for b in blocks]
        shown[:, 5] = bounds[:, 2, 0] > 0
        owner = np.nonzero(shown)[0]
        self.add_quads(corners[shown], uv[shown], [blocks[i].material for i in owner])

    def add_shadow(self, taken: Rect, room: Rect, floor: str) -> None:
        """Dim the floor below and around what stands there."""
        x0, y0, x1, y1 = taken
        inner = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        wide = taken.grown(_SHADOW)
        outer_x = max(wide.x0, room.x0), min(wide.x1, room.x1)
        outer_y = max(wide.y0, room.y0), min(wide.y1, room.y1)
        outer = [(outer_x[i], outer_y[j]) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
        flat, dim = [inner], [[_DIM] * 4]
        for i in range(4):
            j = (i + 1) % 4
            ring = [outer[i], outer[j], inner[j], inner[i]]
            (ax, ay), (bx, by), _, (dx, dy) = ring
            if (bx - ax) * (dy - ay) != (by - ay) * (dx - ax):  # not where it stands at a wall
                flat.append(ring)
                dim.append([1.0, 1.0, _DIM, _DIM])
        xy = np.array(flat, np.float64)
        quads = np.concatenate([xy, np.full((*xy.shape[:2], 1), _SHADOW_HEIGHT)], 2)
        uv = xy * np.array([1, -1]) / 100 / material(floor).tile
        self.add_quads(quads, uv, [floor] * len(flat), np.array(dim))

    def add_piece(self, placed: Placed) -> None:
        """Furniture where it stands."""
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[placed.turns]
        turn = np.array([(cos, -sin), (sin, cos)], np.float64)
        at = np.array([placed.x, placed.y], np.float64)
        blocks = []
        for part in placed.piece.blocks:
            (xa, ya), (xb, yb) = turn @ (part.x0, part.y0) + at, turn @ (part.x1, part.y1) + at
            x, y = (min(xa, xb), max(xa, xb)), (min(ya, yb), max(ya, yb))
            blocks.append(part._replace(x0=x[0], x1=x[1], y0=y[0], y1=y[1]))
        self.add_blocks(blocks)
        for round_part in placed.piece.rounds:
            self._add_turned(round_part, turn, at)
        for panel in placed.piece.panels:
            bounds = np.array(panel[1:7], np.float64).reshape(3, 2)
            quad = bounds[np.arange(3), _BOX[_FACES[panel.facing]]]
            quad[:, :2] = quad[:, :2] @ turn.T + at
            self.add_quads(quad[None], _PICTURE[None], [panel.material])

    def _add_turned(self, part: Turned, turn: Array, at: Array) -> None:
        mesh = _turned(part.profile, part.segments, material(part.material).tile)
        points = mesh.vertices.astype(np.float64) * 100
        points[:, :2] += (part.x, part.y)
        points[:, :2] = points[:, :2] @ turn.T + at
        points[:, 2] += part.z
        self._rounds.append((points, mesh.faces, mesh.uv.astype(np.float64), part.material))

    def lit(self, light: RoomLight) -> tuple[Array, NDArray, Array, list[str], NDArray]:
        """Points (V, 3) in centimetres, faces (F, 3), uv (V, 2), F materials, colours (V, 3)."""
        quads, uv = np.concatenate(self._quads), np.concatenate(self._uv)
        names = [n for some in self._names for n in some]
        a, b, d = quads[:, 0], quads[:, 1], quads[:, 3]
        normals = np.cross(b - a, d - a)
        x, y, z = normals[:, 0], normals[:, 1], normals[:, 2]
        normals = normals / np.sqrt(x * x + y * y + z * z)[:, None]
        first = 4 * np.arange(len(quads))[:, None]
        faces = [np.concatenate([first + (0, 1, 2), first + (0, 2, 3)], 1).reshape(-1, 3)]
        points, normal_rows = [quads.reshape(-1, 3)], [np.repeat(normals, 4, 0)]
        uvs, all_names = [uv.reshape(-1, 2)], [n for n in names for _ in range(2)]
        dim, count = [np.concatenate(self._dim).ravel()], 4 * len(quads)
        for corners, triangles, round_uv, name in self._rounds:
            points.append(corners)
            normal_rows.append(_smooth_normals(corners, triangles))
            uvs.append(round_uv)
            faces.append(triangles + count)
            dim.append(np.ones(len(corners)))
            all_names += [name] * len(triangles)
            count += len(corners)
        where = np.concatenate(points)
        colours = light.at(where / 100, np.concatenate(normal_rows))
        colours = colours * np.concatenate(dim).astype(np.float32)[:, None]
        together = np.concatenate(faces)
        glows = np.array([material(n).glows for n in all_names])
        colours[together[glows]] = 1
        return where, together, np.concatenate(uvs), all_names, colours


def join(rooms: list[tuple[Array, NDArray, Array, list[str], NDArray]], middle: Array) -> Scene:
    """Lit rooms -> one scene about `middle` (x, y in centimetres), faces sorted by texture."""
    shifts = np.cumsum([0, *(len(points) for points, *_ in rooms)])[:-1]
    points = np.concatenate([r[0] for r in rooms])
    faces = np.concatenate([r[1] + s for r, s in zip(rooms, shifts, strict=True)])
    names = [n for r in rooms for n in r[3]]
    order = {name: i for i, name in enumerate(dict.fromkeys(names))}
    paint = np.array([order[n] for n in names], np.int32)
    by_paint = np.argsort(paint, kind="stable")
    x, y, z = points[:, 0] - middle[0], points[:, 1] - middle[1], points[:, 2]
    return Scene(
        vertices=(np.column_stack([x, z, -y]) / 100).astype(np.float32),
        faces=faces[by_paint].astype(np.int32),
        uv=np.concatenate([r[2] for r in rooms]).astype(np.float32),
        paint=paint[by_paint],
        textures=tuple(Texture(material(name).picture) for name in order),
        colours=np.concatenate([r[4] for r in rooms]).astype(np.float32),
    )
