"""Task 15: put what has the container's profile into it (vima_bench.md §6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.tasks.base import Kind, pick_kind
from uio2_agent.envs.tabletop.tasks.same_kind import SameKind


class SameShape(SameKind):
    """Square-like or circle-like; the odd one out also has a texture of its own."""

    name = "same_shape"
    respect = "profile"

    def movables(self, choose: Draws, sets: Sets, base: Kind) -> tuple[list[Kind], Kind]:
        profile = SHAPES[base[0]].profile
        same = [s for s in sets.movables if SHAPES[s].profile is profile]
        others = [s for s in sets.movables if SHAPES[s].profile is not profile]
        alike = [pick_kind(choose, same, sets.movable_textures) for _ in range(2)]
        taken = {texture for _, texture in alike}
        textures = [t for t in sets.movable_textures if t not in taken]
        return alike, pick_kind(choose, others, textures)
