"""Importing the room registers its ids, and nothing heavier than gymnasium."""

import subprocess
import sys

import gymnasium as gym
import pytest

import uio2_agent.envs  # noqa: F401
from uio2_agent.envs.tabletop.env import Tabletop


def test_the_tabletop_is_made_by_its_id():
    with gym.make("uio2/Tabletop-v0", task="rotate", prompt="words") as env:
        assert isinstance(env.unwrapped, Tabletop)
        assert (env.unwrapped.task, env.unwrapped.prompt) == ("rotate", "words")


def test_entry_points_are_strings_so_that_registering_imports_no_environment():
    assert isinstance(gym.spec("uio2/Tabletop-v0").entry_point, str)


@pytest.mark.parametrize(
    "start",
    [
        "import uio2_agent.envs",
        "from uio2_agent.envs.tabletop.tasks import sample; sample('rearrange')",
        "import uio2_agent.envs, gymnasium as gym; gym.make('uio2/Tabletop-v0').reset(seed=0)",
    ],
)
def test_no_simulator_and_no_torch_before_the_first_step(start):
    check = "; import sys; assert not {'torch', 'pybullet'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", start + check], check=True, timeout=60)


def test_the_room_refuses_a_second_copy_of_itself():
    code = "import envs"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "uio2_agent.envs" in done.stderr
