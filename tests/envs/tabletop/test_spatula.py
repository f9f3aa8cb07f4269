"""Pushing: small blocks have sides of 3 cm, the blade is 5 cm wide."""

import math
from dataclasses import replace

import pytest

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.physics import Physics
from uio2_agent.envs.tabletop.scene import Body, yaw_to_quaternion
from uio2_agent.envs.tabletop.spatula import THICKNESS, stroke

SIDE = 0.03
PUSH = Move(pick=(0.6, 0.0), place=(0.4, 0.1))
DIRECTION = (-0.2 / math.hypot(0.2, 0.1), 0.1 / math.hypot(0.2, 0.1))


def block(obj_id=4, x=0.6, y=0.0, yaw=0.0):
    return Body(
        obj_id=obj_id,
        shape="small block",
        texture="red",
        position=(x, y, 0.0),
        rotation=yaw_to_quaternion(yaw),
    )


def pushed(bodies, move=PUSH):
    world = Physics()
    world.load(bodies)
    trace = world.push(move)
    after = world.bodies
    world.close()
    return after, trace


def test_the_blade_starts_2_cm_behind_and_stops_5_cm_short():
    path = stroke(PUSH)
    assert path is not None
    far = math.dist(PUSH.pick, PUSH.place)
    assert math.dist(path.start, PUSH.pick) == pytest.approx(0.02)
    assert math.dist(path.start, PUSH.place) == pytest.approx(far + 0.02)
    end = [s + path.length * d for s, d in zip(path.start, path.direction, strict=True)]
    assert math.dist(end, PUSH.place) == pytest.approx(0.05)


def test_the_blade_never_jumps_its_own_thickness_and_brakes():
    path = stroke(PUSH)
    assert path is not None
    steps = [step for _, step in path.steps()]
    assert sum(steps) == pytest.approx(path.length)
    assert max(steps) < THICKNESS
    assert max(steps[-3:]) < max(steps) / 4


@pytest.mark.parametrize("yaw", [0.0, 0.4, 0.8, 1.2, 2.0])
def test_a_block_stays_at_the_blade_whatever_way_it_stood(yaw):
    after, _ = pushed([block(yaw=yaw)])
    end = after[4]
    along = (end.xy[0] - 0.6) * DIRECTION[0] + (end.xy[1]) * DIRECTION[1]
    across = end.xy[0] * DIRECTION[1] - end.xy[1] * DIRECTION[0] - 0.6 * DIRECTION[1]
    expected = math.hypot(0.2, 0.1) - 0.05 + (THICKNESS + SIDE) / 2
    assert along == pytest.approx(expected, abs=0.004)
    assert abs(across) < 0.012
    assert end.position[2] == pytest.approx(0.0, abs=1e-3)


def test_what_is_not_in_the_way_stays_where_it_is():
    aside = block(5, 0.5, 0.15, yaw=0.3)
    after, _ = pushed([block(), aside])
    assert after[5].xy == pytest.approx(aside.xy, abs=1e-4)


def test_a_block_pushes_the_block_before_it():
    ahead = block(5, 0.52, 0.04)
    after, _ = pushed([block(), ahead])
    assert after[5].xy[0] < 0.42
    assert math.dist(after[4].xy, after[5].xy) > 0.9 * SIDE


@pytest.mark.parametrize("far", [0.0, 0.02, 0.03])
def test_a_push_too_short_for_the_blade_does_nothing(far):
    before = block()
    after, trace = pushed([before], Move(pick=(0.6, 0.0), place=(0.6 - far, 0.0)))
    assert trace == []
    assert after == {4: before}


@pytest.mark.parametrize("offset", [-0.02, -0.01, 0.0, 0.01, 0.02])
def test_a_block_the_blade_comes_down_on_does_not_fly(offset):
    """It goes to one side of the blade or the other, and stays on the table."""
    x, y = PUSH.pick[0] - 0.02 * DIRECTION[0], -0.02 * DIRECTION[1]
    start = block(x=x + offset * DIRECTION[0], y=y + offset * DIRECTION[1], yaw=0.5)
    after, trace = pushed([start])
    assert all(abs(bodies[4].position[2]) < 0.01 for bodies in trace)
    assert abs(after[4].position[2]) < 1e-3
    assert 0.4 < after[4].xy[0] < 0.66 and -0.05 < after[4].xy[1] < 0.12


def test_the_way_is_told_every_few_centimetres():
    line = Body(obj_id=9, shape="line", texture="red", position=(0.5, 0.0, 0.0))
    after, trace = pushed([block(), line])
    places = [bodies[4].xy for bodies in trace]
    assert len(places) > 5
    assert all(math.dist(a, b) < 0.026 for a, b in zip(places, places[1:], strict=False))
    assert math.dist(places[-1], after[4].xy) < 0.026
    assert all(set(bodies) == {4} for bodies in trace)
    assert after[9] == line


def test_the_same_pushes_end_the_same_way():
    crowd = [block(4), block(5, 0.55, 0.05, 0.3), block(6, 0.54, -0.02, 1.0)]

    def twice():
        world = Physics()
        world.load(crowd)
        world.push(PUSH)
        world.push(replace(PUSH, place=(0.35, -0.1)))
        after = world.bodies
        world.close()
        return after

    assert twice() == twice()
