"""Task 1: put the thing shown into the container shown (vima_bench.md §6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.tasks.base import Layout, new_body, pick_kind
from uio2_agent.envs.tabletop.tasks.into_container import IntoContainer, all_textures


class VisualManipulation(IntoContainer):
    """One container, one movable, one distractor of either class."""

    name = "visual_manipulation"

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        base_kind = pick_kind(choose, sets.containers, sets.container_textures)
        dragged_kind = pick_kind(choose, sets.movables, sets.movable_textures)
        other_kind = pick_kind(
            choose,
            sets.movables + sets.containers,
            all_textures(sets),
            not_in=(base_kind, dragged_kind),
        )
        kinds = (base_kind, dragged_kind, other_kind)
        base, dragged, other = (new_body(choose, i, kind) for i, kind in enumerate(kinds))
        pictures = {"dragged_obj_1": object_picture(dragged), "base_obj": object_picture(base)}
        prompt = compose(mode, "Put the {dragged_obj_1} into the {base_obj}.", pictures)
        return self.lay_out(placer, base, dragged, (other,), prompt)
