"""habitat-sim behind the door of the embedded simulator (habitat_pointnav.md §2).

Written against 0.3.4 and true to releases from 0.2.5 on; what is deprecated is not used. A renderer
belongs to the process: with two of them, closing one ends the process, so the second is refused.
"""

import gc
import os
import tempfile
import traceback
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.actuation import Point, Pose, command, move
from uio2_agent.envs.pointnav.gltf_writer import write_glb
from uio2_agent.envs.pointnav.habitat.configuration import NO_DATASET, configuration
from uio2_agent.envs.pointnav.habitat.gpu_probe import ANY, AUTO, choose_gpu
from uio2_agent.envs.pointnav.habitat.importing import load
from uio2_agent.envs.pointnav.habitat.pathfinder import HabitatPathfinder
from uio2_agent.envs.pointnav.noise import Normals, noisy_motion
from uio2_agent.envs.pointnav.scene_names import is_apartment, open_scene
from uio2_agent.envs.pointnav.task import DEPTH, RGB, Task
from uio2_agent.errors import BadScene, BadSetting, SimulatorBusy, UnknownName
from uio2_agent.interface import MOVES, STOP

COMPUTE, BESIDE = NAVMESHES = ("compute", "beside")

_ACTUATION = 1  # which of an episode's streams of noise, as in the embedded simulator
_AGENT = 0
# It frees no scene that it has shown before it is closed; made-up flats would fill the memory.
_MOST_SCENES = 100
# What its own checks raise in Python: ESP_CHECK, thrown C++ exceptions, checks of a state.
_REFUSALS = (AssertionError, RuntimeError, ValueError)
_STAGE_CONFIG = ".stage_config.json"

_rendering: weakref.finalize | None = None


