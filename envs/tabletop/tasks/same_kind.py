"""What tasks 14 and 15 share: everything like the container belongs into it (vima_bench.md §6)."""

from abc import abstractmethod

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal
from uio2_agent.envs.tabletop.tasks.base import (
    Kind,
    Layout,
    Task,
    apart_from,
    new_body,
    pick_kind,
)


class SameKind(Task):
    """One container, two movables that are like it in one respect, one that is not.

    Upstream's tolerance shrinks for good once a bowl has been drawn; ours does not (§14).

    Attributes:
        respect: What the prompt calls it.
    """

    budget = 4
    tolerance = 0.125
    respect: str

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        base_kind = pick_kind(choose, sets.containers, sets.container_textures)
        alike, different = self.movables(choose, sets, base_kind)
        kinds = (base_kind, *alike, different)
        base, *dragged, other = (new_body(choose, i, kind) for i, kind in enumerate(kinds))

        base = placer.place(base)
        dragged = [placer.place(body, apart_from([base.xy], self.clear)) for body in dragged]
        taken = [base.xy, *(body.xy for body in dragged)]
        other = placer.place(other, apart_from(taken, self.clear))
        name = phrase(base.texture, base.shape)
        return Layout(
            bodies=(base, *dragged, other),
            stages=(
                tuple(
                    Goal(obj_id=body.obj_id, xy=base.xy, tolerance=self.tolerance)
                    for body in dragged
                ),
            ),
            prompt=compose(
                mode,
                f"Put all objects with the same {self.respect} as {{base_obj}} into it.",
                {"base_obj": object_picture(base)},
                in_words=f"Put all objects with the same {self.respect} as the {name} into it.",
            ),
            distractors=(other.obj_id,),
        )

    @abstractmethod
    def movables(self, choose: Draws, sets: Sets, base: Kind) -> tuple[list[Kind], Kind]:
        """The two that are like `base`, and the one that is not."""
