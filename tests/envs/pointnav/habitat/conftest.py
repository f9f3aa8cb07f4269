"""A double in the place of habitat-sim, which cannot be a dependency of tests.

`FakeHabitatSim` has the shape of the module's API and the traps that habitat_pointnav.md §2 tells
of. Inside are our navmesh, follower and renderer, so it says nothing about habitat-sim's own
answers: `test_init.py` asks the real one where it is installed.
"""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from uio2_agent.envs.pointnav import actuation
from uio2_agent.envs.pointnav.actuation import Motion, Pose, move
from uio2_agent.envs.pointnav.camera import sensor_pose
from uio2_agent.envs.pointnav.follower import GreedyFollower
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.habitat import gpu_probe
from uio2_agent.envs.pointnav.habitat import simulator as adapter
from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.errors import GoalUnreachable

GOLDEN = Path(__file__).parents[3] / "golden" / "pointnav"
BODIES = {0.1: "v1", 0.18: "v2"}  # agent radius -> task


class GreedyFollowerError(RuntimeError):
    pass


def vector(values: Any) -> np.ndarray:
    """What a function of the bindings takes for a vector."""
    if isinstance(values, (list, tuple)) and not all(isinstance(v, float) for v in values):
        raise TypeError(f"incompatible function arguments: {values}")
    if isinstance(values, np.ndarray) and values.dtype.kind != "f":
        raise TypeError(f"incompatible function arguments: {values!r}")
    return np.array(values, np.float32).astype(np.float64)


def given(point: Any) -> tuple[float, ...]:
    """As a vector of the bindings: single precision."""
    return tuple(float(np.float32(v)) for v in point)


