"""A scene's triangles -> where an agent can go: our own bake of a navigation mesh (spec §4).

Voxels, filters and erosion follow the reference voxel by voxel. Then come our own steps: outlines
simplified without ever crossing, Delaunay triangles, convex polygons.
"""

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.contours import WALL, Allowance, ArcKey, Outlines, corner_levels
from uio2_agent.envs.pointnav.convex import follow_floor, join_convex
from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.polygons import MAX_CORNERS
from uio2_agent.envs.pointnav.regions import by_region, split_regions
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.envs.pointnav.triangulation import (
    conflicts,
    make_delaunay,
    neighbours_of,
    ring_area,
    ring_contains,
    triangulate,
)
from uio2_agent.envs.pointnav.voxels import walkable_spans
from uio2_agent.errors import BadInput

Edge = tuple[ArcKey, int]


def bake_navmesh(scene: Scene, settings: NavMeshSettings | None = None) -> NavMesh:
    """The navigation mesh of a scene.

    Heights lie on voxel boundaries counted from the scene's lowest point, rounded up: a floor at
    the very bottom gets y = 0.2 m above it, as in the reference.

    Raises:
        BadInput: no triangles, or nowhere to stand.
        BadSetting: the voxels are too small for a scene of this size.
    """
    return bake_triangles(scene.vertices, scene.faces, settings)


def bake_triangles(
    vertices: NDArray[np.floating],
    faces: NDArray[np.integer],
    settings: NavMeshSettings | None = None,
) -> NavMesh:
    """`bake_navmesh` of bare triangles: vertices (V, 3) metres, y up, faces (F, 3)
    counter-clockwise seen from the front."""
    settings = settings or NavMeshSettings()
    spans, low, shape = walkable_spans(vertices, faces, settings)
    height = int(np.ceil(settings.agent_height / settings.cell_height - 1e-6))
    region, count = split_regions(spans, shape, height, settings.region_min_size**2)
    if not count:
        raise BadInput(
            "the scene",
            "without a place to stand",
            f"a level floor of {(settings.region_min_size * settings.cell_size) ** 2:g} m² with "
            f"{settings.agent_height} m of headroom, its faces turned upwards",
        )
    outlines = Outlines(
        Allowance(
            aside=settings.edge_max_error,
            rise=settings.detail_sample_max_error,
            longest=settings.edge_max_len / settings.cell_size,
        )
    )
    regions = by_region(region, count)
    floor = np.full(shape, -1, np.int32)  # of one region at a time
    for number, members in enumerate(regions):
        floor.flat[spans.column[members]] = spans.level[members]
        outlines.add_region(number, members, spans.column, spans.across, region, floor)
        floor.flat[spans.column[members]] = -1
    builder = _Builder(low, settings)
    for (points, triangles, edges), members in zip(
        _triangulate_all(outlines), regions, strict=True
    ):
        floor.flat[spans.column[members]] = spans.level[members]
        levels = corner_levels(floor, points[:, 0], points[:, 1])
        fine = follow_floor(points, levels, triangles, floor, settings.detail_sample_max_error)
        builder.add_region(*fine, edges)
        floor.flat[spans.column[members]] = -1
    corners = np.asarray(vertices, np.float64)[np.unique(faces)]
    return builder.build((corners.min(axis=0), corners.max(axis=0)))


Mesh = tuple[NDArray[np.int64], NDArray[np.int64], dict[tuple[int, int], Edge]]


def _triangulate_all(outlines: Outlines) -> list[Mesh]:
    """Points (n, 2), triangles (T, 3) and outline edges of every region; follows arcs more
    closely wherever their simple form crosses itself or another."""
    while True:
        meshes = []
        sound = True
        for loops in outlines.loops:
            mesh = _triangulate_region(outlines, loops)
            if mesh is None:
                sound = False
            else:
                meshes.append(mesh)
        if sound:
            return meshes


