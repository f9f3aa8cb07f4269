"""What an environment can be told: found by users, launchers and `uio2 record` in one place."""

import inspect
import pydoc
from dataclasses import fields
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from omegaconf import OmegaConf

import uio2_agent.launch.conf
from uio2_agent.envs.pointnav.audiogoal import AudioGoal, AudioGoalSettings
from uio2_agent.envs.pointnav.env import PointNav, PointNavSettings
from uio2_agent.envs.pointnav.habitat.env import HabitatPointNav, HabitatSettings
from uio2_agent.envs.pointnav.settings import NavigationSettings
from uio2_agent.envs.pointnav.task import TASKS
from uio2_agent.errors import BadSetting, UnknownName

CONF = Path(str(uio2_agent.launch.conf.__file__)).parent / "env"
OF_GYM_AND_REMOTE = {"_target_", "id", "disable_env_checker", "python"}
ENVS = [
    (PointNav, PointNavSettings, "pointnav"),
    (AudioGoal, AudioGoalSettings, "audiogoal"),
    (HabitatPointNav, HabitatSettings, "habitat"),
]


@pytest.mark.parametrize(("env", "kind", "name"), ENVS)
def test_help_shows_every_argument_with_its_default_and_what_it_means(env, kind, name):
    shown = inspect.signature(env).parameters
    assert {p: shown[p].default for p in shown} == {f.name: f.default for f in fields(kind)}
    told = pydoc.plain(pydoc.render_doc(env))
    for field in fields(kind):
        assert f" {field.name}: " in told


@pytest.mark.parametrize(("env", "kind", "name"), ENVS)
def test_the_command_line_offers_every_argument_with_its_default(env, kind, name):
    whole: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    offered = whole.get("env", whole)
    chosen = {k: v for k, v in offered.items() if k not in OF_GYM_AND_REMOTE}
    usual = {f.name: f.default for f in fields(kind)} | {"render_mode": "rgb_array"}
    assert chosen == usual | {"content_scenes": ["*"]}


@pytest.mark.parametrize(("env", "kind", "name"), ENVS)
def test_a_misspelt_argument_is_answered_with_the_known_ones(env, kind, name):
    with pytest.raises(UnknownName, match=f"argument of {env.__name__} 'tsak'.*mean 'task'"):
        env(tsak="v2")


def test_gym_make_says_so_too():
    with pytest.raises(UnknownName, match="'scenes'. Did you mean 'scene"):
        gym.make("uio2/PointNav-v0", scenes="a.glb")


def test_settings_change_the_task_and_only_where_they_are_given():
    assert NavigationSettings(task="v2").chosen_task() == TASKS["v2"]
    task = NavigationSettings(size=[90, 160], sensors=["gps"], max_steps=7).chosen_task()
    assert (task.size, task.sensors, task.max_steps) == ((90, 160), ("gps",), 7)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("scene", 5, "scene is 5, expected the path of a .glb"),
        ("scene", "", "scene is empty"),
        ("episodes", 5, "episodes is 5, expected the path of a split's main file"),
        ("scenes_dir", ["a"], "expected the path of a folder"),
        ("size", 2.5, r"size is 2.5, expected \[height, width\]"),
        ("size", "256x256", "size is '256x256', expected"),
        ("size", [256], "size is .256,., expected"),
        ("size", [0, 4], "whole pixels, 1 to 4096"),
        ("size", 5000, "whole pixels, 1 to 4096"),
        ("size", True, "size is .True, True., expected"),
        ("split", 5, "split is 5, expected the name of a split"),
        ("sensors", "rgb", "sensors is 'rgb', expected a list of names"),
        ("sensors", 5, "sensors is 5, expected a list"),
        ("sensors", [], "sensors is .., expected at least one"),
        ("content_scenes", None, "content_scenes is None, expected a list"),
        ("noise", "no", "noise is 'no', expected true or false"),
        ("oracle", "yes", "oracle is 'yes', expected true or false"),
        ("max_steps", 0, "max_steps is 0, expected a whole number, at least 1"),
        ("max_steps", 2.5, "max_steps is 2.5, expected a whole number"),
        ("max_steps", "ten", "max_steps is ten, expected a whole number"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_the_right_one(name, value, told):
    with pytest.raises(BadSetting, match=told):
        PointNav(**{name: value})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"scene": "a.glb", "episodes": "b.json"},
            "episodes is b.json, expected None beside scene",
        ),
        ({"episodes": "b.json", "dataset": "mp3d/v1"}, "dataset is mp3d/v1, expected None beside"),
        ({"split": "train"}, "split is train, expected None without dataset"),
        ({"split": "val", "episodes": "b.json"}, "split is val, expected None without dataset"),
    ],
)
def test_where_episodes_come_from_is_said_once(changes, named):
    with pytest.raises(BadSetting, match=named):
        PointNav(**changes)
