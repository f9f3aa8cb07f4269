"""The environment here, or in another interpreter."""

import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.envs.pointnav.habitat import interpreter
from uio2_agent.envs.pointnav.habitat.env import HabitatPointNav
from uio2_agent.errors import BadSetting, MissingDependency

# A module may put another object in its place.
ELSEWHERE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("double", {path!r})
double = importlib.util.module_from_spec(spec)
spec.loader.exec_module(double)
sys.modules[__name__] = double.FakeHabitatSim()
"""


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Other processes find the double under the name of habitat-sim."""
    double = Path(__file__).with_name("conftest.py")
    (tmp_path / "habitat_sim.py").write_text(ELSEWHERE.format(path=str(double)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


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
    interpreter.make(python="/conda/python", task="v2", render_mode="rgb_array")
    assert asked["id"] == "uio2/Remote-v0" and asked["env_id"] == "uio2/HabitatPointNav-v0"
    assert asked["python"] == "/conda/python" and asked["env_kwargs"] == {"task": "v2"}
    assert asked["render_mode"] == "rgb_array"


def test_an_interpreter_without_habitat_sim_tells_what_to_do():
    with pytest.raises(MissingDependency, match="conda install habitat-sim"):
        interpreter.make(python=sys.executable)


def test_one_that_is_none_is_refused():
    with pytest.raises(BadSetting, match="/no/python"):
        interpreter.make(python="/no/python")
