"""How high things lie that start on or in other things: nothing settles before the first step."""

from collections.abc import Iterable
from dataclasses import replace

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.collision import WALL, dish, hull
from uio2_agent.envs.tabletop.scene import Body


def stacked(pile: Iterable[Body]) -> tuple[Body, ...]:
    """Bodies that stand on each other, the lowest first, each where it is but as high as it must.

    All lie flat.
    """
    height = 0.0
    lifted = []
    for body in pile:
        lifted.append(replace(body, position=(*body.xy, height)))
        height += SHAPES[body.shape].real[2] * body.scale[2]
    return tuple(lifted)


def inside(container: Body, body: Body) -> Body:
    """`body` lying flat in the middle of `container`.

    Neither is turned. On the floor of a box, on top of a pallet, on the bare table in a frame; in a
    round dish as high up the sloping wall as its corners ask.
    """
    return replace(body, position=(*container.xy, _floor(container, body)))


def _floor(container: Body, body: Body) -> float:
    height = SHAPES[container.shape].real[2] * container.scale[2]
    match container.shape:
        case "bowl" | "pan":
            return dish(container.shape).height_of(hull(body.shape)[:, :2] * body.scale[:2])
        case "container":
            return WALL
        case "pallet":
            return height
    return 0.0  # frames and squares are hollow
