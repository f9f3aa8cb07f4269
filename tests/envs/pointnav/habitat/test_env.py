"""The environment's own rules on the double: the recorded steps of habitat-lab, and its ends."""

import logging
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from uio2_agent.envs.pointnav.env import PointNav
from uio2_agent.envs.pointnav.episode_files import load_episodes, save_episodes
from uio2_agent.envs.pointnav.episodes import Goal
from uio2_agent.envs.pointnav.habitat.env import HabitatPointNav
from uio2_agent.errors import BadEpisode, BadInput, BadScene, BadSetting, UnknownName

BLIND = ("pointgoal_with_gps_compass", "gps", "compass")


@pytest.fixture
def make(fake, arguments):
    return lambda *task, **changes: HabitatPointNav(**arguments(*task, **changes))


@pytest.mark.parametrize("index", range(12))
def test_every_step_is_that_of_habitat_lab(make, check_run, index):
    check_run(make(), index)


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_the_oracle_acts_and_arrives_as_the_references_follower(make, check_oracle, task):
    check_oracle(make(task, oracle=True, noise=False), task)


def test_stop_is_never_given_to_habitat_sim_and_still_shows_a_picture(make, fake):
    env = make(sensors=("rgb", "depth"), size=16)
    first, _ = env.reset(seed=0)
    seen, _, terminated, _, _ = env.step(0)
    assert terminated and fake.simulators[0].agents[0].acted == []
    np.testing.assert_equal(seen, first)
    env.close()


@pytest.mark.filterwarnings("ignore:.*Not able to test alternative render modes")
@pytest.mark.parametrize("task", ["v1", "v2"])
def test_keeps_the_gymnasium_contract(make, task):
    env = make(task, sensors=("rgb", "depth"), size=[18, 32], oracle=True, render_mode="rgb_array")
    check_env(env, skip_close_check=True)
    env.close()


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_spaces_and_infos_are_those_of_the_embedded_one(make, arguments, task):
    theirs, ours = make(task, oracle=True), PointNav(**arguments(task, oracle=True))
    assert theirs.observation_space == ours.observation_space
    assert theirs.action_space == ours.action_space
    told, known = theirs.reset(seed=2)[1], ours.reset(seed=2)[1]
    assert told.keys() == known.keys() and told["metrics"].keys() == known["metrics"].keys()
    assert told["prompt"] == known["prompt"] and told["scene_id"] == known["scene_id"]


def test_pictures_are_drawn_only_where_they_are_seen(make, fake):
    env = make()
    env.reset(seed=0)
    assert fake.simulators[-1].config.agents[0].sensor_specifications == []
    shown = make(render_mode="rgb_array", size=16)
    shown.reset(seed=0)
    cameras = fake.simulators[-1].config.agents[0].sensor_specifications
    assert [c.uuid for c in cameras] == ["rgb", "depth"]
    assert shown.render().shape[2] == 3
    shown.close()


def test_a_scene_alone_brings_endless_episodes_in_which_the_oracle_arrives(fake, scenes, play):
    env = HabitatPointNav(
        scene="two_rooms.glb", scenes_dir=scenes("v1"), sensors=BLIND, oracle=True
    )
    starts = {tuple(env.reset(seed=seed)[1]["position"]) for seed in range(5)}
    assert len(starts) == 5
    assert play(env, env.reset(seed=900_003)[1])[1]["success"]


def test_bad_episodes_are_an_error_at_reset_or_left_out_when_asked(
    episodes_file, make, tmp_path, caplog
):
    six = load_episodes(episodes_file)
    far = replace(six[0], episode_id="far", goals=(Goal(position=(60.0, 0.0, 0.0)),))
    off = replace(six[0], episode_id="off", start_position=(60.0, 0.0, 0.0))
    lost = replace(six[0], episode_id="lost", scene_id="gibson/Adrian.glb")
    save_episodes([far, off, *six], tmp_path / "e.json")
    env = make(episodes=tmp_path / "e.json")
    with pytest.raises(BadEpisode, match="episode far: no way leads"):
        env.reset(seed=0)
    with pytest.raises(BadEpisode, match="episode off: .* off the navmesh"):
        env.reset(seed=1)
    save_episodes([far, lost, off, *six], tmp_path / "e.json")
    with pytest.raises(BadScene, match=r"gibson/Adrian\.glb: is not there"):
        make(episodes=tmp_path / "e.json")
    with caplog.at_level(logging.WARNING):
        env = make(episodes=tmp_path / "e.json", on_bad_episode="skip")
    assert [env.reset(seed=i)[1]["episode_id"] for i in range(7)] == [*"0123450"]
    for name in ("episode far", "episode off", "Adrian.glb"):
        assert name in caplog.text


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"episodes": None, "scene": []}, BadInput),
        ({"episodes": None, "scene": "a.glb"}, BadScene),
        ({"episodes": None, "apartment": "tiny"}, UnknownName),
        ({"scene": "a.glb"}, BadSetting),
        ({"dataset": "gibson/v1"}, BadSetting),
        ({"episodes": None, "dataset": "gibson"}, UnknownName),
        ({"episodes": None, "dataset": "gibson/v1"}, BadEpisode),
        ({"task": "v3"}, UnknownName),
        ({"sensors": ["semantic"]}, UnknownName),
        ({"size": [0, 3]}, BadSetting),
        ({"render_mode": "human"}, UnknownName),
        ({"navmesh": "bake"}, UnknownName),
        ({"gpu_device_id": 0, "sensors": ["depth"]}, BadSetting),
        ({"content_scenes": ["three_rooms"]}, UnknownName),
        ({"episodes": "missing.json.gz"}, BadEpisode),
    ],
)
def test_arguments_that_cannot_be_are_refused_and_leave_no_renderer_behind(make, kwargs, error):
    with pytest.raises(error) as told:
        make(**kwargs)
    make(sensors=["depth"], size=8).close()
    assert told.tb  # which keeps all that was begun from going by itself


IMPORTS = """
import sys
for name in ("torch", "numba", "pybullet", "hydra", "habitat_sim", "scipy"):
    sys.modules[name] = None
import gymnasium, uio2_agent.envs.remote_server
import uio2_agent.envs.pointnav.habitat.env
try:
    gymnasium.make("uio2/HabitatPointNav-v0")
except ImportError as error:
    print(type(error).__name__)
"""


def test_it_imports_where_habitat_sim_lives_without_torch_numba_and_pybullet():
    told = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, timeout=120
    )
    assert told.stdout.strip() == "MissingDependency", told.stderr[-2000:]
