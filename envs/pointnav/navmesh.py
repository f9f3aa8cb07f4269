"""Where an agent can stand and go: polygons, distances, moves, random places (spec §4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uio2_agent.envs.pointnav.corridor import find_path
from uio2_agent.envs.pointnav.flood import filter_step, wall_distance
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.polygons import (
    MAX_CORNERS,
    Polygons,
    navigable,
    project,
    snap,
    standing_grid,
)
from uio2_agent.errors import BadInput, BadShape

Point = NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """The way from a start to the nearest of its goals.

    points (n, 3) metres, first to last; none if unreachable. distance in metres, inf if
    unreachable. goal is the row of the goal reached, -1 if none.
    """

    points: NDArray[np.float64]
    distance: float
    goal: int


def _point(name: str, point: ArrayLike) -> Point:
    array = np.ascontiguousarray(point, np.float64)
    if array.shape != (3,):
        raise BadShape(name, array.shape, "(3,): x, y, z in metres")
    if not np.isfinite(array).all():
        raise BadInput(name, array.tolist(), "finite numbers")
    return array


def _islands(
    corners: NDArray[np.int32], neighbours: NDArray[np.int32], walkable: NDArray[np.bool_]
):
    """(P,) connected components, numbered in the order of their first polygon; -1 where off."""
    islands = np.full(len(corners), -1, np.int32)
    count = 0
    for first in range(len(corners)):
        if islands[first] >= 0 or not walkable[first]:
            continue
        islands[first], waiting = count, [first]
        while waiting:
            for other in neighbours[waiting.pop()]:
                if other >= 0 and islands[other] < 0:
                    islands[other] = count
                    waiting.append(int(other))
        count += 1
    return islands


class NavMesh:
    """Convex polygons that share edges, and the questions an episode asks of them.

    Points are (x, y, z) metres, world frame, y up. Where a question starts from a point beside
    the mesh, the point is projected to the nearest polygon within 2 m in plan and 4 m in height.
    Not changed after construction.

    Args:
        points: (N, 3) corners of polygons, then further points of their surface if any.
        corners: (P, 6) rows of `points`, counter-clockwise seen from above, unused places -1.
        neighbours: (P, 6) polygon across edge i (corner i to i + 1), -1 a wall.
        surface: (T, 3) rows of `points`: triangles that give heights. Default: fans.
        surface_start: (P + 1,) where the triangles of each polygon begin.
        walkable: (P,) polygons in use. Default: all.
        settings: What it was baked with, if known.
        bounds: Lowest and highest x, y, z of the scene, (2, 3). Default: of the polygons.

    Raises:
        BadShape, BadInput: arrays that do not describe such polygons.
    """

    def __init__(
        self,
        points: ArrayLike,
        corners: ArrayLike,
        neighbours: ArrayLike,
        surface: ArrayLike | None = None,
        surface_start: ArrayLike | None = None,
        walkable: ArrayLike | None = None,
        settings: NavMeshSettings | None = None,
        bounds: ArrayLike | None = None,
    ) -> None:
        points = np.ascontiguousarray(points, np.float64)
        corners = np.ascontiguousarray(corners, np.int32)
        neighbours = np.ascontiguousarray(neighbours, np.int32).copy()
        if points.ndim != 2 or points.shape[1] != 3:
            raise BadShape("points", points.shape, "(N, 3)")
        for name, array in (("corners", corners), ("neighbours", neighbours)):
            if array.ndim != 2 or array.shape != (len(corners), MAX_CORNERS):
                raise BadShape(name, array.shape, f"(P, {MAX_CORNERS})")
        if not len(corners):
            raise BadInput("the navigation mesh", "without polygons", "at least one")
        if not np.isfinite(points).all():
            raise BadInput("points", "not finite", "finite coordinates")
        used = corners >= 0
        sizes = used.sum(axis=1, dtype=np.int32)
        if sizes.min() < 3 or (used != (np.arange(MAX_CORNERS) < sizes[:, None])).any():
            raise BadInput("corners", "with gaps or fewer than 3", "3 to 6 corners, then -1")
        if corners.max() >= len(points) or neighbours.max() >= len(corners):
            raise BadInput("corners or neighbours", "out of range", "rows of points, polygons")
        if surface is None or surface_start is None:
            surface, surface_start = _fans(corners, sizes)
        surface = np.ascontiguousarray(surface, np.int32)
        surface_start = np.ascontiguousarray(surface_start, np.int32)
        if surface.ndim != 2 or surface.shape[1] != 3:
            raise BadShape("surface", surface.shape, "(T, 3)")
        if len(surface) and (surface.min() < 0 or surface.max() >= len(points)):
            raise BadInput("surface", "out of range", "rows of points")
        if (
            surface_start.shape != (len(corners) + 1,)
            or surface_start[0] != 0
            or surface_start[-1] != len(surface)
            or (np.diff(surface_start) < 0).any()
        ):
            raise BadInput("surface_start", surface_start.shape, "P + 1 rising numbers from 0 to T")
        on = np.ones(len(corners), bool) if walkable is None else np.asarray(walkable, bool)
        if on.shape != (len(corners),):
            raise BadShape("walkable", on.shape, "(P,)")
        neighbours[~used] = -1
        neighbours[neighbours < 0] = -1
        neighbours[(neighbours >= 0) & ~(on[neighbours] & on[:, None])] = -1
        self.settings = settings
        self.walkable: NDArray[np.bool_] = on
        self.polygons = Polygons(
            points,
            corners,
            sizes,
            neighbours,
            _islands(corners, neighbours, on),
            _boxes(points, corners, surface, surface_start),
            surface,
            surface_start,
            (settings or NavMeshSettings()).agent_max_climb,
        )
        if self.num_islands == 0:
            raise BadInput("the navigation mesh", "switched off everywhere", "walkable polygons")
        self.bounds = _bounds(self.polygons.boxes[on] if bounds is None else bounds)
        self._triangles = points[surface]  # (T, 3, 3)
        self._owner = np.repeat(np.arange(len(corners)), np.diff(surface_start))
        edges = self._triangles[:, 1:] - self._triangles[:, :1]
        area = 0.5 * np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
        self._areas = np.where(on[self._owner], area, 0.0)  # (T,)

    @property
    def num_islands(self) -> int:
        """Connected components."""
        return int(self.polygons.islands.max()) + 1

    @property
    def area(self) -> float:
        """Navigable area in square metres."""
        return float(self._areas.sum())

    def island_area(self, island: int) -> float:
        """Square metres of one island."""
        return float(self._areas[self.polygons.islands[self._owner] == island].sum())

    def triangles(self) -> NDArray[np.float64]:
        """(T, 3, 3) the walkable polygons as triangles."""
        return self._triangles[self.walkable[self._owner]]

    def island_of(self, point: ArrayLike) -> int:
        """The island of the nearest polygon, -1 beside the mesh."""
        polygon = project(self.polygons, *_point("point", point))[0]
        return int(self.polygons.islands[polygon]) if polygon >= 0 else -1

    def island_radius(self, point: ArrayLike) -> float:
        """Metres from the middle of its island to its furthest corner; 0 beside the mesh."""
        island = self.island_of(point)
        if island < 0:
            return 0.0
        corners = self.polygons.corners[self.polygons.islands == island]
        places = self.polygons.points[corners[corners >= 0]]
        return float(np.linalg.norm(places - places.mean(axis=0), axis=1).max())

    def snap(self, point: ArrayLike) -> Point | None:
        """The nearest point on the mesh, None if there is none within 2 m (4 m in height).

        Beside the mesh it is 0.01 mm inwards of the outline.
        """
        polygon, *place = snap(self.polygons, *_point("point", point))
        return np.array(place) if polygon >= 0 else None

    def is_navigable(self, point: ArrayLike, max_y_delta: float = 0.5) -> bool:
        """Whether the point lies on the mesh, to 1 cm in plan and `max_y_delta` in height."""
        x, y, z = _point("point", point)
        return bool(navigable(self.polygons, x, y, z, float(max_y_delta)))

    def path(self, start: ArrayLike, ends: ArrayLike) -> Path:
        """The path to the nearest of the goals `ends`, (3,) or (n, 3).

        Heights off the mesh add to the distance, as in the reference: snap points first.
        """
        begin = _point("start", start)
        goals = np.ascontiguousarray(ends, np.float64)
        goals = goals[None] if goals.ndim == 1 else goals
        if goals.ndim != 2 or goals.shape[1] != 3 or not len(goals):
            raise BadShape("ends", np.shape(ends), "(3,) or (n, 3), n at least 1")
        best = Path(np.empty((0, 3)), np.inf, -1)
        for i, goal in enumerate(goals):
            # A path is never shorter than the straight line, so most goals need no search.
            if np.linalg.norm(goal - begin) - 0.1 > best.distance:
                continue
            points, distance = find_path(self.polygons, begin, _point("ends", goal))
            if distance < best.distance:
                best = Path(points, float(distance), i)
        return best

    def geodesic(self, start: ArrayLike, ends: ArrayLike) -> float:
        """Metres to the nearest of the goals `ends`, (3,) or (n, 3); inf if none can be reached."""
        return self.path(start, ends).distance

    def try_step(self, start: ArrayLike, end: ArrayLike, sliding: bool = True) -> Point:
        """Where the straight move from start to end ends, walls considered.

        With sliding it is the reachable wall point nearest to `end`, which may lie some
        centimetres further off than `end`; without it the wall hit on the way. A move that starts
        or ends off the mesh, or on two islands, ends at its start.
        """
        return filter_step(self.polygons, _point("start", start), _point("end", end), bool(sliding))

    def distance_to_wall(self, point: ArrayLike, max_radius: float = 2.0) -> float:
        """Metres in plan to the nearest wall, at most `max_radius`; nan beside the mesh."""
        return float(wall_distance(self.polygons, _point("point", point), float(max_radius)))

    def random_point(self, rng: np.random.Generator, island: int | None = None) -> Point:
        """A point drawn evenly over the walkable area, or over one island of it.

        Raises:
            BadInput: there is no such island.
        """
        areas = self._areas
        if island is not None:
            areas = np.where(self.polygons.islands[self._owner] == island, areas, 0.0)
        if not areas.sum():
            raise BadInput("island", island, f"0 to {self.num_islands - 1}")
        triangle = self._triangles[rng.choice(len(areas), p=areas / areas.sum())]
        a, b = rng.random(2)
        if a + b > 1.0:
            a, b = 1.0 - a, 1.0 - b
        place = triangle[0] + a * (triangle[1] - triangle[0]) + b * (triangle[2] - triangle[0])
        return np.asarray(place, np.float64)

    def topdown(
        self, height: float, metres_per_pixel: float = 0.05, max_y_delta: float = 0.5
    ) -> NDArray[np.bool_]:
        """Which points at `height` are navigable: (rows, columns), rows along z, columns along x,
        both from the lowest bounds."""
        low, high = self.bounds
        columns, rows = (int((high[i] - low[i]) / metres_per_pixel) for i in (0, 2))
        return standing_grid(
            self.polygons, low[0], low[2], rows, columns, metres_per_pixel, height, max_y_delta
        )


def _fans(
    corners: NDArray[np.int32], sizes: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Every polygon as triangles around its first corner: (T, 3) and where each begins (P + 1,)."""
    fans = [
        (row[0], row[i], row[i + 1])
        for row, n in zip(corners, sizes, strict=True)
        for i in range(1, n - 1)
    ]
    return np.array(fans, np.int32).reshape(-1, 3), np.cumsum([0, *(sizes - 2)], dtype=np.int32)


def _bounds(given: ArrayLike) -> tuple[Point, Point]:
    """Boxes (n, 6) or one pair (2, 3) -> lowest and highest x, y, z, (3,) each."""
    corners = np.asarray(given, np.float64).reshape(-1, 2, 3)
    low, high = corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise BadInput("bounds", (low.tolist(), high.tolist()), "lowest, then highest x, y, z")
    return low, high


def _boxes(
    points: NDArray[np.float64],
    corners: NDArray[np.int32],
    surface: NDArray[np.int32],
    surface_start: NDArray[np.int32],
) -> NDArray[np.float64]:
    boxes = np.empty((len(corners), 6))
    for p, row in enumerate(corners):
        own = surface[surface_start[p] : surface_start[p + 1]].ravel()
        places = points[np.concatenate([row[row >= 0], own])]
        boxes[p, :3], boxes[p, 3:] = places.min(axis=0), places.max(axis=0)
    return boxes
