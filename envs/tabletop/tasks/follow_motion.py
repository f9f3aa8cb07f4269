"""Task 10: move a thing as the pictures show (vima_bench.md §6)."""

import math

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture, scene_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal, Rules
from uio2_agent.envs.tabletop.tasks.base import Layout, Task, new_body, pick_kind
from uio2_agent.envs.tabletop.tasks.rearrange import place_in_words

CENTRE = (0.5, 0.0)
RADIUS = 0.19
POINTS = 5
MOVES = 2

# Rounded, so that the last bit of a sine does not depend on the platform.
WAYPOINTS = tuple(
    (
        round(CENTRE[0] + RADIUS * math.cos(2 * math.pi * i / POINTS), 6),
        round(CENTRE[1] + RADIUS * math.sin(2 * math.pi * i / POINTS), 6),
    )
    for i in range(POINTS)
)


class FollowMotion(Task):
    """A walk from neighbour to neighbour on a circle, round something that does not matter.

    What stands in the middle is another thing in the pictures than on the table.
    """

    name = "follow_motion"
    budget = 2
    rules = Rules(every_step_counts=True)

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        kind = pick_kind(choose, sets.movables, sets.movable_textures)
        here, there = (
            pick_kind(choose, sets.movables, sets.movable_textures, not_in=[kind]) for _ in range(2)
        )
        dragged, other, shown = (new_body(choose, i, k) for i, k in enumerate((kind, here, there)))
        at = choose.below(POINTS)
        walk = [at]
        for _ in range(MOVES):
            at = (at + choose.choice((-1, 1))) % POINTS
            walk.append(at)

        path = [dragged.at(*WAYPOINTS[i]) for i in walk]
        start, *targets = path
        pictures = {"dragged_obj": object_picture(dragged)}
        for i, moved in enumerate(path):
            pictures[f"frame_{i}"] = scene_picture((moved, shown.at(*CENTRE)))
        frames = " ".join(f"{{frame_{i}}}" for i in range(len(path)))
        places = " then to ".join(place_in_words(body.xy) for body in targets)
        return Layout(
            bodies=(start, other.at(*CENTRE)),
            stages=tuple(
                (Goal(obj_id=b.obj_id, xy=b.xy, tolerance=self.tolerance),) for b in targets
            ),
            prompt=compose(
                mode,
                f"Follow this motion for {{dragged_obj}}: {frames}.",
                pictures,
                in_words=f"Move the {phrase(kind[1], kind[0])} to {places}.",
            ),
        )
