"""Task 2: put the thing of a texture, shown in a scene, into a container (vima_bench.md §6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, scene_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.tasks.base import Layout, new_body, pick_kind
from uio2_agent.envs.tabletop.tasks.into_container import IntoContainer, all_textures


class SceneUnderstanding(IntoContainer):
    """The command names textures only; which shape is meant is seen in the scene.

    The distractor is a movable of the same texture and another shape, or a container of the same
    shape and another texture. Upstream has no wording without the picture; ours says the shape:
    "Put the red swirl block into the purple object."
    """

    name = "scene_understanding"

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        textures = all_textures(sets)
        name, texture = pick_kind(choose, sets.movables, sets.movable_textures)
        base_textures = tuple(t for t in sets.container_textures if t != texture)
        base_name, base_texture = pick_kind(choose, sets.containers, base_textures)
        if choose.chance(2):
            other_kind = (choose.choice([s for s in sets.movables if s != name]), texture)
        else:
            others = [t for t in textures if t not in (texture, base_texture)]
            other_kind = (base_name, choose.choice(others))
        kinds = ((base_name, base_texture), (name, texture), other_kind)
        base, dragged, other = (new_body(choose, i, kind) for i, kind in enumerate(kinds))
        unlike = tuple(t for t in textures if t != texture)
        beside = new_body(choose, 3, pick_kind(choose, sets.movables + sets.containers, unlike))

        shown = placer.another_table()
        prompt = compose(
            mode,
            f"Put the {texture} object in {{scene}} into the {base_texture} object.",
            {"scene": scene_picture((shown.place(dragged), shown.place(beside)))},
            in_words=f"Put the {texture} {name} into the {base_texture} object.",
        )
        return self.lay_out(placer, base, dragged, (other,), prompt)
