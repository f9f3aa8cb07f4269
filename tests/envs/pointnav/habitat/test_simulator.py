"""What the adapter makes of habitat-sim's calls, on the double that has their traps."""

import gc
import math
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.embedded import EmbeddedSimulator
from uio2_agent.envs.pointnav.habitat import simulator as adapter
from uio2_agent.envs.pointnav.habitat.simulator import HabitatSimulator, _navmesh_beside
from uio2_agent.envs.pointnav.task import TASKS
from uio2_agent.errors import BadScene, BadSetting, MissingDependency, SimulatorBusy, UnknownName
from uio2_agent.interface import FORWARD, LEFT, RIGHT, STOP

SMALL = replace(TASKS["v1"], size=(24, 32))
GOLDEN = Path(__file__).parents[3] / "golden" / "pointnav"


@pytest.fixture
def started(fake, scenes, start):
    """Called with a task and arguments, a simulator in the golden scene."""

    def make(task=SMALL, body="v1", **kwargs):
        simulator = HabitatSimulator(task, **kwargs)
        simulator.load(str(scenes(body) / "two_rooms.glb"))
        simulator.begin(start, seed=0)
        return simulator

    return make


def test_the_agent_stands_where_the_episode_begins_and_not_where_the_simulator_put_it(
    started, start
):
    simulator = started(cameras=[])
    np.testing.assert_allclose(simulator.pose.position, start.position, atol=1e-6)
    assert simulator.pose.position.dtype == simulator.pose.rotation.dtype == np.float64


def test_moves_change_the_pose_and_turns_never_let_it_grow(started):
    simulator = started(cameras=[])
    assert not simulator.act(FORWARD) and not simulator.act(LEFT)
    np.testing.assert_allclose(simulator.pose.position, [-3, 0.2, 1.75], atol=1e-6)
    assert simulator.pose.yaw == pytest.approx(math.radians(10))
    for _ in range(100):
        simulator.act(RIGHT)
    assert np.linalg.norm(simulator.pose.rotation) == pytest.approx(1, abs=1e-15)


def test_a_wall_is_told_of(started):
    simulator = started(cameras=[])
    assert True in [simulator.act(FORWARD) for _ in range(40)]


def test_pictures_have_three_colours_and_metres_and_stay_as_they_are(started):
    simulator = started()
    rgb, depth = simulator.observe()
    assert rgb.shape == (24, 32, 3) and rgb.dtype == np.uint8 and rgb.flags.c_contiguous
    assert depth.shape == (24, 32) and depth.dtype == np.float32
    before = depth.copy()
    for _ in range(4):
        simulator.act(LEFT)
    later = simulator.observe()[1]
    np.testing.assert_array_equal(depth, before)
    assert np.abs(later - depth).max() > 0.1


def test_pictures_are_those_of_the_embedded_simulator(started, start):
    """Row 0 on top, the camera's height and pitch: the double looks through our renderer."""
    task = replace(TASKS["v2"], size=(24, 32))
    simulator = started(task, "v2")
    ours = EmbeddedSimulator(task)
    ours.load(simulator._scene_id)
    ours.begin(start, seed=0)
    for seen, wanted in zip(simulator.observe(), ours.observe(), strict=True):
        np.testing.assert_allclose(np.asarray(seen, float), np.asarray(wanted, float), atol=1e-3)


@pytest.mark.parametrize("cameras", [[], ["depth"]])
def test_a_camera_that_nobody_wants_is_not_made_and_its_picture_is_black(started, fake, cameras):
    simulator = started(cameras=cameras)
    config = fake.simulators[0].config
    assert [c.uuid for c in config.agents[0].sensor_specifications] == cameras
    if cameras:
        rgb, depth = simulator.observe()
        assert not rgb.any() and rgb.shape == (24, 32, 3) and depth.any()


def test_one_simulator_serves_all_scenes(started, fake, scenes, tmp_path):
    simulator = started()
    first, second = str(scenes("v1") / "two_rooms.glb"), str(tmp_path / "other.glb")
    shutil.copy(first, second)
    simulator.load(first)
    simulator.load(second)
    simulator.load(first)
    (sim,) = fake.simulators
    assert sim.loads == [first, second, first]


def test_the_scenes_own_navmesh_is_used_and_another_is_computed_for_another_body(
    started, fake, tmp_path, scenes
):
    started(cameras=[])
    assert fake.simulators[-1].computed == 0
    v2 = started(replace(TASKS["v2"]), "v1", cameras=[])
    assert fake.simulators[-1].computed == 1
    assert v2.pathfinder.area == pytest.approx(30.39, rel=1e-3)
    shutil.copy(scenes("v1") / "two_rooms.glb", tmp_path)
    bare = HabitatSimulator(SMALL, cameras=[])
    bare.load(str(tmp_path / "two_rooms.glb"))
    assert fake.simulators[-1].computed == 1 and bare.pathfinder.area > 30


