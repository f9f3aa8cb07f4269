"""The door between a PointNav environment and what simulates it: ours, or habitat-sim."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.actuation import Point, Pose


class Pathfinder(Protocol):
    """Where one can stand and walk; points (3,) in metres (habitat_pointnav.md §4)."""

    def is_navigable(self, point: Point, max_y_delta: float = 0.5) -> bool: ...
    def snap(self, point: Point) -> Point | None:
        """The nearest place to stand, None if there is none around."""
        ...

    def island_radius(self, point: Point) -> float: ...
    def geodesic(self, start: Point, ends: Any) -> float:
        """Metres to the nearest of the ends (3,) or (n, 3), infinite if out of reach."""
        ...

    def path(self, start: Point, end: Point) -> Any:
        """Something with `points` (n, 3), none if out of reach."""
        ...

    def distance_to_wall(self, point: Point, max_radius: float = 2.0) -> float: ...
    def random_point(self, rng: np.random.Generator) -> Point: ...
    def triangles(self) -> NDArray:
        """(T, 3, 3) corners of where one can stand."""
        ...


class Simulator(Protocol):
    """One agent in one scene. Calls come in the order load, begin, then all others."""

    @property
    def pathfinder(self) -> Pathfinder:
        """Of the scene that is loaded."""
        ...

    @property
    def pose(self) -> Pose: ...
    def load(self, scene_id: str) -> None:
        """Make a scene the present one; cheap if it is already."""
        ...

    def begin(self, start: Pose, seed: int) -> None:
        """Place the agent; `seed` decides about the noise of all moves that follow."""
        ...

    def act(self, action: int) -> bool:
        """Carry out forward, left or right. Returns whether something was in the way."""
        ...

    def observe(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Colours (H, W, 3), and depth (H, W) in metres, 0 where nothing is."""
        ...

    def oracle_action(self, goal: Point) -> int:
        """What the greedy follower would do now; stop where it knows no way."""
        ...

    def close(self) -> None: ...
