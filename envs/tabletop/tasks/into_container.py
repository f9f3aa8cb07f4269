"""What the tasks share that want one movable put into one container (vima_bench.md §6)."""

from collections.abc import Sequence

from uio2_agent.envs.tabletop.partitions import Names, Sets
from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import Layout, Task, apart_from


class IntoContainer(Task):
    """One container, one movable, and distractors; who is meant differs from task to task."""

    budget = 3

    def lay_out(
        self, placer: Placer, base: Body, dragged: Body, others: Sequence[Body], prompt: Prompt
    ) -> Layout:
        """Everything on the table, nothing within reach of a rule about distances.

        Raises:
            SceneUnsolvable: There was no room for an object.
        """
        placed: dict[int, Body] = {}
        for body in self.in_order((base, dragged, *others)):
            away = apart_from([there.xy for there in placed.values()], self.clear)
            placed[body.obj_id] = placer.place(body, away)
        goal = Goal(obj_id=dragged.obj_id, xy=placed[base.obj_id].xy, tolerance=self.tolerance)
        return Layout(
            bodies=tuple(placed[obj_id] for obj_id in sorted(placed)),
            stages=((goal,),),
            prompt=prompt,
            distractors=tuple(other.obj_id for other in others),
        )

    def in_order(self, bodies: Sequence[Body]) -> Sequence[Body]:
        """As they look for a place."""
        return bodies


def all_textures(sets: Sets) -> Names:
    """Of movables and containers, as a distractor may have either."""
    return tuple(dict.fromkeys(sets.movable_textures + sets.container_textures))
