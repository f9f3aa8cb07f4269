"""What the two tasks fix, and what cannot be asked of one."""

import pytest

from uio2_agent.envs.pointnav.task import TASKS, Task, named_task
from uio2_agent.errors import BadSetting, UnknownName


@pytest.mark.parametrize(("task", "config"), [("v1", "v1"), ("v2", "v2_noiseless")])
def test_the_tasks_are_those_the_reference_was_run_with(golden, task, config):
    agent, ours = golden["configs"][config]["agent"], TASKS[task]
    assert (ours.hfov, ours.camera_height, ours.turn) == (
        agent["hfov"],
        agent["eye"],
        agent["turn"],
    )
    assert (ours.agent_radius, ours.agent_height) == (agent["radius"], agent["height"])
    assert (ours.forward, ours.sliding) == (agent["fwd"], agent["slide"])
    assert ours.camera_pitch * 3.14159265 / 180 == pytest.approx(agent["tilt"], abs=1e-6)
    episode = golden["configs"][config]["follower_episodes"][0]
    assert ours.success_radius == episode["success_distance"]
    assert ours.oracle_radius == episode["goal_radius"]


def test_only_changes_that_are_given_replace_fields():
    task = named_task("v2", size=(90, 160), noise=False, sensors=None)
    assert (task.size, task.noise, task.sensors) == ((90, 160), False, TASKS["v2"].sensors)


def test_an_unknown_task_or_sensor_is_named():
    with pytest.raises(UnknownName, match="v3"):
        named_task("v3")
    with pytest.raises(UnknownName, match="Did you mean 'gps'"):
        named_task("v1", sensors=("gpss",))


@pytest.mark.parametrize(
    "change",
    [
        {"size": (0, 4)},
        {"size": (4,)},
        {"size": (4.5, 4)},
        {"hfov": 180.0},
        {"depth_range": (2.0, 1.0)},
        {"forward": 0.0},
        {"agent_radius": float("nan")},
        {"turn": 0.0},
        {"max_steps": 0},
        {"sensors": ()},
        {"sensors": ("gps", "gps")},
    ],
)
def test_what_cannot_be_is_refused(change):
    with pytest.raises(BadSetting, match=next(iter(change))):
        Task(**change)
