"""The `.navmesh` file of the reference simulator, read and written (layout: spec §4).

Little endian: a set header, from version 2 on the settings, then tiles of polygons. Meshes of one
tile are read, the only kind that simulator makes.
"""

from pathlib import Path as FilePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.polygons import MAX_CORNERS
from uio2_agent.errors import BadInput, BadScene, CannotWrite

_SET_MAGIC, _SET_VERSION = b"TESM", 2
_TILE_MAGIC, _TILE_VERSION = 0x444E4156, 7
_WALKABLE = 1  # bit of a polygon's flags
_ELSEWHERE = 0x8000  # neighbours from here on lie in another tile
_OFF_MESH = 1  # polygon type, upper two bits of `kind`

_SET = np.dtype(
    [
        ("magic", "S4"),
        ("version", "<i4"),
        ("tiles", "<i4"),
        ("origin", "<f4", 3),
        ("tile_size", "<f4", 2),
        ("most_tiles", "<i4"),
        ("most_polygons", "<i4"),
    ]
)
_FLOATS = [
    "cell_size",
    "cell_height",
    "agent_height",
    "agent_radius",
    "agent_max_climb",
    "agent_max_slope",
    "region_min_size",
    "region_merge_size",
    "edge_max_len",
    "edge_max_error",
    "verts_per_poly",
    "detail_sample_dist",
    "detail_sample_max_error",
]
_FLAGS = [
    "filter_low_hanging_obstacles",
    "filter_ledge_spans",
    "filter_walkable_low_height_spans",
    "include_static_objects",
]
_SETTINGS = np.dtype([(n, "<f4") for n in _FLOATS] + [(n, "u1") for n in _FLAGS])
_TILE = np.dtype([("reference", "<u4"), ("size", "<i4")])
_HEADER = np.dtype(
    [
        ("magic", "<i4"),
        ("version", "<i4"),
        ("x", "<i4"),
        ("y", "<i4"),
        ("layer", "<i4"),
        ("user", "<u4"),
        ("polygons", "<i4"),
        ("vertices", "<i4"),
        ("links", "<i4"),
        ("details", "<i4"),
        ("detail_vertices", "<i4"),
        ("detail_triangles", "<i4"),
        ("tree_nodes", "<i4"),
        ("off_mesh", "<i4"),
        ("off_mesh_base", "<i4"),
        ("agent", "<f4", 3),  # height, radius, climb
        ("low", "<f4", 3),
        ("high", "<f4", 3),
        ("quantum", "<f4"),
    ]
)
_POLYGON = np.dtype(
    [
        ("link", "<u4"),
        ("corners", "<u2", MAX_CORNERS),
        ("neighbours", "<u2", MAX_CORNERS),
        ("flags", "<u2"),
        ("size", "u1"),
        ("kind", "u1"),
    ]
)
_DETAIL = np.dtype(
    [
        ("vertex", "<u4"),
        ("triangle", "<u4"),
        ("vertices", "u1"),
        ("triangles", "u1"),
        ("pad", "<u2"),
    ]
)
_LINK_BYTES, _NODE_BYTES = 12, 16
_REMEDY = "Copy or compute the file anew"


class _Reader:
    """Takes arrays off the front of some bytes; knows when there are too few."""

    def __init__(self, data: bytes, path: str) -> None:
        self.data, self.path, self.at = data, path, 0

    def take(self, dtype: np.dtype, count: int, what: str) -> NDArray:
        size = dtype.itemsize * int(count)
        if count < 0 or self.at + size > len(self.data):
            raise BadScene(self.path, f"the file ends within its {what}", _REMEDY)
        array = np.frombuffer(self.data, dtype, count, self.at)
        self.at += size
        return array


