"""Task 11: put things on top of each other as the pictures show (vima_bench.md §6)."""

from dataclasses import replace
from itertools import permutations

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, scene_picture
from uio2_agent.envs.tabletop.resting import stacked
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal, Rules
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import Layout, Task, new_body, pick_kind
from uio2_agent.envs.tabletop.tasks.rearrange import place_in_words

PLACES = ((0.5, -0.25), (0.5, 0.0), (0.5, 0.25))

Step = tuple[int, int]  # from which place to which


def _sequences() -> tuple[tuple[Step, Step], ...]:
    """Every two moves that each find something to move; one thing stands on each place first."""
    steps = tuple(permutations(range(len(PLACES)), 2))
    # Only the place that the first move has emptied has nothing to take.
    return tuple((first, second) for first in steps for second in steps if second[0] != first[0])


SEQUENCES = _sequences()


class FollowOrder(Task):
    """Three things of one shape and three textures, one of another shape that does not matter.

    Each move takes the topmost thing of one place to another place, where there may be something
    or nothing. That it came to lie on top is not looked at, only where (§13.4).
    """

    name = "follow_order"
    budget = 4
    rules = Rules(every_step_counts=True)

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        shape = choose.choice(sets.movables)
        textures = choose.distinct(sets.movable_textures, len(PLACES))
        first = new_body(choose, 0, (shape, textures[0]))
        others = tuple(s for s in sets.movables if s != shape)
        other = new_body(choose, 3, pick_kind(choose, others, sets.movable_textures))
        sequence = choose.choice(SEQUENCES)

        bodies = [
            placer.put(replace(first, obj_id=first.obj_id + i, texture=texture).at(*place))
            for i, (texture, place) in enumerate(zip(textures, PLACES, strict=True))
        ]
        # Its declared size would not fit beside a row of large things.
        other = placer.place(other, tight=True)

        piles = [[body] for body in bodies]
        frames, goals, sentences = [_frame(piles)], [], []
        for origin, target in sequence:
            body = piles[origin].pop().at(*PLACES[target])
            piles[target].append(body)
            frames.append(_frame(piles))
            goals.append(Goal(obj_id=body.obj_id, xy=body.xy, tolerance=self.tolerance))
            sentences.append(f"the {phrase(body.texture, shape)} to {place_in_words(body.xy)}")
        names = [f"frame_{i}" for i in range(len(frames))]
        shown = " ".join(f"{{{name}}}" for name in names)
        return Layout(
            bodies=(*bodies, other),
            stages=tuple((goal,) for goal in goals),
            prompt=compose(
                mode,
                f"Stack objects in this order {shown}.",
                {n: scene_picture(f) for n, f in zip(names, frames, strict=True)},
                in_words=f"Move {' then '.join(sentences)}.",
            ),
        )


def _frame(piles: list[list[Body]]) -> tuple[Body, ...]:
    """All things, each as high as those beneath it ask."""
    return tuple(body for pile in piles for body in stacked(pile))
