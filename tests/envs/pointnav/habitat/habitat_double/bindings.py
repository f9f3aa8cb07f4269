"""What the bindings are made of: vectors, records with checked fields, the pathfinder."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

import numpy as np

from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.errors import BadScene


class Vector3:
    """Of magnum: three float32, which numpy reads as an array."""

    __slots__ = ("_values",)

    def __init__(self, values: Any) -> None:
        self._values = np.array(values, np.float32)

    def __getitem__(self, index: int) -> float:
        return float(self._values[index])

    def __len__(self) -> int:
        return 3

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self._values, dtype)


def vector(values: Any) -> np.ndarray:
    """What the bindings take for a vector, float64 (3,) of single precision; else TypeError."""
    if isinstance(values, np.ndarray):
        good = values.shape == (3,) and values.dtype in (np.float32, np.float64)
    elif isinstance(values, (list, tuple)):
        good = len(values) == 3 and all(isinstance(v, float) for v in values)
    else:
        good = isinstance(values, Vector3)
    if not good:
        raise TypeError(f"incompatible function arguments: {values!r}")
    return np.array(values, np.float32).astype(np.float64)


def of_type(*kinds: type) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise TypeError(f"incompatible function arguments: {value!r}, wants {kinds}")
        return value

    return checked


def pixels(value: Any) -> list[int]:
    return [of_type(int)(part) for part in of_type(list, tuple)(value)]


def vectors(value: Any) -> list[np.ndarray]:
    return [vector(part) for part in of_type(list, tuple, np.ndarray)(value)]


TEXT, WHOLE, TRUTH, NUMBER = of_type(str), of_type(int), of_type(bool), of_type(int, float)


def bound(name: str, **slots: tuple[Any, Callable[[Any], Any]]) -> type:
    """A class of the bindings: fields with defaults and checked types, no others."""

    def init(self: Any) -> None:
        self._values = {key: default for key, (default, _) in slots.items()}

    def accessor(key: str, check: Callable[[Any], Any]) -> property:
        def write(self: Any, value: Any) -> None:
            self._values[key] = check(value)

        return property(lambda self: self._values[key], write)

    members: dict[str, Any] = {key: accessor(key, check) for key, (_, check) in slots.items()}
    members |= {"__slots__": ("_values",), "__init__": init, "__hash__": None}
    members["__eq__"] = lambda self, other: all(
        np.array_equal(value, other._values[key]) for key, value in self._values.items()
    )
    return type(name, (), members)


SensorType = Enum("SensorType", "NONE CUSTOM COLOR DEPTH SEMANTIC AUDIO")
SensorSubType = Enum("SensorSubType", "NONE CUSTOM PINHOLE ORTHOGRAPHIC FISHEYE EQUIRECTANGULAR")

FakeNavMeshSettings: Any = bound(
    "NavMeshSettings",
    **{
        f.name: (f.default, TRUTH if isinstance(f.default, bool) else NUMBER)
        for f in fields(NavMeshSettings)
    },
)
FakeNavMeshSettings.set_defaults = lambda self: self.__init__()

# Compared as the real one is: the settings of the navmesh by what they are, not by their numbers.
FakeSettings: Any = bound(
    "SimulatorConfiguration",
    scene_id=("", TEXT),
    scene_dataset_config_file=("default", TEXT),
    default_agent_id=(0, WHOLE),
    gpu_device_id=(0, WHOLE),
    allow_sliding=(True, TRUTH),
    random_seed=(0, WHOLE),
    enable_physics=(False, TRUTH),
    load_semantic_mesh=(True, TRUTH),
    requires_textures=(True, TRUTH),
    create_renderer=(True, TRUTH),
    frustum_culling=(True, TRUTH),
    navmesh_settings=(None, of_type(FakeNavMeshSettings, type(None))),
)
FakeSettings.__eq__ = lambda self, other: all(
    value is other._values[key] if key == "navmesh_settings" else value == other._values[key]
    for key, value in self._values.items()
)
FakeCamera: Any = bound(
    "CameraSensorSpec",
    uuid=("rgba_camera", TEXT),
    sensor_type=(SensorType.COLOR, of_type(SensorType)),
    sensor_subtype=(SensorSubType.PINHOLE, of_type(SensorSubType)),
    resolution=([128, 128], pixels),
    position=(np.array([0.0, 1.5, 0.0]), vector),
    orientation=(np.zeros(3), vector),
    hfov=(90.0, NUMBER),
    near=(0.01, NUMBER),
    far=(1000.0, NUMBER),
    noise_model=("None", TEXT),
)
_FOUND = {"points": ([], list), "geodesic_distance": (0.0, NUMBER)}
_START = {"requested_start": (np.zeros(3), vector)}
FakePath: Any = bound("ShortestPath", **_START, requested_end=(np.zeros(3), vector), **_FOUND)
FakeMultiGoalPath: Any = bound(
    "MultiGoalShortestPath",
    **_START,
    requested_ends=([], vectors),
    closest_end_point_index=(0, WHOLE),
    **_FOUND,
)


@dataclass(slots=True)
class Quaternion:
    """Of numpy-quaternion: w first."""

    w: float = 1.0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass(slots=True)
class FakeAgentState:
    position: Any = field(default_factory=lambda: np.zeros(3))
    rotation: Any = field(default_factory=Quaternion)
    sensor_states: dict[str, Any] = field(default_factory=dict)

    def coefficients(self) -> np.ndarray:
        """[x, y, z, w], which has to be a unit quaternion."""
        if not np.isfinite(self.position).all():
            raise ValueError(f"{self.position} contains non-finite values")
        turned = self.rotation
        if isinstance(turned, Quaternion):
            turned = [turned.x, turned.y, turned.z, turned.w]
        if not np.isclose(np.linalg.norm(turned), 1.0, rtol=1e-4, atol=0):
            raise ValueError(f"{turned} is not a unit length vector")
        return np.array(turned, np.float32).astype(np.float64)


@dataclass(slots=True)
class FakeActuationSpec:
    amount: float
    constraint: float | None = None


@dataclass(slots=True)
class FakeActionSpec:
    name: str
    actuation: FakeActuationSpec | None = None


@dataclass(slots=True)
class FakeAgentConfiguration:
    height: float = 1.5
    radius: float = 0.1
    sensor_specifications: list[Any] = field(default_factory=list)
    action_space: dict[Any, FakeActionSpec] = field(default_factory=dict)
    body_type: str = "cylinder"


@dataclass(slots=True)
class FakeConfiguration:
    sim_cfg: Any
    agents: list[FakeAgentConfiguration]
    metadata_mediator: Any = None
    enable_batch_renderer: bool = False


class FakePathfinder:
    """PathFinder. Vectors come out as magnum's, before 0.3 as arrays."""

    def __init__(self, navmesh: NavMesh | None = None, give: Any = Vector3) -> None:
        self.navmesh: Any = navmesh
        self._give = give

    @property
    def is_loaded(self) -> bool:
        return self.navmesh is not None

    @property
    def nav_mesh_settings(self) -> Any:
        if self.navmesh is None:
            return None
        settings, made_for = FakeNavMeshSettings(), self.navmesh.settings or NavMeshSettings()
        for each in fields(NavMeshSettings):
            setattr(settings, each.name, getattr(made_for, each.name))
        return settings

    @property
    def navigable_area(self) -> float:
        return self.navmesh.area

    def load_nav_mesh(self, path: str) -> bool:
        try:
            self.navmesh = read_navmesh(TEXT(path))
        except BadScene:
            return False
        return True

    def is_navigable(self, pt: Any, max_y_delta: float = 0.5) -> bool:
        return self.navmesh.is_navigable(vector(pt), NUMBER(max_y_delta))

    def snap_point(self, point: Any, island_index: int = -1) -> Any:
        place = self.navmesh.snap(vector(point))
        return self._give([np.nan] * 3 if place is None else place)

    def island_radius(self, pt: Any) -> float:
        return self.navmesh.island_radius(vector(pt))

    def find_path(self, path: Any) -> bool:
        several = isinstance(path, FakeMultiGoalPath)
        if not several and not isinstance(path, FakePath):
            raise TypeError(f"incompatible function arguments: {path}")
        ends = path.requested_ends if several else [path.requested_end]
        way = self.navmesh.path(path.requested_start, ends)
        path.geodesic_distance = float(np.float32(way.distance))
        path.points = [self._give(point) for point in way.points]
        return bool(len(way.points))

    def try_step(self, start: Any, end: Any) -> Any:
        return self._give(self.navmesh.try_step(vector(start), vector(end), sliding=True))

    def try_step_no_sliding(self, start: Any, end: Any) -> Any:
        return self._give(self.navmesh.try_step(vector(start), vector(end), sliding=False))

    def distance_to_closest_obstacle(self, pt: Any, max_search_radius: float = 2.0) -> float:
        return self.navmesh.distance_to_wall(vector(pt), NUMBER(max_search_radius))

    def build_navmesh_vertices(self, island_index: int = -1) -> list[Any]:
        return [self._give(corner) for corner in self.navmesh.triangles().reshape(-1, 3)]