def read_navmesh(path: str | FilePath) -> NavMesh:
    """A `.navmesh` file (version 1 or 2, one tile) as a mesh.

    Raises:
        BadScene: missing, cut short, of another kind or version, or inconsistent.
    """
    try:
        data = FilePath(path).read_bytes()
    except OSError as error:
        raise BadScene(str(path), f"cannot be read ({error.strerror})", "Check the path") from error
    reader = _Reader(data, str(path))
    head = reader.take(_SET, 1, "header")[0]
    if head["magic"] != _SET_MAGIC:
        raise BadScene(str(path), "is no .navmesh file", "Give one that habitat-sim or we wrote")
    if head["version"] not in (1, _SET_VERSION):
        raise BadScene(str(path), f"has version {head['version']}, known are 1 and 2", _REMEDY)
    if head["tiles"] != 1:
        raise BadScene(
            str(path),
            f"has {head['tiles']} tiles",
            "Only meshes of one tile are read: bake it anew",
        )
    try:
        settings = _settings(reader) if head["version"] == _SET_VERSION else None
        return _mesh(reader, settings)
    except BadInput as error:
        raise BadScene(str(path), f"is inconsistent: {error}", _REMEDY) from error


def _settings(reader: _Reader) -> NavMeshSettings:
    row = reader.take(_SETTINGS, 1, "settings")[0]
    # The shortest decimal that is this float32: 0.05, not 0.05000000074505806.
    stored: dict[str, Any] = {name: float(str(row[name])) for name in _FLOATS}
    return NavMeshSettings(**stored, **{name: bool(row[name]) for name in _FLAGS})


def _mesh(reader: _Reader, settings: NavMeshSettings | None) -> NavMesh:
    path = reader.path
    tile = reader.take(_TILE, 1, "tile")[0]
    if tile["size"] != len(reader.data) - reader.at:
        raise BadScene(path, "its tile is not as long as it says", _REMEDY)
    head = reader.take(_HEADER, 1, "tile header")[0]
    if head["magic"] != _TILE_MAGIC or head["version"] != _TILE_VERSION:
        raise BadScene(path, "its tile is of another kind or version", _REMEDY)
    vertices = reader.take(np.dtype("<f4"), 3 * head["vertices"], "vertices").reshape(-1, 3)
    rows = reader.take(_POLYGON, head["polygons"], "polygons")
    reader.take(np.dtype("V12"), head["links"], "links")
    details = reader.take(_DETAIL, head["details"], "detail meshes")
    extra = reader.take(np.dtype("<f4"), 3 * head["detail_vertices"], "detail vertices")
    extra = extra.reshape(-1, 3)
    triangles = reader.take(np.dtype(("u1", 4)), head["detail_triangles"], "detail triangles")
    rows = rows[rows["kind"] >> 6 != _OFF_MESH]  # connections through the air stand last
    if len(details) < len(rows):
        raise BadScene(path, "some of its polygons have no surface", _REMEDY)
    if (rows["size"] > MAX_CORNERS).any():
        raise BadScene(path, "some of its polygons have more than 6 corners", _REMEDY)
    used = np.arange(MAX_CORNERS) < rows["size"][:, None]
    corners = np.where(used, rows["corners"].astype(np.int32), -1)
    if (corners >= len(vertices)).any():
        raise BadScene(path, "its polygons use vertices it does not have", _REMEDY)
    across = rows["neighbours"].astype(np.int32)
    across = np.where(used & (across < _ELSEWHERE), across, 0) - 1  # 0 is a wall
    surface, start = [np.empty((0, 3), np.int32)], [0]
    points = np.concatenate([vertices, extra])
    for p, (row, detail) in enumerate(zip(rows, details[: len(rows)], strict=True)):
        first, count = int(detail["triangle"]), int(detail["triangles"])
        own = triangles[first : first + count, :3].astype(np.int32)
        size, shift = int(row["size"]), len(vertices) + int(detail["vertex"])
        known = size + int(detail["vertices"])
        if len(own) != count or (own >= known).any() or shift + known - size > len(points):
            raise BadScene(path, "its surface triangles are out of range", _REMEDY)
        surface.append(np.where(own < size, corners[p][own % MAX_CORNERS], shift + own - size))
        start.append(start[-1] + count)
    return NavMesh(
        points,
        corners,
        across,
        np.concatenate(surface),
        start,
        (rows["flags"] & _WALKABLE).astype(bool),
        settings,
        (head["low"], head["high"]),
    )


