"""The real habitat-sim against what it answered before, where it is installed.

In this interpreter, or in the one that UIO2_HABITAT_PYTHON names; always in a process of its own.
"""

import importlib.util
import math
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from uio2_agent.envs.pointnav.habitat.interpreter import make
from uio2_agent.errors import BadScene, BadSetting

VARIABLE = "UIO2_HABITAT_PYTHON"
PYTHON = os.environ.get(VARIABLE) or sys.executable
HERE = importlib.util.find_spec("habitat_sim") is not None
GOLDEN = Path(__file__).parents[3] / "golden" / "pointnav"
BLIND = ("pointgoal_with_gps_compass", "gps", "compass")
CONFIGS = {"v1": "v1", "v2": "v2_noiseless"}

pytestmark = [
    pytest.mark.sim,
    pytest.mark.skipif(
        not (HERE or os.environ.get(VARIABLE)),
        reason=f"no habitat-sim here, and {VARIABLE} names no interpreter that has it",
    ),
]


@pytest.fixture
def start(episodes_file, scenes):
    """Called with arguments of `HabitatPointNav`: the six episodes, nothing drawn."""
    made: list[Any] = []

    def env(task="v1", sensors=BLIND, **kwargs):
        for earlier in made:
            earlier.close()
        kwargs = {"episodes": str(episodes_file), "scenes_dir": str(scenes(task)), **kwargs}
        made.append(make(PYTHON, task=task, sensors=list(sensors), **kwargs))
        return made[-1]

    yield env
    for left in made:
        left.close()


def apart(a, b):
    return abs(math.remainder(float(a) - float(b), 2 * math.pi))


@pytest.mark.parametrize("index", range(12))
def test_every_step_is_that_of_habitat_lab(golden, start, index):
    run = golden["habitat_lab"]["runs"][index]
    env = start()
    _, info = env.reset(seed=int(run["episode_id"]))
    for step in run["steps"]:
        seen, reward, terminated, _, info = env.step(step["a"])
        metrics = info["metrics"]
        np.testing.assert_allclose(info["position"], step["p"], atol=1e-4)
        assert seen["pointgoal_with_gps_compass"][0] == pytest.approx(step["pg"][0], abs=1e-4)
        assert apart(seen["pointgoal_with_gps_compass"][1], step["pg"][1]) < 1e-4
        np.testing.assert_allclose(seen["gps"], step["gps"], atol=1e-4)
        assert apart(seen["compass"][0], step["compass"][0]) < 1e-4
        assert reward == pytest.approx(step["reward"], abs=1e-4)
        assert metrics["distance_to_goal"] == pytest.approx(step["d2g"], abs=1e-4)
        assert metrics["spl"] == pytest.approx(step["spl"], abs=1e-4)
        assert metrics["soft_spl"] == pytest.approx(step["soft_spl"], abs=1e-4)
        assert metrics["collisions"] == step["collisions"]
        assert info["success"] == step["success"] and terminated == step["done"]


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_its_follower_is_the_oracle(golden, start, task):
    env = start(task, oracle=True, noise=False)
    for i, want in enumerate(golden["configs"][CONFIGS[task]]["follower_episodes"]):
        if want["error"]:
            continue
        _, info = env.reset(seed=i)
        actions, over = "", False
        while not over:
            actions += str(info["oracle_action"])
            _, _, terminated, truncated, info = env.step(info["oracle_action"])
            over = terminated or truncated
        assert actions == want["actions"]
        assert info["metrics"]["spl"] == pytest.approx(want["spl"], abs=1e-4)


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_a_navmesh_that_it_computes_gives_the_recorded_distances(golden, start, tmp_path, task):
    shutil.copy(GOLDEN / "two_rooms.glb", tmp_path)
    env = start(task, scenes_dir=str(tmp_path), noise=False)
    for i, want in enumerate(golden["configs"][CONFIGS[task]]["follower_episodes"]):
        _, info = env.reset(seed=i)
        if want["start_geodesic"] is not None:
            distance = info["metrics"]["distance_to_goal"]
            assert distance == pytest.approx(want["start_geodesic"], abs=1e-3)


