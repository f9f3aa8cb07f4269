"""How an episode goes, with a simulator that is a plain of one metre per step."""

import math

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.envs.pointnav.actuation import Motion, Pose, move
from uio2_agent.envs.pointnav.episodes import Goal, PointNavEpisode
from uio2_agent.envs.pointnav.navigation import Navigation
from uio2_agent.envs.pointnav.simulator import Pathfinder
from uio2_agent.envs.pointnav.task import SENSORS, Task
from uio2_agent.errors import BadAction, UnknownName


class Plain(Pathfinder):
    """Everything is straight and nothing is in the way, but for x > 3."""

    def try_step(self, start, end, sliding):
        return np.minimum(end, [3.0, np.inf, np.inf])

    def geodesic(self, start, ends):
        return float(np.linalg.norm(np.atleast_2d(ends) - start, axis=1).min())

    def path(self, start, end):
        return type("Path", (), {"points": np.stack([start, end])})

    def snap(self, point):
        return np.array([point[0], 0.0, point[2]])

    def is_navigable(self, point, max_y_delta=0.5):
        return True

    def island_radius(self, point):
        return 9.0

    def random_point(self, rng):
        return rng.random(3)

    def distance_to_wall(self, point, max_radius=2.0):
        return min(3 - point[0], max_radius)

    def triangles(self):
        return np.array([[[-4, 0, -4], [3, 0, 4], [3, 0, -4]]], np.float64)


class Flat:
    """The simulator: every step is one metre, every turn a right angle."""

    def __init__(self):
        self.pathfinder, self.looks, self.closed = Plain(), 0, False
        self.asked = []

    def load(self, scene_id):
        self.scene_id = scene_id

    def begin(self, start, seed):
        self.pose, self.seed = start, seed

    def act(self, action):
        motion = [Motion(), Motion(1.0), Motion(turn=math.pi / 2), Motion(turn=-math.pi / 2)]
        self.pose, collided = move(self.pathfinder, self.pose, motion[action], True)
        return collided

    def observe(self):
        self.looks += 1
        return np.full((4, 6, 3), 100, np.uint8), np.full((4, 6), 5.0, np.float32)

    def oracle_action(self, goal):
        self.asked.append(goal)
        return 1

    def close(self):
        self.closed = True


class OneEpisode:
    """Two goals: 2 m ahead, below the floor, and 9 m behind."""

    def episode(self, seed, simulator):
        simulator.load("plain.glb")
        return PointNavEpisode(
            episode_id=str(seed),
            scene_id="plain.glb",
            start_position=(0.0, 0.0, 0.0),
            start_rotation=(0.0, 0.0, 0.0, 1.0),
            goals=(Goal(position=(0.0, 0.0, -2.0)), Goal(position=(0.0, 0.0, 9.0))),
        )


def make(oracle=False, render_mode=None, **changes):
    task = Task(**{"size": (4, 6), "sensors": SENSORS, "max_steps": 6, **changes})
    return Navigation(Flat(), task, OneEpisode(), oracle, render_mode)


def test_all_sensors_are_observed_in_their_spaces():
    env = make()
    seen, _ = env.reset(seed=0)
    assert env.observation_space.contains(seen) and set(seen) == set(SENSORS)
    for action in (2, 1, 3):
        seen = env.step(action)[0]
    assert env.observation_space.contains(seen)
    assert seen["gps"].tolist() == pytest.approx([0, -1], abs=1e-6)
    assert seen["compass"][0] == pytest.approx(0, abs=1e-6)
    assert seen["pointgoal"].tolist() == pytest.approx([2, 0], abs=1e-6)
    assert seen["pointgoal_with_gps_compass"][0] == pytest.approx(math.sqrt(5))
    assert seen["proximity"][0] == 2.0 and seen["depth"][0, 0, 0] == 0.5


def test_stop_at_the_goal_ends_and_wins_the_episode():
    env = make()
    env.reset(seed=0)
    env.step(1)
    _, reward, terminated, truncated, info = env.step(1)
    assert (reward, terminated, truncated) == (pytest.approx(0.99), False, False)
    _, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated) == (pytest.approx(2.49), True, False)
    assert info["success"] and not info["failure"]
    assert info["metrics"]["spl"] == 1.0 and info["metrics"]["path_length"] == pytest.approx(2)


def test_stop_elsewhere_loses_it():
    env = make()
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(0)
    assert (reward, terminated) == (pytest.approx(-0.01), True)
    assert info["failure"] and not info["success"]


