"""Actions: what is accepted, what is refused, and what a rotation comes down to."""

import math

import numpy as np
import pytest

from uio2_agent.envs.tabletop.actions import Move, action_space, parse, twist
from uio2_agent.envs.tabletop.scene import yaw_to_quaternion
from uio2_agent.errors import BadAction

GOOD = Move(pick=(0.3, -0.2), place=(0.6, 0.4), turn=0.5).action()


def test_a_move_survives_being_an_action():
    move = parse(GOOD)
    assert move.pick == pytest.approx((0.3, -0.2))
    assert move.place == pytest.approx((0.6, 0.4))
    assert move.turn == pytest.approx(0.5)


def test_every_action_of_the_space_is_accepted():
    space = action_space()
    space.seed(0)
    for _ in range(200):
        parse(space.sample())


def test_moves_are_clipped_into_the_space():
    assert action_space().contains(Move(pick=(0.1, -0.9), place=(0.9, 0.9)).action())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "pose0_position",
            [0.2, 0.0],
            r"pose0_position\[0\] is 0.2, expected within \[0.25, 0.75\]",
        ),
        (
            "pose1_position",
            [0.5, 0.6],
            r"pose1_position\[1\] is 0.6, expected within \[-0.5, 0.5\]",
        ),
        ("pose1_position", [0.5, math.nan], r"pose1_position\[1\] is nan"),
        ("pose0_position", [math.inf, 0.0], r"pose0_position\[0\] is inf"),
        ("pose0_rotation", [0, 0, 0, 1.5], r"pose0_rotation\[3\] is 1.5, expected within \[-1.0"),
        ("pose0_position", [0.5, 0.0, 0.0], r"pose0_position is of shape \(3,\)"),
        ("pose1_rotation", "east", "pose1_rotation is 'east', expected 4 numbers"),
        ("pose1_rotation", None, "pose1_rotation"),
    ],
)
def test_what_is_wrong_is_named_with_its_bounds(key, value, message):
    with pytest.raises(BadAction, match=message):
        parse({**GOOD, key: value})


@pytest.mark.parametrize(
    "action",
    [
        {k: v for k, v in GOOD.items() if k != "pose1_rotation"},
        {**GOOD, "gripper": 1},
        {},
        None,
        np.zeros(12),
    ],
)
def test_other_keys_are_refused(action):
    with pytest.raises(BadAction, match="pose0_position, pose0_rotation"):
        parse(action)


def test_float64_and_lists_are_accepted_as_they_are():
    assert parse({k: v.astype(np.float64).tolist() for k, v in GOOD.items()}) == parse(GOOD)


@pytest.mark.parametrize("degrees", [0, 30, 90, -120, 179])
def test_twist_is_the_yaw_of_an_upright_rotation_of_any_length(degrees):
    q = np.array(yaw_to_quaternion(math.radians(degrees)))
    for factor in (1.0, 0.3, -1.0):
        assert math.cos(twist(factor * q)) == pytest.approx(math.cos(math.radians(degrees)))
        assert math.sin(twist(factor * q)) == pytest.approx(math.sin(math.radians(degrees)))


@pytest.mark.parametrize("q", [(0, 0, 0, 0), (1, 0, 0, 0), (0.6, 0.8, 0, 0)])
def test_no_rotation_and_upside_down_count_as_no_turn(q):
    assert twist(np.array(q, float)) == 0


def test_a_tilted_rotation_counts_by_its_turn_about_the_vertical():
    yaw, tilt = math.radians(40), math.radians(30)
    # First tilt about x, then turn about z.
    z, w = math.sin(yaw / 2), math.cos(yaw / 2)
    x, u = math.sin(tilt / 2), math.cos(tilt / 2)
    assert twist(np.array([w * x, z * x, z * u, w * u])) == pytest.approx(yaw)


def test_only_the_difference_of_the_two_rotations_turns_the_object():
    a, b = (np.array(yaw_to_quaternion(t), np.float32) for t in (0.3, 1.0))
    assert parse({**GOOD, "pose0_rotation": a, "pose1_rotation": b}).turn == pytest.approx(0.7)