def write_navmesh(navmesh: NavMesh, path: str | FilePath) -> None:
    """Write a mesh as a version 2 file of one tile. Coordinates are rounded to float32.

    The file has no search tree (the reference then searches linearly) and default settings if
    the mesh does not know its own.

    Raises:
        BadInput: more polygons or vertices than such a tile can number (32,767 and 65,535).
        CannotWrite: the path cannot be written.
    """
    mesh = navmesh.polygons
    settings = navmesh.settings or NavMeshSettings()
    vertices = int(mesh.corners.max()) + 1
    if len(mesh.sizes) >= _ELSEWHERE - 1 or vertices > 0xFFFF:
        raise BadInput("the navigation mesh", f"{len(mesh.sizes)} polygons", "at most 32766")
    low, high = navmesh.bounds
    rows = np.zeros(len(mesh.sizes), _POLYGON)
    rows["corners"] = np.where(mesh.corners < 0, 0, mesh.corners)
    rows["neighbours"] = mesh.neighbours + 1
    rows["flags"] = np.where(navmesh.walkable, _WALKABLE, 0)
    rows["size"] = mesh.sizes
    details, extra, triangles = _surfaces(navmesh, vertices)
    head = np.zeros(1, _HEADER)
    head["magic"], head["version"] = _TILE_MAGIC, _TILE_VERSION
    head["polygons"], head["vertices"], head["links"] = len(rows), vertices, mesh.sizes.sum()
    head["details"], head["detail_vertices"] = len(details), len(extra)
    head["detail_triangles"] = len(triangles)
    head["off_mesh_base"] = len(rows)
    head["agent"] = [settings.agent_height, settings.agent_radius, settings.agent_max_climb]
    head["low"], head["high"], head["quantum"] = low, high, 1.0 / settings.cell_size
    blob = b"".join(
        [
            head.tobytes(),
            mesh.points[:vertices].astype("<f4").tobytes(),
            rows.tobytes(),
            bytes(_LINK_BYTES * int(mesh.sizes.sum())),
            details.tobytes(),
            extra.astype("<f4").tobytes(),
            triangles.tobytes(),
        ]
    )
    whole = np.zeros(1, _SET)
    whole["magic"], whole["version"], whole["tiles"] = _SET_MAGIC, _SET_VERSION, 1
    whole["origin"], whole["tile_size"] = low, (high - low)[[0, 2]]
    whole["most_tiles"], whole["most_polygons"] = 1, len(rows)
    stored = np.array([tuple(getattr(settings, n) for n in _FLOATS + _FLAGS)], _SETTINGS)
    tile = np.zeros(1, _TILE)
    # A reference counts a salt of 1 above the bits that number the polygons.
    tile["reference"], tile["size"] = 1 << (len(rows) - 1).bit_length(), len(blob)
    try:
        FilePath(path).write_bytes(whole.tobytes() + stored.tobytes() + tile.tobytes() + blob)
    except OSError as error:
        raise CannotWrite(str(path), str(error.strerror)) from error


def _surfaces(
    navmesh: NavMesh, vertices: int
) -> tuple[NDArray, NDArray[np.float64], NDArray[np.uint8]]:
    """Detail meshes (P,), their own vertices (D, 3), triangles (T, 4) numbered per polygon."""
    mesh = navmesh.polygons
    details = np.zeros(len(mesh.sizes), _DETAIL)
    extra: list[NDArray[np.float64]] = []
    triangles: list[tuple[int, int, int, int]] = []
    for p, size in enumerate(mesh.sizes):
        own = mesh.surface[mesh.surface_start[p] : mesh.surface_start[p + 1]]
        corners = mesh.corners[p, :size].tolist()
        names = {row: i for i, row in enumerate(corners)}
        details[p] = (len(extra), len(triangles), 0, len(own), 0)
        for row in own.ravel().tolist():
            if row not in names:
                names[row] = len(names)
                extra.append(mesh.points[row])
        details[p]["vertices"] = len(names) - size
        rim = {frozenset((i, (i + 1) % size)) for i in range(size)}
        for a, b, c in own.tolist():
            i, j, k = names[a], names[b], names[c]
            on_rim = [frozenset(pair) in rim for pair in ((i, j), (j, k), (k, i))]
            triangles.append((i, j, k, on_rim[0] | on_rim[1] << 2 | on_rim[2] << 4))
    return details, np.array(extra).reshape(-1, 3), np.array(triangles, np.uint8).reshape(-1, 4)