def test_a_scene_is_never_taken_for_another_one_with_a_longer_path(
    fake, scenes, tmp_path, monkeypatch
):
    """habitat-sim finds a scene by any part of its name among those it has seen."""
    other = shutil.copy(scenes("v1") / "two_rooms.glb", tmp_path)
    (tmp_path / "sub").mkdir()
    long = shutil.copy(other, tmp_path / "sub")
    monkeypatch.chdir(tmp_path)
    simulator = HabitatSimulator(SMALL, cameras=["depth"])
    simulator.load("sub/two_rooms.glb")
    simulator.load("two_rooms.glb")
    (sim,) = fake.simulators
    assert sim.loads == [str(long), str(other)]
    above = f"/{'/'.join(Path(other).parts[2:])}"  # a part of the other's absolute path
    monkeypatch.setattr(os.path, "abspath", lambda path: above if path == "above" else str(path))
    with pytest.raises(BadScene):  # it is not there, and nothing else is shown for it
        simulator.load("above")
    assert [s.closed for s in fake.simulators] == [True, True]


def test_what_habitat_sim_cannot_load_is_named_and_it_starts_anew(started, fake, scenes, tmp_path):
    simulator = started()
    good, bad = simulator._scene_id, tmp_path / "bad.glb"
    bad.write_bytes(b"glTF" + bytes(40))
    with pytest.raises(BadScene, match=r"bad\.glb: habitat-sim does not load it: ESP_CHECK"):
        simulator.load(str(bad))
    simulator.load(good)  # which a half changed one would take for the present one
    first, second = fake.simulators
    assert first.closed and second.loads == [good]
    with pytest.raises(BadScene):
        HabitatSimulator(SMALL, cameras=[]).load(str(bad))


def test_scenes_do_not_fill_the_memory(fake, scenes, monkeypatch, tmp_path):
    monkeypatch.setattr(adapter, "_MOST_SCENES", 2)
    paths = [str(tmp_path / f"{i}.glb") for i in range(3)]
    for path in paths:
        shutil.copy(scenes("v1") / "two_rooms.glb", path)
    simulator = HabitatSimulator(SMALL, cameras=["depth"])
    for i in (0, 1, 0, 1, 2):
        simulator.load(paths[i])
    first, second = fake.simulators
    assert first.closed and len(first.loads) == 4 and second.loads == paths[2:]


def test_a_navmesh_beside_a_scene_with_a_stage_config_is_found(fake, start, tmp_path):
    """habitat-sim looks for none there: its stage config would have to name one."""
    for end in (".glb", ".stage_config.json"):
        shutil.copy(GOLDEN / f"two_rooms_yup{end}", tmp_path)
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", tmp_path / "two_rooms_yup.navmesh")
    simulator = HabitatSimulator(SMALL, cameras=[], navmesh="beside")
    simulator.load(str(tmp_path / "two_rooms_yup.glb"))
    assert simulator.pathfinder.is_navigable(start.position)
    assert fake.simulators[-1].computed == 0
    assert _navmesh_beside("a/b.basis.stage_config.json") == Path("a/b.basis.navmesh")
    assert _navmesh_beside("a/b.basis.glb") == Path("a/b.basis.navmesh")


def test_a_navmesh_of_another_body_that_stays_since_there_is_no_room_is_refused(fake, scenes):
    fake.no_room = True
    simulator = HabitatSimulator(TASKS["v2"], cameras=[])
    with pytest.raises(BadScene, match=r"nowhere is there room for .*0\.18, 0\.88"):
        simulator.load(str(scenes("v1") / "two_rooms.glb"))


def test_without_any_navmesh_a_scene_is_refused_again_and_again(fake, scenes, tmp_path):
    scene = str(shutil.copy(scenes("v1") / "two_rooms.glb", tmp_path))
    fake.no_room = True
    simulator = HabitatSimulator(SMALL, cameras=[])
    for _ in range(2):
        with pytest.raises(BadScene, match="nowhere is there room"):
            simulator.load(scene)
    beside = HabitatSimulator(SMALL, cameras=[], navmesh="beside")
    with pytest.raises(BadScene, match=r"two_rooms\.navmesh: is not there.*navmesh=compute"):
        beside.load(scene)


