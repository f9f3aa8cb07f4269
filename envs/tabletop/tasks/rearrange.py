"""Task 4: move things to where the scene in the prompt shows them (vima_bench.md §6)."""

from collections.abc import Sequence

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import PLAIN_TEXTURES, phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, scene_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import XY, Goal, Rules, Stage
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE, Body
from uio2_agent.envs.tabletop.tasks.base import (
    Kind,
    Layout,
    Task,
    apart_from,
    new_body,
    pick_kind,
)


def place_in_words(xy: XY) -> str:
    """Where a point is in the top picture, to the centimetre: its top edge is the robot's side."""
    from_top = round((xy[0] - X_RANGE[0]) * 100)
    from_left = round((xy[1] - Y_RANGE[0]) * 100)
    return f"{from_top} cm from the top and {from_left} cm from the left"


class Rearrange(Task):
    """One to three movables; a single one has a distractor, which may stand on its target.

    Upstream has no wording without the scene picture. Ours says for every object where it goes:
    "Move the red letter T to 12 cm from the top and 34 cm from the left."
    """

    name = "rearrange"
    budget = 5
    rules = Rules(distractors_from_stage=1)
    template = "Rearrange to this {scene}."

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        n = (1, 1, 2, 2, 3)[choose.below(5)]
        kinds: list[Kind] = []
        for _ in range(n):
            kinds.append(pick_kind(choose, sets.movables, sets.movable_textures, not_in=kinds))
        movables = [new_body(choose, i, kind) for i, kind in enumerate(kinds)]
        distractor = in_the_way = None
        if n == 1:
            shapes = tuple(s for s in sets.movables if s != kinds[0][0])
            distractor = new_body(choose, n, pick_kind(choose, shapes, PLAIN_TEXTURES))
            in_the_way = choose.chance(2)

        # Targets take room too, so that nothing else starts on or near one.
        wanted = [placer.place(body) for body in movables]
        targets = [body.xy for body in wanted]
        starts = [placer.place(body, apart_from(targets, self.clear)) for body in movables]
        others: list[Body] = []
        if distractor is not None:
            if in_the_way:
                distractor = placer.turned(distractor.at(*targets[0]))
            else:
                taken = [*targets, starts[0].xy]
                distractor = placer.place(distractor, apart_from(taken, self.clear))
            others.append(distractor)

        pictures = {"scene": scene_picture(tuple(wanted))}
        return Layout(
            bodies=(*starts, *others),
            stages=self.stages(wanted, starts),
            prompt=compose(mode, self.template, pictures, in_words=self.in_words(wanted)),
            distractors=tuple(body.obj_id for body in others),
        )

    def stages(self, wanted: Sequence[Body], starts: Sequence[Body]) -> tuple[Stage, ...]:
        """Every object where the scene shows it."""
        return (self.all_at(wanted),)

    def in_words(self, wanted: Sequence[Body]) -> str:
        """One sentence per object."""
        return " ".join(
            f"Move the {phrase(b.texture, b.shape)} to {place_in_words(b.xy)}." for b in wanted
        )

    def all_at(self, bodies: Sequence[Body]) -> Stage:
        """All of these where they are here, in any order."""
        return tuple(Goal(obj_id=b.obj_id, xy=b.xy, tolerance=self.tolerance) for b in bodies)
