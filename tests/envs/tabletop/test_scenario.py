"""When a goal is met."""

import math

import pytest

from uio2_agent.envs.tabletop.scenario import Goal
from uio2_agent.envs.tabletop.scene import Body, yaw_to_quaternion


def heart(x=0.5, y=0.0, degrees=0.0):
    return Body(
        obj_id=5,
        shape="heart",
        texture="red",
        position=(x, y, 0.0),
        rotation=yaw_to_quaternion(math.radians(degrees)),
    )


@pytest.mark.parametrize(("distance", "met"), [(0.0, True), (0.099, True), (0.101, False)])
def test_a_goal_is_met_within_its_tolerance(distance, met):
    goal = Goal(obj_id=5, xy=(0.5, 0.0), tolerance=0.1)
    assert goal.met_by(heart(y=distance)) is met
    assert goal.met_by(heart(x=0.5 - distance)) is met


def test_turning_does_not_count_where_no_yaw_is_wanted():
    assert Goal(obj_id=5, xy=(0.5, 0.0), tolerance=0.1).met_by(heart(degrees=77))


@pytest.mark.parametrize(
    ("error", "period", "met"),
    [
        (14.9, 360, True),
        (-14.9, 360, True),
        (15.1, 360, False),
        (-15.1, 360, False),
        (120, 360, False),
        (120, 120, True),
        (134.9, 120, True),
        (105.1, 120, True),
        (60, 120, False),
        (90, 90, True),
        (77, 0, True),
    ],
)
@pytest.mark.parametrize("wanted", [0.0, 170.0, -200.0])
def test_yaw_counts_within_15_degrees_modulo_symmetry(error, period, met, wanted):
    goal = Goal(obj_id=5, xy=(0.5, 0.0), tolerance=0.1, yaw=math.radians(wanted), symmetry=period)
    assert goal.met_by(heart(degrees=wanted + error)) is met
