"""A scene from above: where one can stand, and what happened there."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from uio2_agent.envs.pointnav.actuation import Pose, rotate
from uio2_agent.errors import BadShape

STOREY = 0.35  # metres above and below the agent that count as its floor, and no table top

_OUTSIDE, _FLOOR = (255, 255, 255), (205, 210, 218)
_WAY, _TRAIL, _GOAL, _START = (40, 160, 80), (40, 90, 220), (220, 40, 40), (250, 180, 30)
_AGENT, _INK = (30, 50, 130), (20, 20, 20)
_FINER = 2  # drawn this much larger, then shrunk, so that lines are smooth
_MARGIN = 0.04  # of the picture


class TopDownMap:
    """One storey; -z is up and +x to the right, as the agent's map would be held facing -z.

    Args:
        triangles: (T, 3, 3) of the navmesh, metres.
        height: y of the storey.
        pixels: Side of the square picture.

    Raises:
        BadShape: There is no triangle.
    """

    def __init__(self, triangles: NDArray, height: float, pixels: int = 256) -> None:
        if not len(triangles):
            raise BadShape("triangles", triangles.shape, "(T, 3, 3), at least one")
        here = np.abs(triangles[..., 1].mean(axis=1) - height) <= STOREY
        shown = triangles[here] if here.any() else triangles
        plan = shown[..., [0, 2]]
        self.pixels = pixels
        low, high = plan.min(axis=(0, 1)), plan.max(axis=(0, 1))
        side = pixels * _FINER
        self.scale = (1 - 2 * _MARGIN) * side / max(float((high - low).max()), 1e-3)
        self._shift = side / 2 - self.scale * (low + high) / 2
        self._base = Image.new("RGB", (side, side), _OUTSIDE)
        pen = ImageDraw.Draw(self._base)
        for corners in plan * self.scale + self._shift:
            pen.polygon([tuple(c) for c in corners], fill=_FLOOR, outline=_FLOOR)

    def picture(
        self,
        pose: Pose | None = None,
        goals: Sequence[NDArray] = (),
        start: NDArray | None = None,
        way: NDArray | None = None,
        trail: Sequence[NDArray] = (),
    ) -> NDArray[np.uint8]:
        """(pixels, pixels, 3): floor grey, shortest way green, trail blue, goals red, agent.

        Args:
            pose: Of the agent, an arrow.
            goals: Positions (3,), discs.
            start: Position (3,), a square.
            way: (n, 3) corners of the shortest way.
            trail: Positions (3,) where the agent has been.
        """
        image = self._base.copy()
        pen = ImageDraw.Draw(image)
        width = max(2, image.width // 128)
        for points, colour in ((way, _WAY), (trail, _TRAIL)):
            if points is not None and len(points) > 1:
                pen.line([self._at(p) for p in points], fill=colour, width=width, joint="curve")
        size = 2.5 * width
        if start is not None:
            x, y = self._at(start)
            box = [x - size, y - size, x + size, y + size]
            pen.rectangle(box, fill=_START, outline=_INK, width=width // 2)
        for goal in goals:
            x, y = self._at(goal)
            box = [x - size, y - size, x + size, y + size]
            pen.ellipse(box, fill=_GOAL, outline=_INK, width=width // 2)
        if pose is not None:
            forward = rotate(pose.rotation, (0.0, 0.0, -1.0))[[0, 2]]
            right, at = np.array([-forward[1], forward[0]]), np.array(self._at(pose.position))
            tip, back = at + 4 * width * forward, at - 2.5 * width * forward
            side = 2.5 * width * right
            corners = [tip, back + side, at - width * forward, back - side]
            pen.polygon([tuple(c) for c in corners], fill=_AGENT, outline=_INK)
        small = image.resize((self.pixels, self.pixels), Image.Resampling.BOX)
        return np.asarray(small).copy()

    def _at(self, point: NDArray) -> tuple[float, float]:
        x, y = np.asarray(point)[[0, 2]] * self.scale + self._shift
        return float(x), float(y)
