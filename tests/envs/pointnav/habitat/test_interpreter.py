"""The environment here, or in another interpreter."""

import sys
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.envs.pointnav.habitat import interpreter
from uio2_agent.envs.pointnav.habitat.env import HabitatPointNav
from uio2_agent.errors import BadSetting, MissingDependency


def test_an_episode_in_another_process_is_as_in_this_one(elsewhere, fake, episodes_file, scenes):
    """GPU probe, pictures, infos and the end of an episode, across the wire."""
    kwargs: dict[str, Any] = {
        "episodes": str(episodes_file),
        "scenes_dir": str(scenes("v1")),
        "size": [12, 16],
        "oracle": True,
    }
    with interpreter.make(**kwargs) as here, interpreter.make(sys.executable, **kwargs) as there:
        assert there.observation_space == here.observation_space
        seen, info = here.reset(seed=3)
        np.testing.assert_equal(there.reset(seed=3), (seen, info))
        over = False
        while not over:
            told = here.step(info["oracle_action"])
            np.testing.assert_equal(there.step(info["oracle_action"]), told)
            over, info = told[2] or told[3], told[4]
        assert info["success"]


def test_without_another_interpreter_it_is_made_here(fake, episodes_file, scenes):
    env = interpreter.make(
        episodes=episodes_file, scenes_dir=scenes("v1"), sensors=["gps"], oracle=True
    )
    assert isinstance(env.unwrapped, HabitatPointNav)
    assert "oracle_action" in env.reset(seed=0)[1]


def test_another_one_gets_every_argument(monkeypatch):
    asked: dict[str, Any] = {}
    monkeypatch.setattr(gym, "make", lambda name, **kwargs: asked.update(id=name, **kwargs))
    interpreter.make(python=sys.executable, task="v2", render_mode="rgb_array")
    assert asked["id"] == "uio2/Remote-v0" and asked["env_id"] == "uio2/HabitatPointNav-v0"
    assert asked["python"] == sys.executable and asked["env_kwargs"] == {"task": "v2"}
    assert asked["render_mode"] == "rgb_array"


def test_an_interpreter_without_habitat_sim_tells_what_to_do():
    with pytest.raises(MissingDependency, match=f"{sys.executable} has none(.|\n)*conda install"):
        interpreter.make(python=sys.executable)


@pytest.fixture
def says(tmp_path):
    """Called with lines, the path of a program that prints them whatever it is asked."""

    def program(*lines):
        path = tmp_path / "python"
        path.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
        path.chmod(0o755)
        return str(path)

    return program


def test_one_that_is_none_is_refused(says, tmp_path):
    for path in ("/no/python", str(tmp_path), "/bin/echo", "/bin/false"):
        with pytest.raises(BadSetting, match=f"python is {path}.*the path of a Python interp"):
            interpreter.make(python=path)
    with pytest.raises(BadSetting, match="this one said: good morning"):
        interpreter.make(python=says("good morning"))


def test_one_that_is_too_old_is_refused(says):
    with pytest.raises(BadSetting, match=r"Python 3\.9, expected Python 3\.10 or later"):
        interpreter.make(python=says("3 9", ""))


def test_one_that_lacks_packages_of_ours_is_told_how_to_get_them(says):
    path = says("3 12", "PIL zmq")
    with pytest.raises(MissingDependency, match=f"{path} -m pip install pillow pyzmq"):
        interpreter.make(python=path)
