"""Where things lie that start on or in others; physics has the last word."""

import pytest

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.catalogue import CONTAINERS, DEFAULT_MOVABLES
from uio2_agent.envs.tabletop.physics import Physics
from uio2_agent.envs.tabletop.resting import inside, stacked
from uio2_agent.envs.tabletop.scene import Body

FAR = (0.3, -0.4)


def body(obj_id, shape, x=0.5, y=0.1):
    return Body(obj_id=obj_id, shape=shape, texture="red", position=(x, y, 0.0))


def settled(*bodies):
    """Everything after something far off has been moved."""
    physics = Physics()
    physics.load([*bodies, body(99, "block", *FAR)])
    assert physics.pick_place(Move(pick=FAR, place=(0.7, -0.4))) == 99
    found = physics.bodies
    physics.close()
    return found


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_lies_in_a_container_stays_there(container):
    for shape in DEFAULT_MOVABLES:
        base = body(5, container)
        put = inside(base, body(6, shape, x=0.3))
        assert put.xy == base.xy
        found = settled(base, put)[6]
        # In a round dish things also tilt and slide a little.
        assert found.position == pytest.approx(put.position, abs=0.016), shape


@pytest.mark.parametrize("shape", DEFAULT_MOVABLES)
def test_what_is_stacked_stays_stacked(shape):
    pile = stacked(body(i, shape) for i in (5, 6, 7))
    found = settled(*pile)
    for one in pile:
        assert found[one.obj_id].position == pytest.approx(one.position, abs=0.003)


def test_a_wide_thing_lies_higher_in_a_bowl_than_a_narrow_one():
    bowl = body(5, "bowl")
    narrow, wide = (inside(bowl, body(6, shape)).position[2] for shape in ("block", "letter T"))
    assert 0.006 <= narrow < wide < 0.069
