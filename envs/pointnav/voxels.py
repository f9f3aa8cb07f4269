"""From triangles to places one can stand: voxels, spans of open air, filters, erosion (spec §4).

Legend: W x D columns (x, z), H voxels high; S spans. A span is the open air above a solid top:
`level` is the voxel boundary it stands on, `ceiling` the one it ends at. Directions 0-3 are
-x, +z, +x, -z.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.errors import BadInput, BadSetting

STEP_X = np.array([-1, 0, 1, 0])
STEP_Z = np.array([0, 1, 0, -1])

_SOLID, _WALKABLE = 1, 2  # bits of a voxel; the second: its top can be stood on
_OPEN_SKY = 1 << 20
_MOST_VOXELS = 400_000_000


class Spans(NamedTuple):
    """Open spans of all columns, those of column c = x * D + z from start[c] to start[c + 1].

    start (W * D + 1,), column (S,), level (S,), ceiling (S,), walkable (S,), across (S, 4) the span
    one steps into per direction, -1 for none.
    """

    start: NDArray[np.int64]
    column: NDArray[np.int64]
    level: NDArray[np.int32]
    ceiling: NDArray[np.int32]
    walkable: NDArray[np.bool_]
    across: NDArray[np.int32]


@njit(cache=True, nogil=True, error_model="numpy")
def _divide(source, count, axis, limit, below, beyond):
    """Cut a polygon (n, 3) by a plane: corners left below and beyond; those on it go to both."""
    n_below, n_beyond = 0, 0
    before = source[count - 1]
    d_before = limit - before[axis]
    for i in range(count):
        here = source[i]
        d = limit - here[axis]
        if (d > 0.0 and d_before < 0.0) or (d < 0.0 and d_before > 0.0):
            t = d_before / (d_before - d)
            for k in range(3):
                value = before[k] + t * (here[k] - before[k])
                below[n_below, k] = value
                beyond[n_beyond, k] = value
            n_below += 1
            n_beyond += 1
        if d >= 0.0:
            below[n_below] = here
            n_below += 1
        if d <= 0.0:
            beyond[n_beyond] = here
            n_beyond += 1
        before, d_before = here, d
    return n_below, n_beyond


@njit(cache=True, nogil=True, error_model="numpy")
def _voxel(value, low, per_metre):
    """Where a coordinate lies on the grid, in voxels, all in float32."""
    return np.float32(np.float32(np.float32(value) - low) * per_metre)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(grid, triangles, walkable, low, cell, tall):
    """Mark the voxels that triangles (F, 3, 3) metres pass through.

    Walls often lie exactly on voxel boundaries. Which side they fill is decided by rounding, so
    places on the grid are computed in float32, as the reference does.
    """
    width, depth, layers = grid.shape
    per_cell, per_layer = np.float32(1.0) / cell, np.float32(1.0) / tall
    rest, spare, row, piece = (
        np.empty((12, 3)),
        np.empty((12, 3)),
        np.empty((12, 3)),
        np.empty((12, 3)),
    )
    for f in range(len(triangles)):
        corners = triangles[f]
        rest[:3] = corners
        n = 3
        z0 = max(int(_voxel(corners[:, 2].min(), low[2], per_cell)), 0)
        z1 = min(int(_voxel(corners[:, 2].max(), low[2], per_cell)), depth - 1)
        for z in range(z0, z1 + 1):
            edge = np.float32(np.float32(low[2] + np.float32(z) * cell) + cell)
            in_row, n = _divide(rest, n, 2, edge, row, spare)
            rest, spare = spare, rest
            if in_row >= 3:
                x0 = max(int(_voxel(row[:in_row, 0].min(), low[0], per_cell)), 0)
                x1 = min(int(_voxel(row[:in_row, 0].max(), low[0], per_cell)), width - 1)
                for x in range(x0, x1 + 1):
                    edge = np.float32(np.float32(low[0] + np.float32(x) * cell) + cell)
                    m, in_row = _divide(row, in_row, 0, edge, piece, spare)
                    row, spare = spare, row
                    if m >= 3:
                        y0 = int(np.floor(_voxel(piece[:m, 1].min(), low[1], per_layer)))
                        y1 = int(np.ceil(_voxel(piece[:m, 1].max(), low[1], per_layer)))
                        y0, y1 = max(y0, 0), min(max(y1, y0 + 1), layers)
                        for y in range(y0, y1):
                            grid[x, z, y] |= _SOLID
                        if walkable[f] and y1 > y0:
                            grid[x, z, y1 - 1] |= _WALKABLE
                    if in_row < 3:
                        break
            if n < 3:
                break


@njit(cache=True, nogil=True, error_model="numpy")
def _open_spans(grid, climb):
    """Start of every column, then column, level, ceiling and walkability of every span."""
    width, depth, tall = grid.shape
    start = np.zeros(width * depth + 1, np.int64)
    for x in range(width):
        for z in range(depth):
            count = 0
            for y in range(tall):
                if grid[x, z, y] and (y + 1 == tall or not grid[x, z, y + 1]):
                    count += 1
            start[x * depth + z + 1] = count
    start = np.cumsum(start)
    total = start[-1]
    column, level = np.empty(total, np.int64), np.empty(total, np.int32)
    ceiling, walkable = np.empty(total, np.int32), np.empty(total, np.bool_)
    for x in range(width):
        for z in range(depth):
            s = start[x * depth + z]
            end = start[x * depth + z + 1]
            last_walkable = -1000  # highest walkable mark in this run of solid voxels
            for y in range(tall):
                if not grid[x, z, y]:
                    last_walkable = -1000
                    continue
                if grid[x, z, y] & _WALKABLE:
                    last_walkable = y
                if y + 1 == tall or not grid[x, z, y + 1]:
                    column[s], level[s] = x * depth + z, y + 1
                    walkable[s] = y - last_walkable <= climb
                    s += 1
            for i in range(start[x * depth + z], end):
                ceiling[i] = _OPEN_SKY
                if i + 1 < end:
                    y = level[i]
                    while not grid[x, z, y]:
                        y += 1
                    ceiling[i] = y
    return start, column, level, ceiling, walkable


@njit(cache=True, nogil=True, error_model="numpy")
def _accept_low_obstacles(start, level, walkable, climb):
    """What is no higher above a walkable top than a step can be walked over."""
    for c in range(len(start) - 1):
        was = False
        for s in range(start[c], start[c + 1]):
            now = walkable[s]
            if not now and was and level[s] - level[s - 1] <= climb:
                walkable[s] = True
            was = now


@njit(cache=True, nogil=True, error_model="numpy")
def _reject_ledges(start, column, level, ceiling, walkable, width, depth, height, climb, steps):
    """Tops beside a drop of more than a step, and tops on a steep stair, are no place to stand."""
    for s in range(len(level)):
        if not walkable[s]:
            continue
        x, z = column[s] // depth, column[s] % depth
        drop, lowest, highest = _OPEN_SKY, level[s], level[s]
        for k in range(4):
            nx, nz = x + steps[0, k], z + steps[1, k]
            if nx < 0 or nz < 0 or nx >= width or nz >= depth:
                drop = -climb - 1
                break
            c = nx * depth + nz
            # Below the first solid lies the void: stepping there is a fall too.
            if start[c] == start[c + 1]:
                drop = min(drop, -climb - 1 - level[s])
            for t in range(start[c], start[c + 1]):
                gap = min(ceiling[s], ceiling[t]) - max(level[s], level[t])
                if gap >= height:
                    rise = level[t] - level[s]
                    drop = min(drop, rise)
                    if abs(rise) <= climb:
                        lowest, highest = min(lowest, level[t]), max(highest, level[t])
        if drop < -climb or highest - lowest > climb:
            walkable[s] = False


@njit(cache=True, nogil=True, error_model="numpy")
def _connect(start, column, level, ceiling, walkable, width, depth, height, climb, steps):
    """(S, 4) the walkable span one steps into from each walkable span, -1 for none."""
    across = np.full((len(level), 4), -1, np.int32)
    for s in range(len(level)):
        if not walkable[s]:
            continue
        x, z = column[s] // depth, column[s] % depth
        for k in range(4):
            nx, nz = x + steps[0, k], z + steps[1, k]
            if nx < 0 or nz < 0 or nx >= width or nz >= depth:
                continue
            c = nx * depth + nz
            for t in range(start[c], start[c + 1]):
                gap = min(ceiling[s], ceiling[t]) - max(level[s], level[t])
                if walkable[t] and gap >= height and abs(level[t] - level[s]) <= climb:
                    across[s, k] = t
                    break
    return across


@njit(cache=True, nogil=True, error_model="numpy")
def _erode(across, walkable, radius):
    """Take `radius` voxels off along every edge: distances by steps of 2 and diagonals of 3."""
    count = len(walkable)
    far = np.full(count, 255, np.int32)
    for s in range(count):
        if not walkable[s] or across[s].min() < 0:
            far[s] = 0
    # Spans are ordered by x, then z: one sweep up sees -x and -z, one sweep down the others.
    for sweep in range(2):
        first, second = (0, 3) if sweep == 0 else (2, 1)
        for i in range(count):
            s = i if sweep == 0 else count - 1 - i
            for k in (first, second):
                t = across[s, k]
                if t >= 0:
                    far[s] = min(far[s], far[t] + 2)
                    # From -x on to -z and to +z reaches both diagonals behind, likewise ahead.
                    if k == first:
                        for side in (1, 3):
                            if across[t, side] >= 0:
                                far[s] = min(far[s], far[across[t, side]] + 3)
    for s in range(count):
        if far[s] < 2 * radius:
            walkable[s] = False
    for s in range(count):
        for k in range(4):
            t = across[s, k]
            if t >= 0 and not (walkable[s] and walkable[t]):
                across[s, k] = -1


def walkable_spans(
    vertices: NDArray[np.floating], faces: NDArray[np.integer], settings: NavMeshSettings
) -> tuple[Spans, NDArray[np.float64], tuple[int, int]]:
    """Where an agent's middle can be: spans, the lowest corner (3,) of the grid in metres, (W, D).

    vertices (V, 3) metres, y up; faces (F, 3) counter-clockwise seen from the front.

    Raises:
        BadInput: no triangles.
        BadSetting: the voxels are too small for a scene of this size.
    """
    if not len(faces):
        raise BadInput("the scene", "without triangles", "at least a floor")
    corners = np.asarray(vertices, np.float32).astype(np.float64)[faces]  # (F, 3, 3)
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    cell, tall = settings.cell_size, settings.cell_height
    width, depth = (int((high[i] - low[i]) / cell + 0.5) for i in (0, 2))
    layers = int(np.ceil((high[1] - low[1]) / tall)) + 2
    if width * depth * layers > _MOST_VOXELS:
        raise BadSetting(
            "cell_size", cell, f"larger: {width} x {depth} x {layers} voxels are too many"
        )
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals /= np.maximum(lengths, 1e-300)
    flat_enough = normals[:, 1] > np.cos(np.radians(settings.agent_max_slope))
    grid = np.zeros((max(width, 1), max(depth, 1), layers), np.uint8)
    float32 = np.float32
    _fill(grid, corners, flat_enough, low.astype(float32), float32(cell), float32(tall))
    # 1e-6: 0.1 / 0.05 is 2 voxels, whatever the last bit says.
    height = int(np.ceil(settings.agent_height / tall - 1e-6))
    climb = int(np.floor(settings.agent_max_climb / tall + 1e-6))
    radius = int(np.ceil(settings.agent_radius / cell - 1e-6))
    start, column, level, ceiling, walkable = _open_spans(grid, climb)
    steps = np.stack([STEP_X, STEP_Z])
    where = (*grid.shape[:2], height, climb, steps)
    if settings.filter_low_hanging_obstacles:
        _accept_low_obstacles(start, level, walkable, climb)
    if settings.filter_ledge_spans:
        _reject_ledges(start, column, level, ceiling, walkable, *where)
    if settings.filter_walkable_low_height_spans:
        walkable &= ceiling - level >= height
    across = _connect(start, column, level, ceiling, walkable, *where)
    _erode(across, walkable, radius)
    return Spans(start, column, level, ceiling, walkable, across), low, grid.shape[:2]