class HabitatSimulator:
    """One agent in one scene; keeps `simulator.Simulator`.

    Noise of wheels is ours, as in the embedded simulator, so that a seed means the same in both;
    habitat-sim's own would come from a generator that all of the process shares. The greedy
    follower is habitat-sim's.

    Args:
        task: Cameras and body.
        cameras: Which of "rgb" and "depth" are there; pictures of the other are black. Without
            any there is no renderer, hence no need for a GPU and no limit to one per process.
        navmesh: "compute": the one that habitat-sim finds beside the scene if it was made with
            its default settings for the task's body, else it computes one, as habitat-lab has it
            do. "beside": `<scene>.navmesh` or an error.
        gpu: Index, -1, or "auto"; see `gpu_probe.choose_gpu`.
        scene_dataset: A `.scene_dataset_config.json`, if scenes need one.

    Raises:
        MissingDependency: habitat-sim is not there.
        SimulatorBusy: A second one with cameras in this process.
        BadSetting: A GPU that would end this process, or no such `scene_dataset`.
        UnknownName: No such camera, or no such way to get a navmesh.
    """

    _held: "_Held"
    _live: weakref.finalize
    _scene_id: str
    _pose: Pose

    def __init__(
        self,
        task: Task,
        cameras: Collection[str] = (RGB, DEPTH),
        navmesh: str = COMPUTE,
        gpu: int | str = AUTO,
        scene_dataset: str | Path | None = None,
    ) -> None:
        if navmesh not in NAVMESHES:
            raise UnknownName("navmesh", navmesh, NAVMESHES)
        for name in cameras:
            if name not in (RGB, DEPTH):
                raise UnknownName("camera", name, (RGB, DEPTH))
        if scene_dataset is not None and not Path(scene_dataset).is_file():
            raise BadSetting("scene_dataset", scene_dataset, "a .scene_dataset_config.json file")
        self._habitat_sim = load()
        self.task, self.cameras, self._navmesh = task, frozenset(cameras), navmesh
        self._dataset = NO_DATASET if scene_dataset is None else os.path.abspath(scene_dataset)
        self._open()
        try:
            self._gpu = choose_gpu(gpu) if self.cameras else ANY
        except BaseException:
            self.close()
            raise

    @property
    def pathfinder(self) -> HabitatPathfinder:
        return self._pathfinder

    @property
    def pose(self) -> Pose:
        return self._pose

    def load(self, scene_id: str) -> None:
        """Make a scene the present one, in the simulator that is there if there is one.

        Args:
            scene_id: A file that is there (`datasets.find_scene`), or a name of our flats.

        Raises:
            BadScene: habitat-sim cannot load it; or no navmesh: nothing would stop the agent.
            SimulatorBusy: It was closed, and now another one has the process's renderer.
        """
        if scene_id == self._scene_id:
            return
        self._scene_id = ""
        self._held.let_go()
        if is_apartment(scene_id):
            with tempfile.TemporaryDirectory(prefix="uio2-flat-") as folder:
                self._show(_flat(scene_id, folder), scene_id)
        else:
            self._show(os.path.abspath(scene_id), scene_id)
        held = self._held
        self._find_navmesh(scene_id, held.sim.pathfinder)
        self._pathfinder = HabitatPathfinder(self._habitat_sim, held.sim.pathfinder)
        held.agent = held.sim.get_agent(_AGENT)
        held.follower = held.sim.make_greedy_follower(
            _AGENT, self.task.oracle_radius, stop_key=MOVES[STOP]
        )
        self._scene_id = scene_id

    def begin(self, start: Pose, seed: int) -> None:
        self._place(start)
        self._held.follower.reset()
        self._normals = Normals(seed, _ACTUATION)

    def act(self, action: int) -> bool:
        if self.task.noise:
            motion = noisy_motion(command(action, self.task), self._normals)
            reached, collided = move(self._pathfinder, self._pose, motion, self.task.sliding)
            self._place(reached)
            return collided
        collided = bool(self._held.agent.act(MOVES[action]))
        self._pose = self._read_pose()
        return collided

    def observe(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        seen = self._held.sim.get_sensor_observations()
        # Copies: depth is a view of a buffer that the next picture is drawn into.
        if RGB in self.cameras:
            rgb = np.array(seen[RGB][..., :3], np.uint8, order="C")
        else:
            rgb = np.zeros((*self.task.size, 3), np.uint8)
        if DEPTH in self.cameras:
            depth = np.array(seen[DEPTH], np.float32, order="C")
        else:
            depth = np.zeros(self.task.size, np.float32)
        return rgb, depth

    def oracle_action(self, goal: Point) -> int:
        try:
            key = self._held.follower.next_action_along(np.asarray(goal, np.float32))
        except self._habitat_sim.errors.GreedyFollowerError:
            return STOP
        return MOVES.index(key)

    def close(self) -> None:
        """End habitat-sim; the next `load` starts it anew."""
        self._scene_id = ""
        self._live()

    def _open(self) -> None:
        global _rendering
        if self.cameras and _rendering is not None and _rendering.alive:
            problem = "another one with cameras is live in this process, or was when it was forked"
            raise SimulatorBusy("habitat-sim", problem, _REMEDY)
        self._scene_id, self._held = "", _Held()
        self._live = weakref.finalize(self, _free, self._held, os.getpid())
        if self.cameras:
            _rendering = self._live

    def _show(self, scene: str, name: str) -> None:
        """Give habitat-sim the file of the scene that errors call `name`."""
        if self._live.alive and self._held.is_full_for(scene):
            self.close()
        if not self._live.alive:
            self._open()
        config = configuration(
            self._habitat_sim,
            self.task,
            scene,
            cameras=self.cameras,
            gpu=self._gpu,
            compute_navmesh=self._navmesh == COMPUTE,
            scene_dataset=self._dataset,
        )
        try:
            if self._held.sim is None:
                self._held.sim = self._habitat_sim.Simulator(config)  # 5 to 9 s with colours
            else:
                self._held.sim.reconfigure(config)
        except _REFUSALS as problem:
            # Half of it has changed, and it would still take the last scene for the present one.
            self.close()
            traceback.clear_frames(problem.__traceback__)  # they hold a new one that is half made,
            gc.collect()  # whose renderer must be gone before another one comes
            told = f"habitat-sim does not load it: {problem}"
            raise BadScene(name, told, "Copy or download it again, with what it names") from problem
        self._held.shown.add(scene)

    def _find_navmesh(self, scene_id: str, raw: Any) -> None:
        path = _navmesh_beside(scene_id)
        if self._navmesh == BESIDE and not raw.is_loaded and path.is_file():
            raw.load_nav_mesh(str(path))  # it looks for none beside a scene with a stage config
        wanted = (self.task.agent_radius, self.task.agent_height)
        if not raw.is_loaded:
            if self._navmesh == BESIDE:
                problem = "is not there, or cannot be read"
                remedy = f"Put the scene's navmesh there, or pass navmesh={COMPUTE}"
                raise BadScene(str(path), problem, remedy)
            raise BadScene(scene_id, _NO_ROOM.format(wanted), _OTHER_BODY)
        made_for = raw.nav_mesh_settings  # the defaults for files of version 1, which do not say
        body = (float(made_for.agent_radius), float(made_for.agent_height))
        if not np.allclose(body, wanted, atol=1e-4):
            if self._navmesh == COMPUTE:  # it tried, and kept the one beside the scene
                raise BadScene(scene_id, _NO_ROOM.format(wanted), _OTHER_BODY)
            problem = f"is for another body: radius and height {body}, the task's are {wanted}"
            raise BadScene(str(path), problem, f"Pass navmesh={COMPUTE}")

    def _place(self, pose: Pose) -> None:
        state = self._habitat_sim.AgentState()
        state.position = pose.position.astype(np.float32)
        state.rotation = [float(part) for part in pose.rotation]
        self._held.agent.set_state(state)
        self._pose = self._read_pose()

    def _read_pose(self) -> Pose:
        """As it is there: float32, and of unit length again, which turns drift from."""
        state = self._held.agent.get_state()
        turned = state.rotation
        rotation = np.array([turned.x, turned.y, turned.z, turned.w], np.float64)
        position = np.array(state.position, np.float64)
        return Pose(position, rotation / np.linalg.norm(rotation))


class _Held:
    """What is habitat-sim's; must be ended with a `HabitatSimulator`."""

    def __init__(self) -> None:
        self.sim: Any = None
        self.shown: set[str] = set()
        self.let_go()

    def is_full_for(self, scene: str) -> bool:
        """Whether this file needs a fresh start.

        Scenes are kept by name, and one is found by any part of it, in upper or lower case: after
        `/data/rooms/a.glb`, `/rooms/a.glb` would show that one.
        """
        if scene not in self.shown and len(self.shown) >= _MOST_SCENES:
            return True
        return any(scene != kept and scene.lower() in kept.lower() for kept in self.shown)

    def let_go(self) -> None:
        """Of what belongs to the present scene, as it must not outlive it."""
        self.agent: Any = None
        self.follower: Any = None


_REMEDY = (
    "Close it first, or give each environment its own process: vectorization=async for a rollout, "
    "gym.make('uio2/Remote-v0', env_id='uio2/HabitatPointNav-v0', env_kwargs={...}) for one"
)


def _free(held: _Held, owner: int) -> None:
    if held.sim is not None and os.getpid() == owner:  # a fork must not end what is still ours
        held.let_go()
        held.sim.close()
        held.sim = None


_NO_ROOM = "gives no navmesh: nowhere is there room for a body of radius and height {}"
_OTHER_BODY = "Put a navmesh of the scene for this body beside it"


def _navmesh_beside(scene_id: str) -> Path:
    path = Path(scene_id)
    if path.name.endswith(_STAGE_CONFIG):
        return path.with_name(path.name.removesuffix(_STAGE_CONFIG) + ".navmesh")
    return path.with_suffix(".navmesh")


def _flat(name: str, folder: str) -> str:
    """A file of one of our generated flats, as habitat-sim reads it."""
    path = Path(folder, f"{name}.glb")
    write_glb(open_scene(name), path)
    return str(path)
