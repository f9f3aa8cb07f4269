"""What a PointNav task fixes: cameras, body, steps, success (habitat_pointnav.md §6)."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from uio2_agent.errors import BadSetting, UnknownName

RGB, DEPTH = "rgb", "depth"
POINTGOAL, POINTGOAL_NOW = "pointgoal", "pointgoal_with_gps_compass"
GPS, COMPASS, HEADING, PROXIMITY = "gps", "compass", "heading", "proximity"
SENSORS = (RGB, DEPTH, POINTGOAL, POINTGOAL_NOW, GPS, COMPASS, HEADING, PROXIMITY)

MOST_PIXELS = 4096  # a side


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of PointNav; lengths in metres.

    Attributes:
        size: Height and width of both cameras' pictures, pixels.
        hfov: Horizontal field of view, degrees.
        camera_height: Of both cameras above the agent's base.
        camera_pitch: Degrees, negative looks down.
        depth_range: What the depth camera can tell apart; mapped to [0, 1].
        agent_radius: Of the body that must fit, decides about the navmesh.
        agent_height: Likewise.
        forward: Length of a step.
        turn: Degrees of a turn.
        sliding: A step into a wall goes on along it.
        success_radius: The goal counts as reached strictly below this distance.
        oracle_radius: The oracle stops below this one.
        max_steps: The episode is cut short after so many.
        sensors: Which of `SENSORS` are observed if nothing else is said.
        noise: Cameras and wheels are those of a LoCoBot, and err.
        depth_distortion: Of its depth camera, as of `noise.read_distortion`.

    Raises:
        BadSetting: A size, an angle or a length that cannot be.
        UnknownName: No such sensor.
    """

    size: tuple[int, int] = (256, 256)
    hfov: float = 90.0
    camera_height: float = 1.25
    camera_pitch: float = 0.0
    depth_range: tuple[float, float] = (0.0, 10.0)
    agent_radius: float = 0.1
    agent_height: float = 1.5
    forward: float = 0.25
    turn: float = 10.0
    sliding: bool = True
    success_radius: float = 0.2
    oracle_radius: float = 0.2
    max_steps: int = 500
    sensors: tuple[str, ...] = (RGB, DEPTH, POINTGOAL_NOW)
    noise: bool = False
    depth_distortion: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.size) != 2 or not all(_whole(n) and n <= MOST_PIXELS for n in self.size):
            want = f"[height, width] in whole pixels, 1 to {MOST_PIXELS}"
            raise BadSetting("size", self.size, want)
        if not 0 < self.hfov < 180:
            raise BadSetting("hfov", self.hfov, "degrees between 0 and 180")
        low, high = self.depth_range
        if not 0 <= low < high:
            raise BadSetting("depth_range", self.depth_range, "0 <= nearest < farthest")
        for name in ("agent_radius", "agent_height", "forward", "success_radius", "oracle_radius"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise BadSetting(name, value, "metres above 0")
        if not 0 < self.turn <= 180:
            raise BadSetting("turn", self.turn, "degrees above 0, at most 180")
        if not _whole(self.max_steps):
            raise BadSetting("max_steps", self.max_steps, "a whole number, at least 1")
        if not self.sensors:
            raise BadSetting("sensors", self.sensors, f"at least one of {', '.join(SENSORS)}")
        for name in self.sensors:
            if name not in SENSORS:
                raise UnknownName("sensor", name, SENSORS)
        if len(set(self.sensors)) < len(self.sensors):
            raise BadSetting("sensors", self.sensors, "each one once")
        if self.depth_distortion is not None and not self.noise:
            raise BadSetting(
                "depth_distortion", "given", "none without noise; pass noise=true, too"
            )

    @property
    def turn_radians(self) -> float:
        return math.radians(self.turn)


TASKS = {
    "v1": Task(),
    # The robot and cameras of the 2021 challenge; that of 2020 looked straight ahead.
    "v2": Task(
        size=(360, 640),
        hfov=70.0,
        camera_height=0.88,
        camera_pitch=-20.0,
        depth_range=(0.1, 10.0),
        agent_radius=0.18,
        agent_height=0.88,
        turn=30.0,
        sliding=False,
        success_radius=0.36,
        oracle_radius=0.324,
        sensors=(RGB, DEPTH, POINTGOAL),
        noise=True,
    ),
}


def named_task(name: str, **changes: object) -> Task:
    """The task of that name, with fields replaced by those of `changes` that are not None.

    Raises:
        UnknownName: No such task, or no such sensor.
        BadSetting: A change that cannot be.
    """
    if name not in TASKS:
        raise UnknownName("PointNav task", name, TASKS)
    wanted = {field: value for field, value in changes.items() if value is not None}
    return replace(TASKS[name], **wanted)  # type: ignore[arg-type]
