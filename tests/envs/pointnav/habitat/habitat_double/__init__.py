"""A double of habitat-sim, which cannot be a dependency of tests.

`FakeHabitatSim` has the shape of the module's API as of 0.3.4, or of 0.2.5: the names, signatures
and types that its bindings take and refuse (a vector of whole numbers, a field that is not there),
and the traps of habitat_pointnav.md §2. Inside are our navmesh, follower and renderer, so it says
nothing about habitat-sim's own answers: `test_init.py` asks the real one where it is installed.
"""

import contextlib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from habitat_double.bindings import (  # type: ignore[import-not-found]
    NUMBER,
    FakeActionSpec,
    FakeActuationSpec,
    FakeAgentConfiguration,
    FakeAgentState,
    FakeCamera,
    FakeConfiguration,
    FakeMultiGoalPath,
    FakeNavMeshSettings,
    FakePath,
    FakePathfinder,
    FakeSettings,
    Quaternion,
    SensorSubType,
    SensorType,
    Vector3,
    of_type,
    vector,
)
from uio2_agent.envs.pointnav.actuation import Motion, Pose, move
from uio2_agent.envs.pointnav.camera import sensor_pose
from uio2_agent.envs.pointnav.follower import GreedyFollower
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.errors import BadScene, GoalUnreachable

GOLDEN = Path(__file__).parents[4] / "golden" / "pointnav"
BODIES = {0.1: "v1", 0.18: "v2"}  # agent radius -> task


class GreedyFollowerError(RuntimeError):
    pass


class FakeAgent:
    """Agent; `acted` is for the tests."""

    __slots__ = ("acted", "agent_config", "alive", "pose", "sim")

    def __init__(self, sim: Any, config: FakeAgentConfiguration) -> None:
        self.sim, self.agent_config, self.alive = sim, config, True
        self.acted: list[str] = []
        # Somewhere else than any episode begins.
        self.pose = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

    def act(self, action_id: Any) -> bool:
        assert self.alive, "its node is gone"
        assert action_id in self.agent_config.action_space, f"No action {action_id}"
        self.acted.append(action_id)
        action = self.agent_config.action_space[action_id]
        amount = action.actuation.amount  # type: ignore[union-attr]
        motion = {
            "move_forward": Motion(forward=amount),
            "turn_left": Motion(turn=np.radians(amount)),
            "turn_right": Motion(turn=-np.radians(amount)),
        }[action.name]
        sliding = self.sim.config.sim_cfg.allow_sliding
        walls = self.sim.pathfinder.navmesh or SimpleNamespace(try_step=lambda s, e, slide: e)
        pose, collided = move(walls, self.pose, motion, sliding)
        place = np.array(pose.position, np.float32).astype(np.float64)
        self.pose = Pose(place, pose.rotation * (1 + 1e-7))  # turns drift
        return collided

    def get_state(self) -> FakeAgentState:
        assert self.alive, "its node is gone"
        x, y, z, w = (float(part) for part in self.pose.rotation)
        return FakeAgentState(self.pose.position.astype(np.float32), Quaternion(w, x, y, z))

    def set_state(
        self,
        state: Any,
        reset_sensors: bool = True,
        infer_sensor_states: bool = True,
        is_initial: bool = False,
    ) -> None:
        assert self.alive, "its node is gone"
        self.pose = Pose(vector(state.position), of_type(FakeAgentState)(state).coefficients())


class FakeFollower:
    """GreedyGeodesicFollower; `resets` is for the tests."""

    def __init__(self, sim: Any, agent: FakeAgent, goal_radius: float, stop_key: Any) -> None:
        space = {spec.name: (key, spec) for key, spec in agent.agent_config.action_space.items()}
        names = {"forward": "move_forward", "left": "turn_left", "right": "turn_right"}
        self.keys = {"stop": stop_key} | {ours: space[its][0] for ours, its in names.items()}
        self.agent, self.resets = agent, 0
        self.follower = GreedyFollower(
            sim.pathfinder.navmesh,
            forward=space["move_forward"][1].actuation.amount,
            turn_degrees=space["turn_left"][1].actuation.amount,
            goal_radius=NUMBER(goal_radius),
            sliding=sim.config.sim_cfg.allow_sliding,
        )

    def next_action_along(self, goal_pos: Any) -> Any:
        assert self.agent.alive, "its node is gone"
        pose, goal = self.agent.pose, vector(goal_pos)
        try:
            return self.keys[self.follower.next_action(pose.position, pose.yaw, goal)]
        except GoalUnreachable as problem:
            raise GreedyFollowerError() from problem

    def reset(self) -> None:
        self.resets += 1
        self.follower.reset()