def _triangulate_region(outlines: Outlines, loops: list[list[tuple[ArcKey, bool]]]) -> Mesh | None:
    """One region; None if its arcs had to be refined, which its neighbours then share."""
    rings, ring_edges = zip(*(outlines.ring(loop) for loop in loops), strict=True)
    sizes = [len(ring) for ring in rings]
    points = np.concatenate(rings)
    rows = np.split(np.arange(len(points)), np.cumsum(sizes)[:-1])
    following = np.concatenate([np.roll(row, -1) for row in rows])
    bad = conflicts(points, following)
    areas = [ring_area(ring) for ring in rings]
    wrong = {
        i
        for i, (row, loop) in enumerate(zip(rows, loops, strict=True))
        if bad[row].any() or areas[i] * outlines.exact_area(loop) <= 0
    }
    if wrong:
        _refine(outlines, [loops[i] for i in wrong])
        return None
    groups: dict[int, list[int]] = {i: [i] for i in range(len(rings)) if areas[i] > 0}
    for hole in set(range(len(rings))) - set(groups):
        x, z = rings[hole][0]
        around = [i for i in groups if ring_contains(rings[i], x, z)]
        if not around:
            _refine(outlines, loops)
            return None
        groups[min(around, key=lambda i: areas[i])].append(hole)
    parts = []
    for group in groups.values():
        part = triangulate(points, [rows[i] for i in group])
        if part is None:
            _refine(outlines, [loops[i] for i in group])
            return None
        parts.append(part)
    triangles = np.concatenate(parts)
    make_delaunay(points, triangles, neighbours_of(triangles))
    edges = {
        (int(a), int(following[a])): edge
        for row, own in zip(rows, ring_edges, strict=True)
        for a, edge in zip(row, own, strict=True)
    }
    return points, triangles, edges


def _refine(outlines: Outlines, loops: list[list[tuple[ArcKey, bool]]]) -> None:
    refined = [outlines.refine(loop) for loop in loops]
    assert any(refined), "exact outlines never cross"


class _Builder:
    """Collects the polygons of all regions and joins them where regions meet."""

    def __init__(self, low: NDArray[np.float64], settings: NavMeshSettings) -> None:
        self.low, self.settings = low, settings
        self.scale = np.array([settings.cell_size, settings.cell_height, settings.cell_size])
        self.points: list[NDArray[np.float64]] = []
        self.count = 0  # points so far
        self.corners: list[list[int]] = []
        self.neighbours: list[list[int]] = []
        self.surface: list[NDArray[np.int64]] = []
        self.doors: dict[Edge, tuple[int, int]] = {}  # arc and edge of it -> polygon, side

    def add_region(
        self,
        points: NDArray[np.int64],
        levels: NDArray[np.int64],
        triangles: NDArray[np.int64],
        edges: dict[tuple[int, int], Edge],
    ) -> None:
        polygons = join_convex(points, triangles, int(self.settings.verts_per_poly))
        sides = {
            (a, b): len(self.corners) + p
            for p, (ring, _) in enumerate(polygons)
            for a, b in zip(ring, ring[1:] + ring[:1], strict=True)
        }
        for ring, parts in polygons:
            number = len(self.corners)
            across = []
            for i, (a, b) in enumerate(zip(ring, ring[1:] + ring[:1], strict=True)):
                across.append(sides.get((b, a), -1))
                door = edges.get((a, b))
                if door is not None and door[0][0] != WALL:
                    self._open(door, number, i, across)
            pad = [-1] * (MAX_CORNERS - len(ring))
            self.corners.append([self.count + a for a in ring] + pad)
            self.neighbours.append(across + pad)
            self.surface.append(self.count + triangles[parts])
        places = np.stack([points[:, 0], levels, points[:, 1]], axis=1)
        self.points.append(self.low + places * self.scale)
        self.count += len(points)

    def _open(self, door: Edge, number: int, side: int, across: list[int]) -> None:
        """Join this side to the one beyond the door, if that has been seen already."""
        if door in self.doors:
            other, its_side = self.doors[door]
            across[side] = other
            self.neighbours[other][its_side] = number
        self.doors[door] = (number, side)

    def build(self, bounds: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NavMesh:
        starts = np.cumsum([0, *(len(part) for part in self.surface)])
        return NavMesh(
            np.concatenate(self.points),
            self.corners,
            self.neighbours,
            np.concatenate(self.surface),
            starts,
            settings=self.settings,
            bounds=bounds,
        )
