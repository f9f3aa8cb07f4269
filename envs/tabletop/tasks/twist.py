"""Task 9: turn all things of a texture by the angle three examples show (vima_bench.md §6)."""

import math

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import shape
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import Picture, compose, scene_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal, Rectangle
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import (
    Kind,
    Layout,
    Task,
    apart_from,
    new_body,
    pick_kind,
)
from uio2_agent.envs.tabletop.tasks.rotate import ANGLES

EXAMPLES = 3
EXAMPLE_AREA = Rectangle(x=(0.4375, 0.5625), y=(-0.375, 0.375))


def clockwise(body: Body, degrees: int) -> Body:
    """`body` in place, turned as seen from above."""
    return body.at(*body.xy, yaw=body.yaw - math.radians(degrees))


class Twist(Task):
    """Three movables without rotational symmetry, one or two of them of the texture named.

    Upstream has no wording without pictures; ours says the angle in place of the examples.
    """

    name = "twist"
    budget = 5
    tolerance = 0.05

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        angle = choose.choice(ANGLES)
        texture = choose.choice(sets.movable_textures)
        unlike = tuple(t for t in sets.movable_textures if t != texture)
        kinds: list[Kind] = [
            (choose.choice(sets.movables), texture) for _ in range(1 + choose.below(2))
        ]
        wanted = len(kinds)
        while len(kinds) < 3:
            kinds.append(pick_kind(choose, sets.movables, unlike, not_in=kinds))
        examples = [
            new_body(choose, 0, (choose.choice(kinds[:wanted])[0], choose.choice(unlike)))
            for _ in range(EXAMPLES)
        ]

        bodies: list[Body] = []
        for i, kind in enumerate(kinds):
            away = apart_from([body.xy for body in bodies], self.clear)
            bodies.append(placer.place(new_body(choose, i, kind), away))
        goals = tuple(
            Goal(
                obj_id=body.obj_id,
                xy=body.xy,
                tolerance=self.tolerance,
                yaw=clockwise(body, angle).yaw,
                symmetry=shape(body.shape).symmetry,
            )
            for body in bodies[:wanted]
        )
        template = '"Twist" is defined as rotating object a specific angle. For examples:'
        pictures: dict[str, Picture] = {}
        for i, example in enumerate(examples, start=1):
            before = placer.another_table().place(example, within=EXAMPLE_AREA)
            pictures[f"before_twist_{i}"] = scene_picture((before,))
            pictures[f"after_twist_{i}"] = scene_picture((clockwise(before, angle),))
            template += f" From {{before_twist_{i}}} to {{after_twist_{i}}}."
        said = f'"Twist" is defined as rotating object {angle} degrees clockwise.'
        command = f"Now twist all {texture} objects."
        return Layout(
            bodies=tuple(bodies),
            stages=(goals,),
            prompt=compose(
                mode,
                f"{template} {command}",
                pictures,
                in_words=f"{said} {command}",
            ),
            distractors=tuple(body.obj_id for body in bodies[wanted:]),
        )
