"""What somebody would do who knows everything: all remaining moves from the present picture.

Objects are picked at their centre and turned only where turning is scored, so that a label can be
read off the picture. Of several objects the leftmost comes first: unlike upstream's "farthest from
its target" (vima_bench.md §8) that too can be seen at a glance.
"""

import math
from collections.abc import Mapping

import numpy as np

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.goals import near
from uio2_agent.envs.tabletop.progress import Progress, judge
from uio2_agent.envs.tabletop.pushes import plan_pushes
from uio2_agent.envs.tabletop.sampler import FreeSpace, pixel_xy
from uio2_agent.envs.tabletop.scenario import Goal, Scenario
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE, Body
from uio2_agent.envs.tabletop.sweeping import Sweeping

# How much farther than asked a distractor is carried away from a target, metres.
MARGIN = 0.02

# Nobody stands in the corner; were it so, the object would be put back where it was.
REST = Move(pick=(X_RANGE[0], Y_RANGE[0]), place=(X_RANGE[0], Y_RANGE[0]))


def plan(
    scenario: Scenario,
    bodies: Mapping[int, Body] | None = None,
    progress: Progress | None = None,
) -> list[Move]:
    """Moves that finish the episode.

    Args:
        scenario: The episode.
        bodies: Where things are now, by id; at first where the scenario put them.
        progress: What has been done already; at first nothing.

    Returns:
        First every movable distractor off the targets, each to the nearest place with room for it;
        then, stage by stage, one move per open goal, leftmost object first. Empty when nothing is
        left to do. Sweeps: see `pushes.plan_pushes`.
    """
    progress = progress or judge(scenario)
    now = dict(bodies or {body.obj_id: body for body in scenario.bodies})
    if progress.over:
        return []
    if isinstance(progress, Sweeping):
        return plan_pushes(now, progress)
    moves = []
    for obj_id in scenario.distractors:
        body = now[obj_id]
        if SHAPES[body.shape].kind == "movable" and any(
            near(body, goal.xy, goal.tolerance) for goal in scenario.goals
        ):
            place = refuge(scenario, now, body)
            moves.append(Move(pick=body.xy, place=place))
            now[obj_id] = body.at(*place)
    for stage in progress.remaining:
        for goal in sorted(stage, key=lambda goal: now[goal.obj_id].xy[::-1]):
            body = now[goal.obj_id]
            moves.append(Move(pick=body.xy, place=goal.xy, turn=_turn(body, goal)))
            now[goal.obj_id] = body.at(*goal.xy, yaw=body.yaw + moves[-1].turn)
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
