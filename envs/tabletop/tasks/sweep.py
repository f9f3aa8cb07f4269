"""What the two sweeps have in common: blocks, a region to push them into, a line (§6)."""

import math
from abc import abstractmethod
from dataclasses import replace

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import SHAPES, phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import SPATULA, XY, Rectangle, Sweep
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import Layout, Task, new_body, pick_kind

# How many blocks are asked for; "all" means as many as there are.
NUMBERS = {"any": 1, "one": 1, "two": 2, "three": 3}

SQUARE = 0.18  # side of the squares that blocks start in, metres
_CORNERS: tuple[XY, XY] = ((0.57, -0.22), (0.58, 0.03))  # their corners of lowest x and y
_CLEAR = 0.025  # a block so far outside the zone does not reach into it, whatever its yaw
_ENLARGED = 7  # the block in the prompt's picture


class SweepTask(Task):
    """One to three blocks, as many of another texture, a three-sided rectangle and a line.

    Attributes:
        forbidden: What must not be done to the line, as the prompt has it.
        bounds: Name of the rectangle's shape; it is open toward +x.
        bounds_x: Where its middle lies, on y = 0; metres.
        line_length: Along y, metres.
        others_square: Side of the square that the other blocks start in, metres.
    """

    end_effector = SPATULA
    forbidden: str
    bounds: str
    bounds_x: float
    line_length: float
    others_square: float = SQUARE

    @abstractmethod
    def line_x(self, choose: Draws) -> float:
        """Where the line lies, metres."""

    @abstractmethod
    def zone(self, line: Rectangle, bounds: Rectangle) -> Rectangle:
        """Where blocks count."""

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        n = (1, 1, 2, 3)[choose.below(4)]
        swept = pick_kind(choose, sets.movables, sets.movable_textures)
        other = pick_kind(choose, sets.movables, sets.movable_textures, not_in=[swept])
        paints = choose.distinct(sets.container_textures, 2)
        shapes = (self.bounds, "line")
        kinds = [*zip(shapes, paints, strict=True), *[swept] * n, *[other] * n]
        bodies = [new_body(choose, i, kind, SPATULA) for i, kind in enumerate(kinds)]
        bounds, line, *blocks = bodies
        number = choose.choice([word for word, k in NUMBERS.items() if k <= n] + ["all"])
        squares = choose.distinct(_CORNERS, 2)

        # Both lie turned, so that the rectangle opens away from the robot and the line is along y.
        length = self.line_length / SHAPES["line"].real[0]
        bounds = bounds.at(self.bounds_x, 0.0, yaw=-math.pi / 2)
        line = replace(line, scale=(length, 1.0, 1.0))
        line = line.at(self.line_x(choose), 0.0, yaw=-math.pi / 2)
        zone = self.zone(_region(line), _region(bounds))

        sides = (SQUARE, self.others_square)
        starts = [_square(*args, zone) for args in zip(squares, sides, strict=True)]
        blocks = [placer.place(b, within=starts[i // n]) for i, b in enumerate(blocks)]

        shown = replace(blocks[0], scale=(_ENLARGED,) * 3)
        pictures = {"swept_obj": shown, "bounds": bounds, "constraint": line}
        sentence = (
            f"Sweep {number} {{swept_obj}} into {{bounds}} without {self.forbidden} {{constraint}}."
        )
        several = "" if number in ("any", "one") else "s"
        in_words = sentence.format(
            swept_obj=phrase(blocks[0].texture, blocks[0].shape) + several,
            bounds="the " + phrase(bounds.texture, bounds.shape),
            constraint="the " + phrase(line.texture, line.shape),
        )
        ids = tuple(block.obj_id for block in blocks)
        return Layout(
            bodies=(bounds, line, *blocks),
            sweep=Sweep(
                targets=ids[:n],
                others=ids[n:],
                wanted=NUMBERS.get(number, n),
                zone=zone,
                line=_region(line),
            ),
            prompt=compose(
                mode,
                sentence,
                {name: object_picture(body) for name, body in pictures.items()},
                in_words=in_words,
            ),
            distractors=ids[n:],
        )


def _region(body: Body) -> Rectangle:
    """What a rectangle or a line that lies turned by 90 degrees marks off."""
    (x, y), (size_y, size_x, _) = body.xy, SHAPES[body.shape].declared
    half_x, half_y = size_x * body.scale[1] / 2, size_y * body.scale[0] / 2
    return Rectangle(x=(x - half_x, x + half_x), y=(y - half_y, y + half_y))


def _square(corner: XY, side: float, zone: Rectangle) -> Rectangle:
    """Where the middles of blocks may be, clear of the zone."""
    x, y = corner
    return Rectangle(x=(max(x, zone.x[1] + _CLEAR), x + side), y=(y, y + side))
