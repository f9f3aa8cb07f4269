"""Task 7: put one thing with a made-up name into another (vima_bench.md §6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.tasks.base import Layout, new_body, pick_kind
from uio2_agent.envs.tabletop.tasks.into_container import IntoContainer, all_textures
from uio2_agent.envs.tabletop.tasks.novel_words import NOUNS, Passage, definitions, tell


class NovelNoun(IntoContainer):
    """As task 1, but only shapes are shown, so the distractor has a shape of its own."""

    name = "novel_noun"

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        base_kind = pick_kind(choose, sets.containers, sets.container_textures)
        dragged_kind = pick_kind(choose, sets.movables, sets.movable_textures)
        named = (base_kind[0], dragged_kind[0])
        shapes = [s for s in sets.movables + sets.containers if s not in named]
        kinds = (base_kind, dragged_kind, pick_kind(choose, shapes, all_textures(sets)))
        base, dragged, other = (new_body(choose, i, kind) for i, kind in enumerate(kinds))

        noun, base_noun = choose.distinct(NOUNS, 2)
        command = f"Put a {noun} into a {base_noun}."
        prompt = tell(
            mode,
            definitions(
                choose,
                {"dragged_obj_1": noun, "base_obj": base_noun},
                {"dragged_obj_1": dragged, "base_obj": base},
            ),
            Passage(template=command, in_words=command, pictures={}),
        )
        return self.lay_out(placer, base, dragged, (other,), prompt)