def test_a_navmesh_for_another_body_is_refused_where_none_may_be_computed(fake, scenes):
    simulator = HabitatSimulator(TASKS["v2"], cameras=[], navmesh="beside")
    with pytest.raises(BadScene, match=r"another body: .*0\.1.*0\.18"):
        simulator.load(str(scenes("v1") / "two_rooms.glb"))
    simulator.load(str(scenes("v2") / "two_rooms.glb"))
    assert simulator.pathfinder.raw.is_loaded


def test_the_oracle_is_the_follower_of_habitat_sim_and_stops_where_it_fails(started, start):
    simulator = started(cameras=[])
    assert simulator.oracle_action(start.position + [0.1, 0, 0]) == STOP
    assert simulator.oracle_action(np.array([90.0, 0.2, 0.0])) == STOP
    assert simulator.oracle_action(start.position + [-1.0, 0, 0]) == LEFT
    assert simulator.oracle_action(start.position + [1.0, 0, 0]) == RIGHT


def test_the_follower_forgets_the_last_episode(started, start):
    simulator = started(cameras=[])
    before = simulator._held.follower.resets
    simulator.begin(start, seed=1)
    assert simulator._held.follower.resets == before + 1


def test_noise_of_wheels_is_that_of_the_embedded_simulator(started, scenes, start):
    simulator = started(TASKS["v2"], "v2", cameras=[])
    ours = EmbeddedSimulator(TASKS["v2"])
    ours.load(str(scenes("v2") / "two_rooms.glb"))
    for seed in (3, 4):
        simulator.begin(start, seed)
        ours.begin(start, seed)
        for action in (FORWARD, LEFT, FORWARD, FORWARD, RIGHT, FORWARD):
            assert simulator.act(action) == ours.act(action)
            np.testing.assert_allclose(simulator.pose.position, ours.pose.position, atol=1e-5)
            assert simulator.pose.yaw == pytest.approx(ours.pose.yaw, abs=1e-6)
    assert simulator._held.agent.acted == []  # habitat-sim was told where to stand


def test_a_second_renderer_in_a_process_is_refused_before_it_ends_it(started):
    first = started()
    with pytest.raises(SimulatorBusy, match="live in this process.*Remote-v0"):
        HabitatSimulator(SMALL)
    HabitatSimulator(SMALL, cameras=[])  # draws nothing, so it may
    first.close()
    second = started()
    assert second.observe()[0].any()


def test_one_that_nobody_holds_any_more_frees_the_renderer(started, fake):
    simulator = started()
    del simulator
    gc.collect()
    assert fake.simulators[0].closed
    started()


def test_a_closed_one_starts_anew_with_the_next_scene_if_the_renderer_is_free(
    started, fake, scenes
):
    scene = str(scenes("v1") / "two_rooms.glb")
    first = started()
    first.close()
    first.load(scene)
    assert len(fake.simulators) == 2 and fake.simulators[0].closed
    first.close()
    second = started()
    with pytest.raises(SimulatorBusy):
        first.load(scene)
    second.close()


def test_a_gpu_that_would_end_the_process_is_refused_and_blocks_nobody(fake):
    with pytest.raises(BadSetting, match="gpu_device_id is 0"):
        HabitatSimulator(SMALL, gpu=0)
    HabitatSimulator(SMALL).close()


def test_without_cameras_no_gpu_is_looked_for(fake, scenes):
    fake.gpus = set()
    simulator = HabitatSimulator(SMALL, cameras=[])
    simulator.load(str(scenes("v1") / "two_rooms.glb"))
    with pytest.raises(BadSetting, match="gpu_device_id"):
        HabitatSimulator(SMALL)


def test_a_flat_of_ours_is_given_as_a_file_and_gone_afterwards(fake, start):
    simulator = HabitatSimulator(SMALL, cameras=[])
    simulator.load("apartment-small-5")
    (path,) = fake.simulators[0].loads
    assert path.endswith("apartment-small-5.glb")
    assert not Path(path).parent.exists()


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"navmesh": "bake"}, UnknownName),
        ({"cameras": ["semantic"]}, UnknownName),
        ({"scene_dataset": "none.scene_dataset_config.json"}, BadSetting),
    ],
)
def test_arguments_that_cannot_be_are_refused(fake, kwargs, error):
    with pytest.raises(error):
        HabitatSimulator(SMALL, **kwargs)


def test_without_habitat_sim_it_is_told_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "habitat_sim", None)
    with pytest.raises(MissingDependency, match="conda install"):
        HabitatSimulator(SMALL)
