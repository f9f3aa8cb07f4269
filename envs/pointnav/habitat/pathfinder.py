"""habitat-sim's pathfinder under the names of ours (habitat_pointnav.md §2, §4)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uio2_agent.envs.pointnav.actuation import Point
from uio2_agent.errors import BadInput


@dataclass(frozen=True)
class Way:
    """points (n, 3) metres, none if out of reach; distance in metres, infinite then."""

    points: NDArray[np.float64]
    distance: float


class HabitatPathfinder:
    """Keeps `simulator.Pathfinder` and `actuation.StepFilter`; points are float32 inside.

    Args:
        habitat_sim: The module.
        raw: A `habitat_sim.PathFinder` with a navmesh.
    """

    def __init__(self, habitat_sim: Any, raw: Any) -> None:
        self._habitat_sim, self.raw = habitat_sim, raw
        self._triangles: NDArray[np.float64] | None = None
        self._weights: NDArray[np.float64] | None = None

    @property
    def area(self) -> float:
        """Navigable square metres."""
        return float(self.raw.navigable_area)

    def is_navigable(self, point: ArrayLike, max_y_delta: float = 0.5) -> bool:
        return bool(self.raw.is_navigable(_single(point), float(max_y_delta)))

    def snap(self, point: ArrayLike) -> Point | None:
        place = _double(self.raw.snap_point(_single(point)))
        return place if np.isfinite(place).all() else None

    def island_radius(self, point: ArrayLike) -> float:
        return float(self.raw.island_radius(_single(point)))

    def geodesic(self, start: ArrayLike, ends: ArrayLike) -> float:
        """Metres to the nearest of `ends`, (3,) or (n, 3); infinite if none can be reached."""
        search = self._habitat_sim.MultiGoalShortestPath()
        search.requested_start = _single(start)
        search.requested_ends = [_single(end) for end in np.reshape(ends, (-1, 3))]
        self.raw.find_path(search)
        return float(search.geodesic_distance)

    def path(self, start: ArrayLike, end: ArrayLike) -> Way:
        search = self._habitat_sim.ShortestPath()
        search.requested_start, search.requested_end = _single(start), _single(end)
        self.raw.find_path(search)
        return Way(_rows(search.points), float(search.geodesic_distance))

    def try_step(self, start: ArrayLike, end: ArrayLike, sliding: bool) -> Point:
        step = self.raw.try_step if sliding else self.raw.try_step_no_sliding
        return _double(step(_single(start), _single(end)))

    def distance_to_wall(self, point: ArrayLike, max_radius: float = 2.0) -> float:
        return float(self.raw.distance_to_closest_obstacle(_single(point), float(max_radius)))

    def random_point(self, rng: np.random.Generator) -> Point:
        """Drawn evenly over the walkable area, from our generator: habitat-sim's own is the C
        library's, which everybody in the process shares.

        Raises:
            BadInput: The navmesh has no area.
        """
        triangles, weights = self.triangles(), self._shares()
        while True:
            first, second, third = triangles[rng.choice(len(weights), p=weights)]
            a, b = rng.random(2)
            if a + b > 1.0:
                a, b = 1.0 - a, 1.0 - b
            place = self.snap(first + a * (second - first) + b * (third - first))
            if place is not None:
                return place

    def triangles(self) -> NDArray[np.float64]:
        if self._triangles is None:
            self._triangles = _rows(self.raw.build_navmesh_vertices()).reshape(-1, 3, 3)
        return self._triangles

    def _shares(self) -> NDArray[np.float64]:
        """(T,) of the area, one for each triangle."""
        if self._weights is None:
            sides = self.triangles()[:, 1:] - self.triangles()[:, :1]
            areas = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1)
            if not areas.sum() > 0:
                raise BadInput("the navmesh", "without area", "one with places to stand")
            self._weights = areas / areas.sum()
        return self._weights


def _single(point: ArrayLike) -> NDArray[np.float32]:
    return np.ascontiguousarray(point, np.float32)


def _double(vector: Any) -> Point:
    return np.array(vector, np.float64)


def _rows(vectors: Any) -> NDArray[np.float64]:
    """(n, 3), also for n = 0."""
    return np.array([np.asarray(v, np.float64) for v in vectors], np.float64).reshape(-1, 3)
