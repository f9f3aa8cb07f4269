"""A walk is kept as it was seen and done."""

import shutil
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import uio2_agent.envs  # noqa: F401  registers the environments
from uio2_agent.envs.counting import Counting
from uio2_agent.errors import BadEpisode, BadInput
from uio2_agent.pcm import from_pcm
from uio2_agent.trajectories.navigation import SENSORS, record_navigation
from uio2_agent.trajectories.store import EpisodeStore, write_shard

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
SEED = 4


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    shutil.copy(GOLDEN / "two_rooms.glb", folder)
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", folder / "two_rooms.navmesh")

    def made(oracle=True, env="uio2/PointNav-v0", **settings):
        settings = {"task": "v1", "sensors": SENSORS, "size": 16, **settings}
        scene = str(folder / "two_rooms.glb")
        return gym.make(env, scene=scene, oracle=oracle, **settings)

    return made


@pytest.fixture(scope="module")
def walk(make):
    return record_navigation(make(), SEED, only_successes=True)


def test_facts_of_the_environment_and_of_the_outcome_are_written_down(walk):
    info = walk.info
    assert (info["env"], info["task"], info["seed"]) == ("uio2/PointNav-v0", "pointnav-v1", SEED)
    assert info["success"] and not info["failure"] and info["scene_id"].endswith("two_rooms.glb")
    assert info["metrics"]["spl"] > 0.9 and info["metrics"]["distance_to_goal"] < 0.2
    assert walk.prompt_text.startswith("go ") and not len(walk.prompt_pictures)


def test_every_sensor_and_pose_is_kept_at_every_moment(walk):
    moments = walk.n_steps + 1
    assert walk.frames.shape == (moments, 3, 16, 16)
    shapes = {name: a.shape for name, a in walk.labels.items()}
    assert shapes == {
        "depth": (moments, 16, 16, 1),
        "pointgoal_with_gps_compass": (moments, 2),
        "pointgoal": (moments, 2),
        "gps": (moments, 2),
        "compass": (moments, 1),
        "position": (moments, 3),
        "rotation": (moments, 4),
        "collided": (moments,),
        "oracle_action": (moments,),
    }
    assert walk.labels["collided"].dtype == bool
    assert walk.actions["action"][-1] == 0 and (walk.actions["action"][:-1] > 0).all()


def test_what_comes_back_from_disk_replays_to_the_same_observations(make, walk, tmp_path):
    write_shard(tmp_path, 0, [walk])
    kept = EpisodeStore(tmp_path)[0]
    env = make(oracle=False)
    seen, _ = env.reset(seed=SEED)
    for t, action in enumerate(kept.actions["action"]):
        np.testing.assert_array_equal(seen["rgb"].transpose(2, 0, 1), kept.frames[t])
        np.testing.assert_array_equal(seen["depth"], kept.labels["depth"][t])
        np.testing.assert_array_equal(seen["gps"], kept.labels["gps"][t])
        seen, _, terminated, _, info = env.step(action)
    assert terminated and info["success"]


def test_what_was_heard_is_kept_in_16_bits(walk, tmp_path, make):
    assert "audio" not in walk.labels
    env = make(env="uio2/AudioGoal-v0", sensors=["rgb", "depth"])
    heard = record_navigation(env, SEED)
    write_shard(tmp_path, 0, [heard])
    kept = EpisodeStore(tmp_path)[0].labels["audio"]
    assert kept.dtype == np.int16 and kept.shape == (heard.n_steps + 1, 2, 16_000)
    seen, _ = env.reset(seed=SEED)
    for t, action in enumerate(heard.actions["action"]):
        np.testing.assert_allclose(from_pcm(kept[t]), seen["audio"], atol=0.51 / 2**15)
        seen, *_ = env.step(action)
    assert np.abs(kept).max() > 300


def test_whoever_is_asked_plays_and_a_failure_can_be_refused(make):
    env = make(max_steps=3)
    walk = record_navigation(env, SEED, act=lambda observation, info: 2)
    assert walk.actions["action"].tolist() == [2, 2, 2] and not walk.info["success"]
    with pytest.raises(BadEpisode, match="ran out of steps after 3 steps"):
        record_navigation(env, SEED, lambda observation, info: 2, only_successes=True)


def test_an_environment_without_colours_or_poses_is_refused(make):
    with pytest.raises(BadInput, match="rgb among"):
        record_navigation(make(sensors=["gps"]), SEED)
    with pytest.raises(BadInput, match="without colours"):
        record_navigation(Counting(oracle=True), SEED)
