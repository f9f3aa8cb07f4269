"""Poses, and moves in front of a wall that is a plane."""

import math

import numpy as np
import pytest

from uio2_agent.envs.pointnav.actuation import (
    Motion,
    Pose,
    command,
    compose,
    inverse,
    move,
    rotate,
    yaw_rotation,
)
from uio2_agent.envs.pointnav.task import TASKS
from uio2_agent.interface import FORWARD, LEFT, RIGHT, STOP


class Wall:
    """Nobody gets beyond x = 1."""

    def try_step(self, start, end, sliding):
        return np.minimum(end, [1.0, np.inf, np.inf]) if sliding else start


class Open:
    def try_step(self, start, end, sliding):
        return end


def pose(x=0.0, yaw=0.0):
    return Pose(np.array([x, 0.0, 0.0]), yaw_rotation(yaw))


def test_forward_is_minus_z_and_a_left_turn_leads_to_minus_x():
    ahead, _ = move(Open(), pose(), Motion(forward=0.5), sliding=True)
    np.testing.assert_allclose(ahead.position, [0, 0, -0.5], atol=1e-7)
    turned, _ = move(Open(), pose(), Motion(turn=math.pi / 2), sliding=True)
    assert turned.yaw == pytest.approx(math.pi / 2)
    left, _ = move(Open(), turned, Motion(forward=0.5, right=0.25), sliding=True)
    np.testing.assert_allclose(left.position, [-0.5, 0, -0.25], atol=1e-7)


def test_a_motion_goes_first_and_turns_then():
    reached, _ = move(Open(), pose(), Motion(forward=1.0, turn=math.pi / 2), sliding=True)
    np.testing.assert_allclose(reached.position, [0, 0, -1], atol=1e-7)


def test_what_a_wall_shortens_is_a_collision():
    right = pose(x=0.9, yaw=-math.pi / 2)
    reached, collided = move(Wall(), right, Motion(forward=0.25), sliding=True)
    assert collided and reached.position[0] == pytest.approx(1.0)
    assert not move(Wall(), pose(0.5, -math.pi / 2), Motion(forward=0.25), sliding=True)[1]


def test_a_turn_never_collides_and_leaves_the_position_alone():
    stuck = pose(x=5.0)
    reached, collided = move(Wall(), stuck, Motion(turn=0.3), sliding=False)
    assert not collided and reached.position is stuck.position


def test_rotations_stay_of_unit_length_over_many_turns():
    rotation = yaw_rotation(0.0)
    for _ in range(3600):
        rotation = compose(rotation, yaw_rotation(math.radians(10)))
    np.testing.assert_allclose(rotation[[1, 3]] ** 2 @ [1, 1], 1, atol=1e-12)
    assert Pose(np.zeros(3), rotation).yaw == pytest.approx(0, abs=1e-9)


def test_rotating_there_and_back_gives_the_same_vector():
    rotation = np.array([0.1, 0.7, -0.3, 0.6])
    rotation /= np.linalg.norm(rotation)
    there = rotate(rotation, (1.0, 2.0, 3.0))
    assert np.linalg.norm(there) == pytest.approx(math.sqrt(14))
    np.testing.assert_allclose(rotate(inverse(rotation), there), [1, 2, 3])


def test_actions_mean_the_tasks_step_and_turn():
    task = TASKS["v2"]
    assert command(STOP, task) == Motion()
    assert command(FORWARD, task) == Motion(forward=0.25)
    assert command(LEFT, task).turn == -command(RIGHT, task).turn == pytest.approx(math.pi / 6)