def test_too_many_steps_cut_it_short():
    env = make()
    env.reset(seed=0)
    ends = [env.step(2)[2:4] for _ in range(6)]
    assert ends == [(False, False)] * 5 + [(False, True)]


def test_a_stop_in_the_last_step_still_terminates():
    env = make(max_steps=1)
    env.reset(seed=0)
    assert env.step(0)[2:4] == (True, False)


def test_a_step_after_the_end_changes_nothing_and_earns_nothing():
    env = make()
    env.reset(seed=0)
    env.step(1)
    last = env.step(0)
    looks = env.simulator.looks
    again = env.step(1)
    np.testing.assert_equal(again[0], last[0])
    assert again[1] == 0.0 and again[2:4] == last[2:4]
    np.testing.assert_equal(again[4], last[4])
    assert env.simulator.looks == looks


def test_collisions_are_told_and_counted():
    env = make()
    env.reset(seed=0)
    for action in (3, 1, 1, 1):
        env.step(action)
    info = env.step(1)[4]
    assert info["collided"] and info["metrics"]["collisions"] == 1


def test_the_oracle_is_asked_for_the_nearest_goal_on_the_mesh_and_stops_when_all_is_over():
    env = make(oracle=True)
    _, info = env.reset(seed=0)
    assert info["oracle_action"] == 1
    assert env.simulator.asked[0].tolist() == [0, 0, -2]
    assert env.step(0)[4]["oracle_action"] == 0 and len(env.simulator.asked) == 1
    assert "oracle_action" not in make().reset(seed=0)[1]


@pytest.mark.parametrize("action", [4, -1, 1.0, "1", None, np.array([1])])
def test_a_bad_action_is_refused_and_leaves_everything_as_it_was(action):
    env = make(oracle=True)
    env.reset(seed=0)
    with pytest.raises(BadAction, match="stop"):
        env.step(action)
    assert env.step(0)[4]["metrics"]["path_length"] == 0


def test_nothing_is_drawn_unless_a_camera_is_observed_or_a_picture_asked_for():
    env = make(sensors=("gps",), render_mode="rgb_array")
    env.reset(seed=0)
    env.step(1)
    assert env.simulator.looks == 0
    env.render()
    env.render()
    assert env.simulator.looks == 1
    env = make(sensors=("depth", "rgb"))
    env.reset(seed=0)
    assert env.simulator.looks == 1


def test_pictures_keep_their_size_and_show_what_changes():
    env = make(render_mode="rgb_array")
    env.reset(seed=0)
    pictures = [env.render()]
    for action in (1, 2, 1):
        env.step(action)
        pictures.append(env.render())
    assert len({p.shape for p in pictures}) == 1 and pictures[0].dtype == np.uint8
    assert all((a != b).any() for a, b in zip(pictures, pictures[1:], strict=False))
    assert make().render() is None


def test_noise_is_drawn_from_the_seed_alone():
    env, other = make(noise=True), make(noise=True)
    env.reset(seed=1)
    env.step(1)
    first, again = env.reset(seed=5)[0], other.reset(seed=5)[0]
    np.testing.assert_equal(first, again)
    assert first["rgb"].std() > 5
    assert (env.step(2)[0]["rgb"] != first["rgb"]).any()
    assert (env.reset(seed=6)[0]["rgb"] != first["rgb"]).any()


def test_seeds_of_episodes_without_one_come_from_training():
    env = make()
    env.reset(seed=3)
    seeds = []
    for _ in range(50):
        env.reset()
        seeds.append(env.simulator.seed)
    assert len(set(seeds)) > 40 and max(seeds) < 900_000


def test_an_episode_must_be_started():
    env = make(render_mode="rgb_array")
    for call in (lambda: env.step(1), env.render):
        with pytest.raises(gym.error.ResetNeeded):
            call()
    env.reset(seed=0)
    env.close()
    assert env.simulator.closed
    with pytest.raises(gym.error.ResetNeeded):
        env.step(1)


def test_an_unknown_render_mode_is_named():
    with pytest.raises(UnknownName, match="human"):
        make(render_mode="human")


def test_the_instruction_says_how_far_and_where():
    assert make().reset(seed=0)[1]["prompt"] == "go 2.0 m, 0 degrees to the right"


def test_the_pose_told_is_the_callers_own():
    env = make()
    _, info = env.reset(seed=0)
    assert isinstance(env.simulator.pose, Pose)
    info["position"] += 1
    assert env.step(2)[4]["position"].tolist() == [0, 0, 0]
