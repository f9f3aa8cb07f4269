"""The PointNav simulator of this package: rasteriser and navmesh, nothing to install."""

import logging
import math
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.actuation import Point, Pose, command, move
from uio2_agent.envs.pointnav.camera import sensor_pose
from uio2_agent.envs.pointnav.follower import GreedyFollower
from uio2_agent.envs.pointnav.gl_context import check_device, load_moderngl
from uio2_agent.envs.pointnav.gl_renderer import GlRenderer
from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.noise import Normals, noisy_motion
from uio2_agent.envs.pointnav.renderer import FILTERS, Filter, SceneRenderer
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.envs.pointnav.scene_names import is_apartment, open_scene
from uio2_agent.envs.pointnav.sight import in_sight
from uio2_agent.envs.pointnav.task import DEPTH, RGB, Task
from uio2_agent.errors import GoalUnreachable, UnknownName
from uio2_agent.interface import MOVES, STOP

_LOG = logging.getLogger(__name__)
RASTERISER, GL = "rasteriser", "gl"
RENDERERS = (RASTERISER, GL)
_ACTUATION = 1  # which of an episode's streams of noise


class EmbeddedSimulator:
    """One agent in one scene; keeps `simulator.Simulator`.

    A scene comes from a file or from the generator. `<scene>.navmesh` beside a file is used if it
    was made for the task's body; else a navmesh is baked and kept in memory. What is not needed is
    not loaded: no pictures, no triangles.

    Args:
        task: Cameras and body.
        texture_filter: "mipmap" or "nearest".
        renderer: "rasteriser", or "gl": OpenGL by EGL, started when the first picture is asked for.
        gl_device: Which of EGL's devices draws.

    Raises:
        UnknownName: No such filter or renderer.
        BadSetting: No such device.
        MissingDependency: moderngl is wanted and not installed.
    """

    def __init__(
        self,
        task: Task,
        texture_filter: str = "mipmap",
        renderer: str = RASTERISER,
        gl_device: int = 0,
    ) -> None:
        if texture_filter not in FILTERS:
            raise UnknownName("texture filter", texture_filter, FILTERS)
        if renderer not in RENDERERS:
            raise UnknownName("renderer", renderer, RENDERERS)
        check_device(gl_device)
        if renderer == GL:
            load_moderngl()
        self.task, self._filter = task, cast(Filter, texture_filter)
        self._draws_with, self._device = renderer, gl_device
        self._scene_id = ""
        self._scene: Scene | None = None
        self._renderer: SceneRenderer | GlRenderer | None = None

    @property
    def pathfinder(self) -> NavMesh:
        return self._navmesh

    @property
    def pose(self) -> Pose:
        return self._pose

    def load(self, scene_id: str) -> None:
        """Make the scene of that name (`scene_names`) the present one.

        Raises:
            BadScene: No such file, or it or the navmesh beside it cannot be read.
            BadInput: There is no place to stand in it.
        """
        if scene_id == self._scene_id:
            return
        self.close()
        self._navmesh = self._find_navmesh(scene_id)
        if {RGB, DEPTH} & {*self.task.sensors}:  # what cannot be drawn is found now
            self._open(scene_id)
        self._scene_id = scene_id

    def begin(self, start: Pose, seed: int) -> None:
        task = self.task
        self._pose = start
        self._follower = GreedyFollower(
            self._navmesh,
            forward=task.forward,
            turn_degrees=task.turn,
            goal_radius=task.oracle_radius,
            sliding=task.sliding,
        )
        self._normals = Normals(seed, _ACTUATION)

    def act(self, action: int) -> bool:
        motion = command(action, self.task)
        if self.task.noise:
            motion = noisy_motion(motion, self._normals)
        self._pose, collided = move(self._navmesh, self._pose, motion, self.task.sliding)
        return collided

    def observe(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        if self._renderer is None:
            self._renderer = self._new_renderer()
        pose, pitch = self._pose, math.radians(self.task.camera_pitch)
        eye = sensor_pose(pose.position, pose.rotation, self.task.camera_height, pitch)
        return self._renderer.render(*eye)

    def sees(self, start: Point, end: Point) -> bool:
        """Whether nothing in the scene is between two points (3,); loads its triangles."""
        return in_sight(self._open(self._scene_id), start, end)

    def oracle_action(self, goal: Point) -> int:
        try:
            name = self._follower.next_action(self._pose.position, self._pose.yaw, goal)
        except GoalUnreachable:
            return STOP
        return MOVES.index(name)

    def close(self) -> None:
        """Forget the scene."""
        if self._renderer is not None:
            self._renderer.close()
        self._scene_id, self._scene, self._renderer = "", None, None

    def _new_renderer(self) -> SceneRenderer | GlRenderer:
        scene, camera = self._open(self._scene_id), (*self.task.size, self.task.hfov)
        if self._draws_with == RASTERISER:
            return SceneRenderer(scene, *camera, filter=self._filter)
        return GlRenderer(scene, *camera, filter=self._filter, device=self._device)

    def _open(self, scene_id: str) -> Scene:
        if self._scene is None:
            self._scene = open_scene(scene_id)
        return self._scene

    def _find_navmesh(self, scene_id: str) -> NavMesh:
        wanted = NavMeshSettings(
            agent_radius=self.task.agent_radius, agent_height=self.task.agent_height
        )
        beside = Path(scene_id).with_suffix(".navmesh")
        if beside.exists():
            navmesh = read_navmesh(beside)
            made_for = navmesh.settings or NavMeshSettings()  # files of version 1 do not say
            body = (made_for.agent_radius, made_for.agent_height)
            if np.allclose(body, (wanted.agent_radius, wanted.agent_height), atol=1e-4):
                return navmesh
            _LOG.info("%s is for another body (radius, height %s)", beside, body)
        from uio2_agent.envs.pointnav.bake import bake_navmesh

        # A flat takes a moment; a scan may take so long that one wants to know why.
        level = logging.DEBUG if is_apartment(scene_id) else logging.INFO
        _LOG.log(level, "baking a navmesh for %s", scene_id)
        return bake_navmesh(self._open(scene_id), wanted)
