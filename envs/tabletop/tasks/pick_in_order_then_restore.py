"""Task 17: carry a thing from container to container and back (vima_bench.md §6)."""

from dataclasses import replace
from itertools import product

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture
from uio2_agent.envs.tabletop.resting import inside
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal, Rules
from uio2_agent.envs.tabletop.tasks.base import Layout, Task, new_body, pick_kind

CELLS = tuple(product((0.375, 0.625), (-0.25, 0.0, 0.25)))


class PickInOrderThenRestore(Task):
    """Six containers of one shape and size and six textures, a movable in one of them."""

    name = "pick_in_order_then_restore"
    budget = 4
    tolerance = 0.05
    rules = Rules(keeps_order=True)

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        dragged_kind = pick_kind(choose, sets.movables, sets.movable_textures)
        shape = choose.choice(sets.containers)
        textures = choose.distinct(sets.container_textures, len(CELLS))
        cells = choose.distinct(CELLS, len(CELLS))

        dragged = new_body(choose, 0, dragged_kind)
        first = new_body(choose, 1, (shape, textures[0]))
        containers = [
            replace(first, obj_id=first.obj_id + i, texture=texture).at(*cell)
            for i, (texture, cell) in enumerate(zip(textures, cells, strict=True))
        ]
        home, one, two, *_ = containers
        goals = [
            Goal(obj_id=dragged.obj_id, xy=base.xy, tolerance=self.tolerance)
            for base in (one, two, home)
        ]
        template = (
            "Put {dragged_obj} into {base_obj_1} then {base_obj_2}. "
            "Finally restore it into its original container."
        )
        named = {"dragged_obj": dragged, "base_obj_1": one, "base_obj_2": two}
        return Layout(
            bodies=(inside(home, dragged), *containers),
            stages=tuple((goal,) for goal in goals),
            prompt=compose(
                mode,
                template,
                {name: object_picture(body) for name, body in named.items()},
                in_words=template.format(
                    **{k: f"the {phrase(b.texture, b.shape)}" for k, b in named.items()}
                ),
            ),
        )
