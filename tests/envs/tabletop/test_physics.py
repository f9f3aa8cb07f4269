"""Picking and placing. Bodies are a few centimetres large; the table's top is z = 0."""

import math

import pytest

from uio2_agent.envs.tabletop import physics as physics_module
from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.catalogue import CONTAINERS, SHAPES
from uio2_agent.envs.tabletop.physics import MAX_SETTLE_STEPS, Physics
from uio2_agent.envs.tabletop.scene import Body, yaw_to_quaternion
from uio2_agent.errors import MissingDependency

BLOCK = Body(obj_id=5, shape="block", texture="red", position=(0.4, -0.2, 0.0))
TEE = Body(obj_id=6, shape="letter T", texture="red", position=(0.6, 0.2, 0.0))


@pytest.fixture
def world():
    physics = Physics()
    physics.load([BLOCK, TEE])
    yield physics
    physics.close()


def base(shape="container", x=0.45, y=0.1):
    return Body(obj_id=7, shape=shape, texture="blue", position=(x, y, 0.0))


def test_a_body_is_carried_to_the_place_and_stands_on_the_table(world):
    assert world.pick_place(Move(pick=BLOCK.xy, place=(0.5, 0.0))) == BLOCK.obj_id
    block = world.bodies[BLOCK.obj_id]
    assert block.xy == pytest.approx((0.5, 0.0), abs=1e-3)
    assert block.position[2] == pytest.approx(0.0, abs=1e-3)


def test_a_body_is_turned_about_the_point_it_is_picked_at(world):
    pick = (TEE.xy[0] + 0.02, TEE.xy[1] + 0.01)
    world.pick_place(Move(pick=pick, place=(0.5, 0.0), turn=math.pi / 2))
    tee = world.bodies[TEE.obj_id]
    assert tee.yaw == pytest.approx(math.pi / 2, abs=0.01)
    assert tee.xy == pytest.approx((0.51, -0.02), abs=1e-3)


def test_picking_an_empty_spot_changes_nothing(world):
    before = world.bodies
    assert world.pick_place(Move(pick=(0.7, -0.4), place=(0.5, 0.0))) is None
    assert world.bodies == before


@pytest.mark.parametrize("shape", CONTAINERS)
def test_containers_cannot_be_picked(shape):
    world = Physics()
    world.load([base(shape)])
    edge = (0.45 + 0.49 * min(SHAPES[shape].real[:2]) - 0.002, 0.1)
    for pick in (edge, (0.45, 0.1)):
        assert world.pick_place(Move(pick=pick, place=(0.6, 0.3))) is None
    assert world.bodies[7] == base(shape)


@pytest.mark.parametrize("shape", CONTAINERS)
def test_a_thing_put_into_a_container_stays_there(shape):
    world = Physics()
    world.load([BLOCK, base(shape)])
    world.pick_place(Move(pick=BLOCK.xy, place=(0.45, 0.1)))
    block = world.bodies[BLOCK.obj_id]
    assert math.dist(block.xy, (0.45, 0.1)) < 0.02
    assert -0.002 < block.position[2] < 0.045
    assert world.settle_steps < MAX_SETTLE_STEPS


def test_a_body_put_on_another_rests_on_it_and_is_picked_before_it(world):
    world.pick_place(Move(pick=BLOCK.xy, place=TEE.xy))
    height = SHAPES["letter T"].real[2]
    assert world.bodies[BLOCK.obj_id].position[2] == pytest.approx(height, abs=3e-3)
    assert world.pick_place(Move(pick=TEE.xy, place=(0.4, -0.2))) == BLOCK.obj_id
    assert world.bodies[TEE.obj_id].xy == pytest.approx(TEE.xy, abs=2e-3)


def test_a_held_body_is_lowered_only_until_it_touches(world, monkeypatch):
    monkeypatch.setattr(Physics, "_settle", lambda self: None)
    world.pick_place(Move(pick=BLOCK.xy, place=(TEE.xy[0] + 0.03, TEE.xy[1])))
    height = SHAPES["letter T"].real[2]
    assert world.bodies[BLOCK.obj_id].position[2] == pytest.approx(height, abs=2e-3)
    world.pick_place(Move(pick=(0.63, 0.2), place=(0.4, 0.3)))
    assert world.bodies[BLOCK.obj_id].position[2] == pytest.approx(0, abs=1e-6)


def test_what_stood_on_a_body_taken_away_falls(world):
    world.pick_place(Move(pick=BLOCK.xy, place=TEE.xy))
    world.pick_place(Move(pick=(TEE.xy[0], TEE.xy[1] + 0.05), place=(0.4, -0.3)))
    world.pick_place(Move(pick=(0.7, -0.4), place=(0.5, 0.0)))
    assert world.bodies[BLOCK.obj_id].position[2] < 0.04


def test_others_are_not_disturbed_by_what_happens_elsewhere(world):
    world.pick_place(Move(pick=BLOCK.xy, place=(0.5, -0.3)))
    tee = world.bodies[TEE.obj_id]
    assert math.dist(tee.position, TEE.position) < 5e-4
    assert tee.yaw == pytest.approx(TEE.yaw, abs=1e-3)


def test_two_worlds_in_one_process_do_not_disturb_each_other(world):
    other = Physics()
    other.load([BLOCK])
    other.pick_place(Move(pick=BLOCK.xy, place=(0.6, -0.3)))
    assert world.bodies[BLOCK.obj_id] == BLOCK
    world.pick_place(Move(pick=BLOCK.xy, place=(0.5, 0.0)))
    assert other.bodies[BLOCK.obj_id].xy == pytest.approx((0.6, -0.3), abs=1e-3)
    other.close()
    assert world.pick_place(Move(pick=(0.5, 0.0), place=BLOCK.xy)) == BLOCK.obj_id


def test_the_same_moves_end_the_same_way_whatever_was_done_before(world):
    moves = [
        Move(pick=BLOCK.xy, place=(0.62, 0.17), turn=0.4),
        Move(pick=TEE.xy, place=(0.3, 0.0), turn=-1.0),
    ]
    scene = [BLOCK, TEE, base("bowl")]

    def outcome():
        world.load(scene)
        for move in moves:
            world.pick_place(move)
        return world.bodies

    first = outcome()
    world.load([base("pan")])
    world.pick_place(moves[1])
    assert outcome() == first
    fresh = Physics()
    fresh.load(scene)
    for move in moves:
        fresh.pick_place(move)
    assert fresh.bodies == first


def test_a_turned_container_is_felt_where_it_is_drawn():
    world = Physics()
    pan = Body(
        obj_id=7,
        shape="pan",
        texture="blue",
        position=(0.45, 0.0, 0.0),
        rotation=yaw_to_quaternion(math.pi / 2),
    )
    world.load([BLOCK, pan])
    world.pick_place(Move(pick=BLOCK.xy, place=(0.45, 0.15)))  # onto the handle, at +y
    assert world.bodies[BLOCK.obj_id].position[2] > 0.02


def test_without_pybullet_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(physics_module.sys.modules, "pybullet", None)
    monkeypatch.delitem(physics_module.sys.modules, "pybullet")
    monkeypatch.setattr(physics_module.sys, "path", [])
    monkeypatch.setattr(physics_module.sys, "meta_path", [])
    with pytest.raises(MissingDependency, match="pip install pybullet"):
        Physics()
