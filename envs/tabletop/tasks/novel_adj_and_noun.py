"""Task 8: made-up adjective and made-up nouns at once (vima_bench.md §6)."""

import math
from collections.abc import Sequence

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import shape
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import Kind, Layout, new_body, pick_kind
from uio2_agent.envs.tabletop.tasks.into_container import IntoContainer, all_textures
from uio2_agent.envs.tabletop.tasks.novel_words import (
    NOUNS,
    Adjective,
    Passage,
    definitions,
    tell,
)


class NovelAdjAndNoun(IntoContainer):
    """As novel_adj, its things told by noun; beside the twin two distractors of other shapes."""

    name = "novel_adj_and_noun"

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        adjective = Adjective.drawn(choose)
        base_kind = pick_kind(choose, sets.containers, sets.container_textures)
        kind = pick_kind(choose, sets.movables, sets.movable_textures)
        named = (base_kind[0], kind[0])
        shapes = [s for s in sets.movables + sets.containers if s not in named]
        kinds: list[Kind] = []
        for _ in range(2):
            kinds.append(pick_kind(choose, shapes, all_textures(sets), not_in=kinds))
        base, movable = new_body(choose, 0, base_kind), new_body(choose, 1, kind)
        dragged, twin = adjective.candidates(movable)
        others = [new_body(choose, i, other) for i, other in enumerate(kinds, start=3)]

        noun, base_noun = choose.distinct(NOUNS, 2)
        command = f"Put the {adjective.asked} {noun} into the {base_noun}."
        prompt = tell(
            mode,
            definitions(
                choose,
                {"dragged_obj": noun, "base_obj": base_noun},
                {"dragged_obj": dragged, "base_obj": base},
            ),
            adjective.demonstrations(choose, sets),
            Passage(template=command, in_words=command, pictures={}),
        )
        return self.lay_out(placer, base, dragged, (twin, *others), prompt)

    def in_order(self, bodies: Sequence[Body]) -> Sequence[Body]:
        """The largest first: were they last, three containers would find no room."""
        return sorted(bodies, key=lambda body: -math.hypot(*shape(body.shape).declared[:2]))
