"""What somebody would do who knows everything: all remaining moves from the present picture.

Objects are picked at their centre and turned only where turning is scored, so that a label can be
read off the picture. Of several objects the leftmost comes first: unlike upstream's "farthest from
its target" (vima_bench.md §8) that too can be seen at a glance.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.goals import near
from uio2_agent.envs.tabletop.sampler import FreeSpace, pixel_xy
from uio2_agent.envs.tabletop.scenario import Goal, Scenario
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE, Body

# How much farther than asked a distractor is carried away from a target, metres.
MARGIN = 0.02

# Nobody stands in the corner; were it so, the object would be put back where it was.
REST = Move(pick=(X_RANGE[0], Y_RANGE[0]), place=(X_RANGE[0], Y_RANGE[0]))


def plan(
    scenario: Scenario,
    bodies: Mapping[int, Body] | None = None,
    open_goals: Sequence[Goal] | None = None,
) -> list[Move]:
    """Moves that finish the episode.

    Args:
        scenario: The episode.
        bodies: Where things are now, by id; at first where the scenario put them.
        open_goals: What is still to be done; at first everything.

    Returns:
        First every movable distractor off the targets, each to the nearest place with room for it;
        then one move per open goal, leftmost object first. Empty when nothing is left to do.
    """
    now = dict(bodies or {body.obj_id: body for body in scenario.bodies})
    todo = scenario.goals if open_goals is None else open_goals
    if not todo:
        return []
    moves = []
    for obj_id in scenario.distractors:
        body = now[obj_id]
        if SHAPES[body.shape].kind == "movable" and any(
            near(body, goal.xy, goal.tolerance) for goal in scenario.goals
        ):
            place = refuge(scenario, now, body)
            moves.append(Move(pick=body.xy, place=place))
            now[obj_id] = body.at(*place)
    for goal in sorted(todo, key=lambda goal: now[goal.obj_id].xy[::-1]):
        body = now[goal.obj_id]
        moves.append(Move(pick=body.xy, place=goal.xy, turn=_turn(body, goal)))
    return moves


def refuge(scenario: Scenario, bodies: Mapping[int, Body], body: Body) -> tuple[float, float]:
    """The place nearest to `body` where it is in nobody's way, x, y in metres."""
    space = FreeSpace()
    for other in bodies.values():
        if other.obj_id != body.obj_id:
            space.take(other)
    for goal in scenario.goals:
        space.take(bodies[goal.obj_id].at(*goal.xy))
    clear = [(goal.xy, goal.tolerance + MARGIN) for goal in scenario.goals]
    room = space.room_for(body.shape, body.scale, clear)
    if not room.any():  # an untidy table: rather on top of something than on a target
        room = FreeSpace().room_for(body.shape, body.scale, clear)
    spots = np.stack(pixel_xy(*np.nonzero(room)), axis=1)  # (N, 2)
    x, y = spots[np.argmin(((spots - body.xy) ** 2).sum(1))].tolist()
    return x, y


def _turn(body: Body, goal: Goal) -> float:
    """Radians in [-pi, pi)."""
    if goal.yaw is None:
        return 0.0
    return (goal.yaw - body.yaw + math.pi) % (2 * math.pi) - math.pi
