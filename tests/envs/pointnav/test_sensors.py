"""Sensors against what habitat-lab and the simulator read off the same poses."""

import math

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.envs.pointnav import sensors
from uio2_agent.envs.pointnav.actuation import Pose, yaw_rotation
from uio2_agent.envs.pointnav.task import SENSORS, TASKS
from uio2_agent.errors import UnknownName


@pytest.mark.parametrize("config", ["v1", "v2_noiseless"])
def test_pointgoal_gps_and_compass_are_those_of_the_reference(golden, config):
    for sequence in golden["configs"][config]["action_sequences"]:
        poses = [Pose(np.array(s["p"]), np.array(s["q"])) for s in sequence["steps"]]
        start, goal = poses[0], np.array(sequence["goal"])
        for pose, step in zip(poses, sequence["steps"], strict=True):
            goal_now = sensors.pointgoal(pose, goal)
            np.testing.assert_allclose(goal_now[0], step["pg"][0], atol=1e-4)
            assert apart(goal_now[1], step["pg"][1]) < 1e-4
            np.testing.assert_allclose(sensors.gps(start, pose.position), step["gps"], atol=1e-4)
            turned = sensors.compass(start.rotation, pose.rotation)[0]
            assert apart(turned, step["compass"]) < 1e-4


def apart(a, b):
    """Radians between two angles."""
    return abs(math.remainder(a - b, 2 * math.pi))


def test_spaces_are_those_of_habitat_lab(golden):
    task = TASKS["v1"]
    for name, text in golden["habitat_lab"]["spaces"].items():
        space = sensors.sensor_space(name, task)
        kind, shape = text.rsplit(", ", 1)[1][:-1], text[text.index("(", 4) : text.rindex(",")]
        assert (str(space.dtype), str(space.shape)) == (kind, shape)
        low, high = (float(bound) for bound in text[4:].split(", ")[:2])
        assert np.allclose([space.low.min(), space.high.max()], [low, high])


def test_the_goal_to_the_left_has_a_positive_angle_and_height_does_not_count():
    here = Pose(np.zeros(3), yaw_rotation(0.0))
    assert sensors.pointgoal(here, np.array([-2.0, 5.0, 0.0])).tolist() == pytest.approx(
        [2, math.pi / 2]
    )


def test_heading_is_the_yaw_and_compass_what_was_turned():
    assert sensors.heading(yaw_rotation(1.0))[0] == pytest.approx(1.0)
    turned = sensors.compass(yaw_rotation(3.0), yaw_rotation(-3.0))[0]
    assert turned == pytest.approx(2 * math.pi - 6)


def test_depth_is_clipped_and_scaled():
    metres = np.array([[0.0, 0.05, 5.05, 40.0]], np.float32)
    scaled = sensors.normalised_depth(metres, (0.1, 10.0))
    assert scaled.shape == (1, 4, 1) and scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[0, :, 0], [0, 0, 0.5, 1], atol=1e-6)


def test_proximity_is_zero_beside_the_mesh_and_ends_at_its_reach():
    assert [sensors.proximity(d)[0] for d in (math.nan, 1.5, 2.0)] == [0, 1.5, 2]


@pytest.mark.parametrize("name", SENSORS)
def test_every_sensor_has_a_space_of_bounded_numbers(name):
    space = sensors.sensor_space(name, TASKS["v2"])
    assert isinstance(space, gym.spaces.Box) and space.is_bounded()


def test_an_unknown_sensor_is_named():
    with pytest.raises(UnknownName, match="lidar"):
        sensors.sensor_space("lidar", TASKS["v1"])