def test_a_missing_navmesh_is_refused_where_none_may_be_computed(start, tmp_path):
    shutil.copy(GOLDEN / "two_rooms.glb", tmp_path)
    env = start(scenes_dir=str(tmp_path), navmesh="beside")
    with pytest.raises(BadScene, match=r"two_rooms\.navmesh"):
        env.reset(seed=0)


def test_pictures_are_as_bright_and_deep_as_recorded(golden, start):
    env = start(sensors=("rgb", "depth"))
    for run in golden["habitat_lab"]["runs"][::2]:
        seen, _ = env.reset(seed=int(run["episode_id"]))
        assert seen["rgb"].shape == (256, 256, 3) and seen["depth"].shape == (256, 256, 1)
        assert seen["rgb"].mean() == pytest.approx(run["rgb0_mean"], abs=1)
        assert seen["depth"].mean() == pytest.approx(run["depth0_mean"], abs=2e-4)


def test_the_first_camera_pose_shows_the_recorded_pixels(golden, start, tmp_path):
    """Through an episode that begins there: row 0 on top, no alpha, planar depth."""
    from uio2_agent.envs.pointnav.actuation import yaw_rotation
    from uio2_agent.envs.pointnav.episode_files import save_episodes
    from uio2_agent.envs.pointnav.episodes import Goal, PointNavEpisode

    shown = golden["configs"]["v1"]["observations"][0]
    rotation = yaw_rotation(math.radians(shown["yaw_deg"]))
    place = tuple(shown["position"])
    goal = tuple(golden["configs"]["v1"]["follower_episodes"][0]["goal"])
    episode = PointNavEpisode(
        episode_id="0",
        scene_id="two_rooms.glb",
        start_position=place,
        start_rotation=tuple(rotation),
        goals=(Goal(position=goal),),
    )
    save_episodes([episode], tmp_path / "one.json.gz")
    env = start(sensors=("rgb", "depth"), episodes=str(tmp_path / "one.json.gz"))
    seen, _ = env.reset(seed=0)
    rgb = np.asarray(Image.open(GOLDEN / "frames" / "two_rooms_v1_0_rgb.png").convert("RGB"))
    with np.load(GOLDEN / "frames" / "two_rooms_v1_0_depth.npz") as file:
        depth = file["depth"].astype(np.float32)
    assert np.abs(seen["rgb"].astype(float) - rgb).mean() < 1
    assert np.abs(10 * seen["depth"][..., 0] - depth).mean() < 2e-3  # recorded as float16


def test_noise_of_wheels_is_that_of_the_embedded_simulator(start, episodes_file, scenes):
    from uio2_agent.envs.pointnav.env import PointNav

    theirs = start("v2")
    ours = PointNav(episodes=episodes_file, scenes_dir=scenes("v2"), task="v2", sensors=list(BLIND))
    for seed in (0, 2):
        theirs.reset(seed=seed)
        ours.reset(seed=seed)
        for action in (1, 2, 1, 3, 3, 1):
            told, known = theirs.step(action)[4], ours.step(action)[4]
            np.testing.assert_allclose(told["position"], known["position"], atol=1e-3)


def test_a_flat_of_ours_can_be_played(start):
    env = start(episodes=None, scenes_dir=None, apartment="small", oracle=True)
    _, info = env.reset(seed=5)
    over = False
    while not over:
        _, _, terminated, truncated, info = env.step(info["oracle_action"])
        over = terminated or truncated
    assert info["success"] and info["metrics"]["spl"] > 0.9


def test_a_gpu_that_is_not_there_is_told_of_and_the_process_lives(start):
    with pytest.raises(BadSetting, match="gpu_device_id is 97"):
        start(sensors=("depth",), gpu_device_id=97)
