"""Task 1: put the thing shown into the container shown (vima_bench.md §6)."""

from uio2_agent.envs.tabletop.draws import Draws
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal
from uio2_agent.envs.tabletop.tasks.base import Layout, Task, apart_from, new_body, pick_kind


class VisualManipulation(Task):
    """One container, one movable, one distractor of either class."""

    name = "visual_manipulation"
    budget = 3

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        base_kind = pick_kind(choose, sets.containers, sets.container_textures)
        dragged_kind = pick_kind(choose, sets.movables, sets.movable_textures)
        other_kind = pick_kind(
            choose,
            sets.movables + sets.containers,
            tuple(dict.fromkeys(sets.movable_textures + sets.container_textures)),
            not_in=(base_kind, dragged_kind),
        )
        kinds = (base_kind, dragged_kind, other_kind)
        base, dragged, other = (new_body(choose, i, kind) for i, kind in enumerate(kinds))

        base = placer.place(base)
        dragged = placer.place(dragged, apart_from([base.xy], self.clear))
        other = placer.place(other, apart_from([base.xy, dragged.xy], self.clear))
        pictures = {"dragged_obj_1": object_picture(dragged), "base_obj": object_picture(base)}
        return Layout(
            bodies=(base, dragged, other),
            goals=(Goal(obj_id=dragged.obj_id, xy=base.xy, tolerance=self.tolerance),),
            prompt=compose(mode, "Put the {dragged_obj_1} into the {base_obj}.", pictures),
            distractors=(other.obj_id,),
        )
