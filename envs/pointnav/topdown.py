"""A scene from above: where one can stand, and what happened there."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from uio2_agent.envs.pointnav.actuation import Pose, rotate
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.errors import BadShape

STOREY = 0.35  # metres above and below the agent that count as its floor, and no table top

_OUTSIDE, _FLOOR = (255, 255, 255), (205, 210, 218)
_WAY, _TRAIL, _GOAL, _START = (40, 160, 80), (40, 90, 220), (220, 40, 40), (250, 180, 30)
_AGENT, _INK = (30, 50, 130), (20, 20, 20)
_WALKABLE, _TINT = (60, 120, 230), 0.1  # over a scene that shows its own colours
_FINER = 2  # drawn this much larger, then shrunk, so that lines are smooth
_MARGIN = 0.04  # of the picture
_AROUND = 0.45  # metres around the navmesh with the walls of a scene
_RULERS = (1, 2, 5, 10, 20, 50)  # metres
_SHORTEST_RULER = 0.035  # of the picture's side

Dot = tuple[float, float]
Colour = tuple[int, int, int]


class TopDownMap:
    """One storey; -z is up and +x to the right, as the agent's map would be held facing -z.

    A ruler in its lower left corner says how large it is.

    Args:
        triangles: (T, 3, 3) of the navmesh, metres.
        height: y of the storey.
        pixels: Side of the square picture.
        scene: Shows rooms and furniture below the navmesh; without, that is grey on white.

    Raises:
        BadShape: There is no triangle.
    """

    def __init__(
        self,
        triangles: NDArray,
        height: float,
        pixels: int = 256,
        scene: Scene | None = None,
    ) -> None:
        if not len(triangles):
            raise BadShape("triangles", triangles.shape, "(T, 3, 3), at least one")
        here = np.abs(triangles[..., 1].mean(axis=1) - height) <= STOREY
        shown = triangles[here] if here.any() else triangles
        plan = shown[..., [0, 2]]
        self.pixels = pixels
        low, high = plan.min(axis=(0, 1)), plan.max(axis=(0, 1))
        around = 0.0 if scene is None else 2 * _AROUND
        side, middle = pixels * _FINER, (low + high) / 2
        self.scale = (1 - 2 * _MARGIN) * side / max(float((high - low).max()) + around, 1e-3)
        self._shift = side / 2 - self.scale * middle
        walkable = Image.new("L", (side, side), 0)
        pen = ImageDraw.Draw(walkable)
        for corners in plan * self.scale + self._shift:
            pen.polygon([tuple(c) for c in corners], fill=255, outline=255)
        if scene is None:
            self._base = Image.new("RGB", (side, side), _OUTSIDE)
            self._base.paste(_FLOOR, (0, 0), walkable)
        else:
            # Not above: whoever maps a navmesh alone needs no renderer.
            from uio2_agent.envs.pointnav.floor_plan import floor_plan

            below = floor_plan(scene, height, middle, side / self.scale, side)
            self._base = Image.fromarray(below)
            self._base.paste(_WALKABLE, (0, 0), walkable.point(lambda v: int(_TINT * v)))
            inner = walkable.filter(ImageFilter.MinFilter(2 * _FINER - 1))
            self._base.paste(_WALKABLE, (0, 0), ImageChops.subtract(walkable, inner))
        self._add_ruler()

    def picture(
        self,
        pose: Pose | None = None,
        goals: Sequence[NDArray] = (),
        start: NDArray | None = None,
        way: NDArray | None = None,
        trail: Sequence[NDArray] = (),
        stops: Sequence[NDArray] = (),
    ) -> NDArray[np.uint8]:
        """(pixels, pixels, 3); what the signs mean is told by `legend`.

        Args:
            pose: Of the agent, an arrow.
            goals: Positions (3,), discs.
            start: Position (3,), a square.
            way: (n, 3) corners of the shortest way.
            trail: Positions (3,) where the agent has been.
            stops: Positions (3,), numbered from 1.
        """
        image = self._base.copy()
        pen = ImageDraw.Draw(image)
        width = max(2, image.width // 128)
        for points, colour, wide in ((way, _WAY, 2 * width), (trail, _TRAIL, width)):
            if points is not None and len(points) > 1:
                _line(pen, [self._at(p) for p in points], colour, wide)
        if start is not None:
            _square(pen, self._at(start), width)
        for goal in goals:
            _disc(pen, self._at(goal), width)
        for number, stop in enumerate(stops, start=1):
            _number(pen, self._at(stop), width, number)
        if pose is not None:
            forward = rotate(pose.rotation, (0.0, 0.0, -1.0))[[0, 2]]
            _dart(pen, self._at(pose.position), width, forward)
        return _shrunk(image)

    def _at(self, point: NDArray) -> Dot:
        x, y = np.asarray(point)[[0, 2]] * self.scale + self._shift
        return float(x), float(y)

    def _add_ruler(self) -> None:
        side = self._base.width
        fitting = (m for m in _RULERS if m * self.scale >= _SHORTEST_RULER * side)
        metres = next(fitting, _RULERS[-1])
        length, unit = metres * self.scale, max(2, side // 256)
        font = ImageFont.load_default(7 * unit)
        text = f"{metres} m"
        pen = ImageDraw.Draw(self._base)
        x, y = 4 * unit, side - 4 * unit
        wide = max(length, font.getlength(text))
        pen.rectangle([x - 2 * unit, y - 12 * unit, x + wide + 2 * unit, y + 2 * unit], _OUTSIDE)
        pen.line([(x, y), (x + length, y)], fill=_INK, width=unit)
        for end in (x, x + length):
            pen.line([(end, y - 2 * unit), (end, y)], fill=_INK, width=unit)
        pen.text((x + wide / 2, y - 3 * unit), text, fill=_INK, font=font, anchor="ms")


def legend(size: int = 12) -> NDArray[np.uint8]:
    """One line (h, w, 3) that explains the signs of the map, in letters of `size` pixels."""
    large, width = size * _FINER, max(2, size * _FINER // 6)
    font = ImageFont.load_default(large)
    dash = 1.6 * large

    def line(pen: ImageDraw.ImageDraw, at: Dot, colour: Colour, wide: int) -> None:
        x, y = at
        _line(pen, [(x - dash / 2, y), (x + dash / 2, y)], colour, wide)

    def patch(pen: ImageDraw.ImageDraw, at: Dot) -> None:
        x, y = at
        tint = tuple(round(255 + _TINT * (c - 255)) for c in _WALKABLE)
        box = [x - dash / 2, y - large / 3, x + dash / 2, y + large / 3]
        pen.rectangle(box, fill=tint, outline=_WALKABLE, width=_FINER)

    signs: tuple[tuple[str, Callable[[ImageDraw.ImageDraw, Dot], None]], ...] = (
        ("start", lambda pen, at: _square(pen, at, width)),
        ("goal", lambda pen, at: _disc(pen, at, width)),
        ("shortest way", partial(line, colour=_WAY, wide=2 * width)),
        ("way taken", partial(line, colour=_TRAIL, wide=width)),
        ("view", lambda pen, at: _number(pen, at, width, 1)),
        ("place to stand", patch),
    )
    steps = [dash + 0.5 * large + font.getlength(text) + 1.2 * large for text, _ in signs]
    image = Image.new("RGB", (int(sum(steps)) + large, 2 * large), _OUTSIDE)
    pen, x = ImageDraw.Draw(image), 0.5 * large
    for (text, sign), step in zip(signs, steps, strict=True):
        sign(pen, (x + dash / 2, large))
        pen.text((x + dash + 0.5 * large, large), text, fill=_INK, font=font, anchor="lm")
        x += step
    return _shrunk(image)


def _shrunk(image: Image.Image) -> NDArray[np.uint8]:
    size = (image.width // _FINER, image.height // _FINER)
    return np.asarray(image.resize(size, Image.Resampling.BOX)).copy()


def _line(pen: ImageDraw.ImageDraw, points: Sequence[Dot], colour: Colour, width: int) -> None:
    pen.line(points, fill=colour, width=width, joint="curve")


def _box(at: Dot, radius: float) -> list[float]:
    return [at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius]


def _square(pen: ImageDraw.ImageDraw, at: Dot, width: int) -> None:
    pen.rectangle(_box(at, 2.5 * width), fill=_START, outline=_INK, width=width // 2)


def _disc(pen: ImageDraw.ImageDraw, at: Dot, width: int) -> None:
    pen.ellipse(_box(at, 2.5 * width), fill=_GOAL, outline=_INK, width=width // 2)


def _number(pen: ImageDraw.ImageDraw, at: Dot, width: int, number: int) -> None:
    pen.ellipse(_box(at, 2.5 * width), fill=_OUTSIDE, outline=_INK, width=width // 2)
    pen.text(at, str(number), fill=_INK, font=ImageFont.load_default(4 * width), anchor="mm")


def _dart(pen: ImageDraw.ImageDraw, at: Dot, width: int, forward: NDArray) -> None:
    right, middle = np.array([-forward[1], forward[0]]), np.array(at)
    tip, back = middle + 4 * width * forward, middle - 2.5 * width * forward
    side = 2.5 * width * right
    corners = [tip, back + side, middle - width * forward, back - side]
    pen.polygon([tuple(c) for c in corners], fill=_AGENT, outline=_INK)
