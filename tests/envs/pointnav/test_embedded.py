"""The embedded simulator: files, navmeshes, cameras and noise."""

import logging
import math
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from uio2_agent.envs.pointnav.actuation import Pose, yaw_rotation
from uio2_agent.envs.pointnav.embedded import EmbeddedSimulator
from uio2_agent.envs.pointnav.task import TASKS
from uio2_agent.errors import BadInput, BadScene, BadSetting, MissingDependency, UnknownName
from uio2_agent.interface import FORWARD, LEFT, RIGHT, STOP

START = Pose(np.array([-3.0, 0.2, 2.0]), yaw_rotation(0.0))


def started(folder, task, **kwargs):
    simulator = EmbeddedSimulator(task, **kwargs)
    simulator.load(str(folder / "two_rooms.glb"))
    simulator.begin(START, seed=0)
    return simulator


def test_depth_is_measured_from_the_camera_above_the_agent(scenes):
    simulator = started(scenes("v1"), replace(TASKS["v1"], size=(64, 64)))
    rgb, depth = simulator.observe()
    assert rgb.shape == (64, 64, 3) and rgb.dtype == np.uint8
    # The lowest row looks at the floor, 1.25 + 0.2 m below: 31.5 of 32 pixels down.
    assert depth[-1, 32] == pytest.approx(1.45 * 32 / 31.5, rel=1e-3)


def test_a_camera_that_looks_down_sees_the_floor_nearer(scenes):
    task = replace(TASKS["v2"], size=(36, 64))
    down, level = (
        started(scenes("v2"), replace(task, camera_pitch=pitch)).observe()[1][-1].mean()
        for pitch in (-20.0, 0.0)
    )
    assert down < level


def test_forward_and_turns_change_the_pose(scenes):
    simulator = started(scenes("v1"), TASKS["v1"])
    assert not simulator.act(FORWARD) and not simulator.act(LEFT)
    np.testing.assert_allclose(simulator.pose.position, [-3, 0.2, 1.75], atol=1e-6)
    assert simulator.pose.yaw == pytest.approx(math.radians(10))


def test_noise_of_wheels_comes_from_the_seed_of_the_episode(scenes):
    simulator = started(scenes("v2"), TASKS["v2"])
    positions = []
    for seed in (7, 8, 7):
        simulator.begin(START, seed)
        simulator.act(FORWARD)
        positions.append(simulator.pose.position)
    np.testing.assert_array_equal(positions[0], positions[2])
    assert np.abs(positions[0] - positions[1]).max() > 1e-3


def test_the_oracle_stops_at_the_goal_and_where_it_knows_no_way(scenes):
    simulator = started(scenes("v1"), TASKS["v1"])
    assert simulator.oracle_action(START.position + [0.1, 0, 0]) == STOP
    assert simulator.oracle_action(np.array([90.0, 0.2, 0.0])) == STOP
    assert simulator.oracle_action(START.position + [-1.0, 0, 0]) == LEFT
    assert simulator.oracle_action(START.position + [1.0, 0, 0]) == RIGHT


def test_the_navmesh_beside_a_scene_is_used_when_made_for_the_body(scenes):
    simulator = started(scenes("v1"), TASKS["v1"])
    assert simulator.pathfinder.area == pytest.approx(36.53125, abs=1e-3)


def test_baking_is_told_of_scenes_and_not_of_every_new_flat(caplog):
    simulator = EmbeddedSimulator(TASKS["v1"])
    with caplog.at_level(logging.INFO):
        simulator.load("apartment-small-5")
    assert caplog.text == ""


def test_without_one_for_the_body_a_navmesh_is_baked_and_the_folder_left_alone(
    scenes, tmp_path, caplog
):
    shutil.copy(scenes("v1") / "two_rooms.glb", tmp_path)
    shutil.copy(scenes("v1") / "two_rooms.navmesh", tmp_path)
    with caplog.at_level(logging.INFO):
        simulator = started(tmp_path, TASKS["v2"])
    assert "another body" in caplog.text and "baking" in caplog.text
    assert simulator.pathfinder.area == pytest.approx(30.39, rel=0.02)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["two_rooms.glb", "two_rooms.navmesh"]


def test_a_scene_that_cannot_be_read_leaves_none_loaded(scenes, tmp_path):
    simulator = started(scenes("v1"), TASKS["v1"])
    with pytest.raises(BadScene):
        simulator.load(str(tmp_path / "none.glb"))
    simulator.load(str(scenes("v1") / "two_rooms.glb"))
    assert simulator.pathfinder.num_islands == 1


def test_an_unknown_filter_is_named_before_anything_is_loaded():
    with pytest.raises(UnknownName, match="cubic"):
        EmbeddedSimulator(TASKS["v1"], texture_filter="cubic")


def test_what_cannot_draw_is_refused_before_anything_is_loaded(monkeypatch):
    with pytest.raises(UnknownName, match="vulkan"):
        EmbeddedSimulator(TASKS["v1"], renderer="vulkan")
    with pytest.raises(BadSetting, match="gl_device"):
        EmbeddedSimulator(TASKS["v1"], renderer="gl", gl_device=-1)
    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(MissingDependency, match="uio2-agent"):
        EmbeddedSimulator(TASKS["v1"], renderer="gl")


def test_opengl_shows_what_the_rasteriser_shows_and_goes_with_its_scene(scenes, opengl):
    task = replace(TASKS["v1"], size=(64, 64))
    simulator = started(scenes("v1"), task, renderer="gl")
    rgb, depth = simulator.observe()
    ours, ours_depth = started(scenes("v1"), task).observe()
    assert np.abs(rgb.astype(int) - ours).mean() < 3
    np.testing.assert_allclose(depth, ours_depth, atol=2e-3)
    drawn_by = simulator._renderer
    simulator.close()
    with pytest.raises(BadInput, match="closed"):
        drawn_by.render((0, 0, 0), (0, 0, 0, 1))