class FakeSettings:
    """SimulatorConfiguration: refuses fields that it has not."""

    def __init__(self) -> None:
        self.__dict__.update(
            scene_id="",
            scene_dataset_config_file="default",
            gpu_device_id=0,
            allow_sliding=True,
            random_seed=0,
            enable_physics=False,
            load_semantic_mesh=True,
            requires_textures=True,
            create_renderer=True,
            frustum_culling=True,
            navmesh_settings=None,
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dict__:
            raise AttributeError(name)
        self.__dict__[name] = value


class FakeCamera:
    """CameraSensorSpec."""

    def __init__(self) -> None:
        self.uuid, self.sensor_type, self.sensor_subtype = "", None, None
        self.resolution, self.hfov = [128, 128], 90.0
        self._position, self._orientation = np.array([0, 1.5, 0]), np.zeros(3)
        self.near, self.far = 0.01, 1000.0

    position = property(
        lambda self: self._position, lambda self, v: setattr(self, "_position", vector(v))
    )
    orientation = property(
        lambda self: self._orientation, lambda self, v: setattr(self, "_orientation", vector(v))
    )


class FakePathfinder:
    def __init__(self, navmesh: NavMesh | None) -> None:
        self.navmesh: Any = navmesh
        self.is_loaded = navmesh is not None

    @property
    def nav_mesh_settings(self) -> Any:
        return self.navmesh.settings if self.navmesh else None

    @property
    def navigable_area(self) -> float:
        return self.navmesh.area

    def is_navigable(self, pt: Any, max_y_delta: float = 0.5) -> bool:
        return self.navmesh.is_navigable(vector(pt), max_y_delta)

    def snap_point(self, point: Any) -> tuple[float, ...]:
        place = self.navmesh.snap(vector(point))
        return (float("nan"),) * 3 if place is None else given(place)

    def island_radius(self, pt: Any) -> float:
        return self.navmesh.island_radius(vector(pt))

    def find_path(self, search: Any) -> bool:
        ends = getattr(search, "requested_ends", None)
        ends = [search.requested_end] if ends is None else list(ends)
        way = self.navmesh.path(vector(search.requested_start), [vector(end) for end in ends])
        search.geodesic_distance = float(np.float32(way.distance))
        search.points = [given(point) for point in way.points]
        return bool(len(way.points))

    def try_step(self, start: Any, end: Any) -> tuple[float, ...]:
        return given(self.navmesh.try_step(vector(start), vector(end), sliding=True))

    def try_step_no_sliding(self, start: Any, end: Any) -> tuple[float, ...]:
        return given(self.navmesh.try_step(vector(start), vector(end), sliding=False))

    def distance_to_closest_obstacle(self, pt: Any, max_search_radius: float = 2.0) -> float:
        return self.navmesh.distance_to_wall(vector(pt), max_search_radius)

    def build_navmesh_vertices(self) -> list[tuple[float, ...]]:
        return [given(corner) for corner in self.navmesh.triangles().reshape(-1, 3)]


class FakeAgent:
    def __init__(self, sim: Any, config: Any) -> None:
        self.sim, self.config = sim, config
        self.acted: list[str] = []
        # Somewhere else than any episode begins.
        self.pose = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

    def act(self, key: str) -> bool:
        self.acted.append(key)
        action = self.config.action_space[key]  # "stop" raises
        amount = action.actuation.amount
        motion = {
            "move_forward": Motion(forward=amount),
            "turn_left": Motion(turn=np.radians(amount)),
            "turn_right": Motion(turn=-np.radians(amount)),
        }[action.name]
        sliding = self.sim.config.sim_cfg.allow_sliding
        walls = self.sim.pathfinder.navmesh or SimpleNamespace(try_step=lambda s, e, slide: e)
        pose, collided = move(walls, self.pose, motion, sliding)
        self.pose = Pose(vector(given(pose.position)), pose.rotation * (1 + 1e-7))  # turns drift
        return collided

    def get_state(self) -> Any:
        x, y, z, w = self.pose.rotation
        rotation = SimpleNamespace(x=x, y=y, z=z, w=w)
        return SimpleNamespace(position=self.pose.position.astype(np.float32), rotation=rotation)

    def set_state(self, state: Any, is_initial: bool = False) -> None:
        assert abs(np.linalg.norm(state.rotation) - 1) < 1e-4
        self.pose = Pose(vector(state.position), np.array(state.rotation, np.float64))


class FakeFollower:
    def __init__(self, sim: Any, agent: FakeAgent, goal_radius: float, stop_key: Any) -> None:
        space = {spec.name: (key, spec) for key, spec in agent.config.action_space.items()}
        self.keys = {
            "stop": stop_key,
            "forward": space["move_forward"][0],
            "left": space["turn_left"][0],
            "right": space["turn_right"][0],
        }
        self.agent, self.resets = agent, 0
        self.follower = GreedyFollower(
            sim.pathfinder.navmesh,
            forward=space["move_forward"][1].actuation.amount,
            turn_degrees=space["turn_left"][1].actuation.amount,
            goal_radius=goal_radius,
            sliding=sim.config.sim_cfg.allow_sliding,
        )

    def next_action_along(self, goal: Any) -> Any:
        pose = self.agent.pose
        try:
            return self.keys[self.follower.next_action(pose.position, pose.yaw, vector(goal))]
        except GoalUnreachable as problem:
            raise GreedyFollowerError() from problem

    def reset(self) -> None:
        self.resets += 1
        self.follower.reset()


class FakeSimulator:
    """Of the process that it would end, the tests see an AssertionError.

    Attributes:
        loads: Files of scenes in the order in which they came.
        computed: How many navmeshes.
    """

    config: Any
    agents: list[FakeAgent]
    _scene: Any
    _renderer: SceneRenderer | None
    _buffer: Any

    def __init__(self, fake: "FakeHabitatSim", config: Any) -> None:
        self.fake, self.closed = fake, False
        self.loads: list[str] = []
        self.computed = 0
        fake.simulators.append(self)
        self._set(config)

    def reconfigure(self, config: Any) -> None:
        assert not self.closed
        if config is not self.config:  # a changed old one is the same to it
            self._set(config)

    def close(self) -> None:
        self.closed = True

    def get_agent(self, agent_id: int) -> FakeAgent:
        return self.agents[agent_id]

    def make_greedy_follower(
        self, agent_id: int, goal_radius: float, *, stop_key: Any = None
    ) -> FakeFollower:
        return FakeFollower(self, self.agents[agent_id], goal_radius, stop_key)

    def get_sensor_observations(self) -> dict[str, np.ndarray]:
        pose, seen = self.agents[0].pose, {}
        for camera in self.config.agents[0].sensor_specifications:
            height, width = camera.resolution
            if self._renderer is None:
                self._renderer = SceneRenderer(self._scene, height, width, camera.hfov)
            eye = sensor_pose(
                pose.position, pose.rotation, camera.position[1], camera.orientation[0]
            )
            rgb, depth = self._renderer.render(*eye)
            if camera.sensor_type == "depth":
                self._buffer[...] = depth[::-1]
                seen[camera.uuid] = np.flip(self._buffer, axis=0)  # a view, drawn over next time
            else:
                alpha = np.full((height, width, 1), 255, np.uint8)
                seen[camera.uuid] = np.concatenate([rgb, alpha], axis=2)
        return seen

    def _set(self, config: Any) -> None:
        settings, cameras = config.sim_cfg, config.agents[0].sensor_specifications
        settings.create_renderer = bool(cameras)
        if settings.create_renderer:
            others = [s for s in self.fake.simulators if s is not self and not s.closed]
            assert not any(s.config.sim_cfg.create_renderer for s in others), "no current context"
            assert settings.gpu_device_id in self.fake.gpus, "exit code 1"
        self.config = config
        if settings.scene_id == "NONE":
            return
        assert Path(settings.scene_id).is_file(), "stage not found. Aborting"
        self.loads.append(settings.scene_id)
        self.pathfinder = FakePathfinder(self._find_navmesh(settings))
        self.agents = [FakeAgent(self, config.agents[0])]
        self._scene, self._renderer = load_scene(settings.scene_id), None
        self._buffer = np.zeros(cameras[0].resolution, np.float32) if cameras else None

    def _find_navmesh(self, settings: Any) -> NavMesh | None:
        beside, wanted = Path(settings.scene_id).with_suffix(".navmesh"), settings.navmesh_settings
        found: Any = read_navmesh(beside) if beside.exists() else None
        if wanted is None:
            return found
        body = (wanted.agent_radius, wanted.agent_height)
        if found is not None and np.allclose(
            body, (found.settings.agent_radius, found.settings.agent_height)
        ):
            return found
        self.computed += 1
        if self.fake.no_room:
            return None
        return read_navmesh(GOLDEN / f"two_rooms_{BODIES[wanted.agent_radius]}.navmesh")


class FakeHabitatSim(ModuleType):
    """The module.

    Attributes:
        simulators: All that were made.
        gpus: Where it could draw.
        no_room: Scenes have no place to stand.
    """

    def __init__(self) -> None:
        super().__init__("habitat_sim")
        self.simulators: list[FakeSimulator] = []
        self.gpus = {-1}
        self.no_room = False
        self.SensorType = SimpleNamespace(COLOR="color", DEPTH="depth")
        self.SensorSubType = SimpleNamespace(PINHOLE="pinhole")
        self.errors = SimpleNamespace(GreedyFollowerError=GreedyFollowerError)
        self.SimulatorConfiguration, self.CameraSensorSpec = FakeSettings, FakeCamera
        self.AgentState = self.ShortestPath = self.MultiGoalShortestPath = SimpleNamespace
        self.ActionSpec = lambda name, actuation: SimpleNamespace(name=name, actuation=actuation)
        self.ActuationSpec = self.AgentConfiguration = SimpleNamespace
        self.NavMeshSettings = lambda: SimpleNamespace(set_defaults=lambda: None)
        self.Configuration = lambda sim_cfg, agents: SimpleNamespace(sim_cfg=sim_cfg, agents=agents)
        self.Simulator = lambda config: FakeSimulator(self, config)
        self.PathFinder = FakePathfinder


@pytest.fixture
def fake(monkeypatch) -> FakeHabitatSim:
    """The double where `habitat_sim` would be, on a machine without an NVIDIA GPU."""
    double = FakeHabitatSim()
    monkeypatch.setitem(sys.modules, "habitat_sim", double)
    monkeypatch.setattr(
        gpu_probe, "why_not", lambda gpu: None if gpu in double.gpus else "exit code 1"
    )
    monkeypatch.setattr(adapter, "_rendering", None)
    return double


@pytest.fixture
def start() -> Pose:
    """In the left room, looking along -z."""
    return Pose(np.array([-3.0, 0.2, 2.0]), actuation.yaw_rotation(0.0))
