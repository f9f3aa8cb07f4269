"""What is reckoned is what sensors would have told."""

import math
import shutil
from itertools import pairwise
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import uio2_agent.envs  # noqa: F401  registers the environments
from uio2_agent.errors import BadInput, BadSetting
from uio2_agent.policies.codecs.whereabouts import Journey, Odometer, State, Step

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
SENSORS = ["pointgoal_with_gps_compass", "pointgoal", "gps", "compass"]
STEPS = 40


def polar(rho, phi):
    return np.array([rho, phi], np.float32)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """What is seen before each of the oracle's moves, and the move."""
    folder = tmp_path_factory.mktemp("scene")
    shutil.copy(GOLDEN / "two_rooms.glb", folder)
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", folder / "two_rooms.navmesh")
    scene = str(folder / "two_rooms.glb")
    env = gym.make("uio2/PointNav-v0", scene=scene, sensors=SENSORS, oracle=True)
    seen, info = env.reset(seed=4)
    found: list[tuple[dict, int]] = []
    while info["oracle_action"] and len(found) < STEPS:
        move = info["oracle_action"]
        after, *_, info = env.step(move)
        found.append((seen, int(move)))
        seen = after
    env.close()
    return found


def pose(state):
    """Numbers that do not jump where angles are wrapped."""
    return state.x, state.z, math.cos(state.yaw), math.sin(state.yaw)


def states(walk, sensors):
    """States and goals before each move, as reckoned from these sensors alone."""
    odometer = Odometer()
    found: list[tuple[State, tuple[float, float]]] = []
    journey: Journey | None = None
    for observation, move in walk:
        told = {name: observation[name] for name in sensors}
        found.append((odometer.state(told, journey), odometer.goal(told, journey)))
        journey = odometer.went(journey, told, move, keep=2)
    return found


def test_without_gps_and_compass_the_goal_and_the_turns_tell_the_same(walk):
    told, reckoned = states(walk, SENSORS), states(walk, ["pointgoal_with_gps_compass"])
    assert abs(told[-1][0].x) + abs(told[-1][0].z) > 1 and {1, 2, 3} >= {move for _, move in walk}
    for (a, goal_a), (b, goal_b) in zip(told, reckoned, strict=True):
        assert pose(b) == pytest.approx(pose(a), abs=1e-4)
        assert goal_a == goal_b


def test_with_the_static_goal_alone_steps_are_counted_until_a_wall_is_met(walk):
    told, reckoned = states(walk, SENSORS), states(walk, ["pointgoal"])
    went = [math.dist(pose(a)[:2], pose(b)[:2]) for (a, _), (b, _) in pairwise(told)]
    # Sliding along a wall makes a step longer or shorter.
    clear = [min(abs(metres), abs(metres - 0.25)) < 1e-6 for metres in went].index(False)
    assert sum(went[:clear]) > 0.9
    for (a, goal_a), (b, goal_b) in zip(told[:clear], reckoned, strict=False):
        assert pose(b) == pytest.approx(pose(a), abs=1e-4)
        assert goal_b == pytest.approx(goal_a, abs=1e-4)


def test_axes_are_right_back_and_left_turns():
    seen = {"gps": np.array([2.0, 0.5], np.float32), "compass": np.array([0.25], np.float32)}
    assert Odometer().state(seen, None) == State(x=0.5, z=-2.0, y=0.0, yaw=0.25)


def test_the_start_is_where_the_frame_is():
    assert Odometer().state({"pointgoal": polar(3, 1)}, None) == State()
    assert Odometer().goal({"pointgoal": polar(3, 1)}, None) == pytest.approx((3, 1))


def test_only_as_many_steps_as_asked_are_kept_and_always_one():
    journey, seen = None, {"pointgoal": polar(1, 0)}
    for keep, expected in ((2, 1), (2, 2), (2, 2), (0, 1)):
        journey = Odometer().went(journey, seen, 1, keep)
        assert len(journey.past) == expected


def test_turns_are_wrapped():
    journey = Journey((1.0, 0.0), (Step(State(yaw=math.radians(175)), 2),))
    here = Odometer().state({"pointgoal": polar(1, 0)}, journey)
    assert here.yaw == pytest.approx(math.radians(-175))


def test_who_is_told_no_goal_counts_steps_and_turns():
    journey = None
    for move in (1, 2, 1):
        journey = Odometer(turn=90).went(journey, {}, move, keep=1)
    here = Odometer(turn=90).state({}, journey)
    assert pose(here) == pytest.approx((-0.25, -0.25, 0.0, 1.0))
    with pytest.raises(BadInput, match="without a goal"):
        Odometer().goal({}, journey)


def test_an_observation_without_a_goal_is_refused():
    with pytest.raises(BadInput, match="pointgoal_with_gps_compass or pointgoal"):
        Odometer().goal({"gps": np.zeros(2), "compass": np.zeros(1)}, None)


@pytest.mark.parametrize("settings", [{"forward": 0.0}, {"turn": -1.0}, {"turn": 181.0}])
def test_moves_of_nothing_are_refused(settings):
    with pytest.raises(BadSetting):
        Odometer(**settings)
