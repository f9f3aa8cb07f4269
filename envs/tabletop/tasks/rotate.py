"""Task 3: turn the thing shown clockwise by an angle (vima_bench.md §6)."""

import math

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import shape
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal
from uio2_agent.envs.tabletop.tasks.base import Layout, Task, apart_from, new_body, pick_kind

ANGLES = (30, 60, 90, 120, 150)


class Rotate(Task):
    """One movable without rotational symmetry, one distractor of another texture."""

    name = "rotate"
    budget = 3

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        name, texture = pick_kind(choose, sets.movables, sets.movable_textures)
        others = tuple(t for t in sets.movable_textures if t != texture)
        angle = choose.choice(ANGLES)
        dragged = new_body(choose, 0, (name, texture))
        other = new_body(choose, 1, pick_kind(choose, sets.movables, others))

        dragged = placer.place(dragged)
        other = placer.place(other, apart_from([dragged.xy], self.clear))
        goal = Goal(
            obj_id=dragged.obj_id,
            xy=dragged.xy,
            tolerance=self.tolerance,
            yaw=dragged.yaw - math.radians(angle),  # clockwise seen from above
            symmetry=shape(name).symmetry,
        )
        return Layout(
            bodies=(dragged, other),
            stages=((goal,),),
            prompt=compose(
                mode,
                f"Rotate the {{dragged_obj}} {angle} degrees.",
                {"dragged_obj": object_picture(dragged)},
            ),
            distractors=(other.obj_id,),
        )