class FakeSimulator:
    """Simulator. Of the process that it would end, the tests see an AssertionError.

    Attributes:
        loads: Files of scenes in the order in which they came.
        computed: How many navmeshes.
        handles: By which names it knows scenes; kept until it is closed.
    """

    config: Any
    draws: bool
    pathfinder: FakePathfinder
    _scene: Any
    _renderer: SceneRenderer | None
    _buffers: dict[str, np.ndarray]

    def __init__(self, fake: "FakeHabitatSim", config: FakeConfiguration) -> None:
        self.fake, self.closed = fake, False
        self.loads: list[str] = []
        self.handles: list[str] = []
        self.agents: list[FakeAgent] = []
        self.computed = 0
        fake.simulators.append(self)
        try:
            self._set(config)
        except AssertionError:
            self.closed = True  # what a constructor throws ends all that it made
            raise
        self.config = config

    def reconfigure(self, config: FakeConfiguration) -> None:
        assert not self.closed
        if config != self.config:
            self._set(config)
            self.config = config

    def close(self, destroy: bool = True) -> None:
        self.closed = True
        self._leave()

    def get_agent(self, agent_id: int) -> FakeAgent:
        return self.agents[agent_id]

    def make_greedy_follower(
        self,
        agent_id: int | None = None,
        goal_radius: float | None = None,
        *,
        stop_key: Any = None,
        forward_key: Any = None,
        left_key: Any = None,
        right_key: Any = None,
        fix_thrashing: bool = True,
        thrashing_threshold: int = 16,
    ) -> FakeFollower:
        assert goal_radius is not None and {forward_key, left_key, right_key} == {None}
        return FakeFollower(self, self.agents[agent_id or 0], goal_radius, stop_key)

    def get_sensor_observations(self, agent_ids: int = 0) -> dict[str, np.ndarray]:
        agent, seen = self.agents[agent_ids], {}
        for camera in agent.agent_config.sensor_specifications:
            height, width = camera.resolution
            rgb, depth = np.zeros((height, width, 3)), np.zeros((height, width))
            if self._scene is not None:
                if self._renderer is None:
                    self._renderer = SceneRenderer(self._scene, height, width, camera.hfov)
                where = agent.pose.position, agent.pose.rotation
                eye = sensor_pose(*where, camera.position[1], camera.orientation[0])
                rgb, depth = self._renderer.render(*eye)
            if camera.sensor_type is SensorType.COLOR:
                drawn = np.dstack([rgb, np.full((height, width), 255)]).astype(np.uint8)
            else:
                drawn = depth.astype(np.float32)
            buffer = self._buffers.setdefault(camera.uuid, np.empty_like(drawn))
            buffer[...] = drawn[::-1]
            seen[camera.uuid] = np.flip(buffer, axis=0)  # a view, drawn over next time
        return seen

    def _leave(self) -> None:
        """The scene, with the nodes of its agents."""
        for agent in self.agents:
            agent.alive = False
        self.agents, self._scene, self._renderer = [], None, None
        self._buffers = {}

    def _set(self, config: FakeConfiguration) -> None:
        settings, cameras = config.sim_cfg, config.agents[0].sensor_specifications
        settings.create_renderer = bool(cameras)
        settings.requires_textures = any(c.sensor_type is SensorType.COLOR for c in cameras)
        if settings.create_renderer:
            others = [s for s in self.fake.simulators if s is not self and not s.closed]
            assert not any(s.draws for s in others), "no current context"
            assert settings.gpu_device_id in self.fake.gpus, "exit code 1"
        self.draws = settings.create_renderer
        self._leave()
        self.pathfinder = FakePathfinder(None, self.fake.give)
        if settings.scene_id != "NONE":
            self._load(settings)
        self.agents = [FakeAgent(self, agent) for agent in config.agents]

    def _load(self, settings: Any) -> None:
        wanted = settings.scene_id
        known = sorted(h for h in self.handles if wanted.lower() in h.lower())
        if not known:
            self.handles.append(wanted)
        path = known[0] if known else wanted
        try:
            scene = load_scene(path)
        except BadScene as problem:
            # ESP_CHECK; it is half of what it was now.
            raise AssertionError(f"ESP_CHECK failed: Cannot load stage :{path}") from problem
        self.loads.append(path)
        self._scene = scene
        self.pathfinder = FakePathfinder(self._find_navmesh(path, settings), self.fake.give)

    def _find_navmesh(self, path: str, settings: Any) -> NavMesh | None:
        beside, wanted = Path(path).with_suffix(".navmesh"), settings.navmesh_settings
        # One with a stage config names its navmesh there, or has none.
        configured = Path(path).with_suffix(".stage_config.json").is_file()
        found: Any = None
        if beside.exists() and not configured:
            with contextlib.suppress(BadScene):
                found = read_navmesh(beside)
        if wanted is None or (found and FakePathfinder(found).nav_mesh_settings == wanted):
            return found
        self.computed += 1
        if self.fake.no_room:
            return found
        return read_navmesh(GOLDEN / f"two_rooms_{BODIES[wanted.agent_radius]}.navmesh")


class FakeHabitatSim(ModuleType):
    """The module.

    Args:
        release: "0.3.4" or "0.2.5".

    Attributes:
        simulators: All that were made.
        gpus: Where it could draw.
        no_room: Scenes have no place to stand.
    """

    def __init__(self, release: str = "0.3.4") -> None:
        super().__init__("habitat_sim")
        self.give = {"0.3.4": Vector3, "0.2.5": lambda v: np.array(v, np.float32)}[release]
        self.simulators: list[FakeSimulator] = []
        self.gpus = {-1}
        self.no_room = False
        self.SensorType, self.SensorSubType = SensorType, SensorSubType
        self.errors = SimpleNamespace(GreedyFollowerError=GreedyFollowerError)
        self.SimulatorConfiguration, self.CameraSensorSpec = FakeSettings, FakeCamera
        self.ShortestPath, self.MultiGoalShortestPath = FakePath, FakeMultiGoalPath
        self.AgentState, self.AgentConfiguration = FakeAgentState, FakeAgentConfiguration
        self.ActionSpec, self.ActuationSpec = FakeActionSpec, FakeActuationSpec
        self.NavMeshSettings, self.PathFinder = FakeNavMeshSettings, FakePathfinder
        self.Configuration = FakeConfiguration

    def Simulator(self, config: FakeConfiguration) -> FakeSimulator:  # noqa: N802
        return FakeSimulator(self, config)
