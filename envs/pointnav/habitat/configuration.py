"""What habitat-sim is told of a task and a scene (habitat_pointnav.md §2, §6)."""

import math
from collections.abc import Collection
from typing import Any

from uio2_agent.envs.pointnav.task import DEPTH, RGB, Task
from uio2_agent.interface import FORWARD, LEFT, MOVES, RIGHT

NO_DATASET = "default"
NEAR, FAR = 0.01, 1000.0  # metres


def configuration(
    habitat_sim: Any,
    task: Task,
    scene: str,
    *,
    cameras: Collection[str],
    gpu: int,
    compute_navmesh: bool,
    scene_dataset: str = NO_DATASET,
) -> Any:
    """A new `habitat_sim.Configuration`: a changed old one would be taken for the same.

    Args:
        habitat_sim: The module.
        task: Cameras, body, steps and turns.
        scene: The scene's file.
        cameras: Which of "rgb" and "depth"; with none, no renderer is made.
        gpu: `gpu_device_id`; see `gpu_probe`.
        compute_navmesh: Compute a navmesh where there is none for the body.
        scene_dataset: A `.scene_dataset_config.json`.
    """
    settings = habitat_sim.SimulatorConfiguration()
    settings.scene_id = scene
    settings.scene_dataset_config_file = scene_dataset
    settings.gpu_device_id = gpu
    settings.allow_sliding = task.sliding
    settings.random_seed = 0
    settings.enable_physics = False
    settings.load_semantic_mesh = False
    settings.frustum_culling = True
    if compute_navmesh:
        settings.navmesh_settings = navmesh_settings(habitat_sim, task)
    agent = habitat_sim.AgentConfiguration(
        height=float(task.agent_height),
        radius=float(task.agent_radius),
        sensor_specifications=[
            _camera(habitat_sim, task, name) for name in (RGB, DEPTH) if name in cameras
        ],
        action_space=_actions(habitat_sim, task),
    )
    return habitat_sim.Configuration(settings, [agent])


def navmesh_settings(habitat_sim: Any, task: Task) -> Any:
    """The defaults, for the task's body; only this decides what the body collides with."""
    settings = habitat_sim.NavMeshSettings()
    settings.set_defaults()
    settings.agent_height = float(task.agent_height)
    settings.agent_radius = float(task.agent_radius)
    return settings


def _camera(habitat_sim: Any, task: Task, name: str) -> Any:
    """Vectors must hold floats: whole numbers are refused."""
    kinds = habitat_sim.SensorType
    camera = habitat_sim.CameraSensorSpec()
    camera.uuid = name
    camera.sensor_type = kinds.COLOR if name == RGB else kinds.DEPTH
    camera.sensor_subtype = habitat_sim.SensorSubType.PINHOLE
    camera.resolution = [int(pixels) for pixels in task.size]
    camera.position = [0.0, float(task.camera_height), 0.0]
    camera.orientation = [math.radians(task.camera_pitch), 0.0, 0.0]
    camera.hfov = float(task.hfov)
    camera.near, camera.far = NEAR, FAR
    return camera


def _actions(habitat_sim: Any, task: Task) -> dict[str, Any]:
    """Under our names; "stop" is none of its actions, the environment deals with it."""

    def action(name: str, amount: float) -> Any:
        return habitat_sim.ActionSpec(name, habitat_sim.ActuationSpec(amount=float(amount)))

    return {
        MOVES[FORWARD]: action("move_forward", task.forward),
        MOVES[LEFT]: action("turn_left", task.turn),
        MOVES[RIGHT]: action("turn_right", task.turn),
    }
