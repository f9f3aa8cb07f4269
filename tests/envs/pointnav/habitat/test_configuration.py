"""What habitat-sim is told of a task."""

import math

import numpy as np
import pytest

from uio2_agent.envs.pointnav.habitat.configuration import configuration
from uio2_agent.envs.pointnav.task import TASKS


@pytest.fixture
def made(fake):
    def make(task="v1", cameras=("rgb", "depth"), compute_navmesh=True):
        return configuration(
            fake,
            TASKS[task],
            "scene.glb",
            cameras=cameras,
            gpu=-1,
            compute_navmesh=compute_navmesh,
        )

    return make


def test_cameras_are_those_of_the_task(made, fake):
    rgb, depth = made("v2").agents[0].sensor_specifications
    assert (rgb.uuid, depth.uuid) == ("rgb", "depth")
    assert (rgb.sensor_type, depth.sensor_type) == (fake.SensorType.COLOR, fake.SensorType.DEPTH)
    for camera in (rgb, depth):
        assert camera.resolution == [360, 640] and camera.hfov == 70.0
        np.testing.assert_allclose(camera.position, [0, 0.88, 0], rtol=1e-6)
        np.testing.assert_allclose(camera.orientation, [math.radians(-20), 0, 0], rtol=1e-6)


def test_only_cameras_that_are_asked_for_are_made(made):
    assert [c.uuid for c in made(cameras=["depth"]).agents[0].sensor_specifications] == ["depth"]
    assert made(cameras=[]).agents[0].sensor_specifications == []


def test_steps_turns_and_sliding_are_those_of_the_task(made):
    for name, turn, sliding in (("v1", 10.0, True), ("v2", 30.0, False)):
        config = made(name)
        actions = config.agents[0].action_space
        amounts = {key: (a.name, a.actuation.amount) for key, a in actions.items()}
        assert amounts == {
            "forward": ("move_forward", 0.25),
            "left": ("turn_left", turn),
            "right": ("turn_right", turn),
        }
        assert config.sim_cfg.allow_sliding is sliding


def test_a_navmesh_is_asked_for_with_the_body_of_the_task(made):
    settings = made("v2").sim_cfg.navmesh_settings
    assert (settings.agent_radius, settings.agent_height) == (0.18, 0.88)
    assert made(compute_navmesh=False).sim_cfg.navmesh_settings is None


def test_each_one_is_new_so_that_a_change_is_noticed(made):
    first, second = made(), made()
    assert first is not second and first.sim_cfg is not second.sim_cfg
