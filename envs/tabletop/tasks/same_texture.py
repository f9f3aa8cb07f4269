"""Task 14: put what has the container's texture into it (vima_bench.md §6)."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.tasks.base import Kind, pick_kind
from uio2_agent.envs.tabletop.tasks.same_kind import SameKind


class SameTexture(SameKind):
    """The three movables are of any shape."""

    name = "same_texture"
    respect = "texture"

    def movables(self, choose: Draws, sets: Sets, base: Kind) -> tuple[list[Kind], Kind]:
        texture = base[1]
        others = tuple(t for t in sets.movable_textures if t != texture)
        alike = [pick_kind(choose, sets.movables, [texture]) for _ in range(2)]
        return alike, pick_kind(choose, sets.movables, others)
