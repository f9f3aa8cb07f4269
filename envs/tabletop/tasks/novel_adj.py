"""Task 6: put the thing that is more so, or less so, into the container (vima_bench.md §6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.tasks.base import Layout, new_body, pick_kind
from uio2_agent.envs.tabletop.tasks.into_container import IntoContainer
from uio2_agent.envs.tabletop.tasks.novel_words import (
    Adjective,
    Passage,
    outline_picture,
    tell,
)


class NovelAdj(IntoContainer):
    """The movable has a twin, the distractor, that differs in what the adjective means."""

    name = "novel_adj"

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        adjective = Adjective.drawn(choose)
        kinds = (
            pick_kind(choose, sets.containers, sets.container_textures),
            pick_kind(choose, sets.movables, sets.movable_textures),
        )
        base, movable = (new_body(choose, i, kind) for i, kind in enumerate(kinds))
        dragged, twin = adjective.candidates(movable)
        command = Passage(
            template=f"Put the {adjective.asked} {{dragged_obj}} into the {{base_obj}}.",
            in_words=f"Put the {adjective.asked} {dragged.shape} into the {base.shape}.",
            pictures={"dragged_obj": outline_picture(dragged), "base_obj": outline_picture(base)},
        )
        prompt = tell(mode, adjective.demonstrations(choose, sets), command)
        return self.lay_out(placer, base, dragged, (twin,), prompt)
