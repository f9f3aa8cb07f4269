"""A storey as an architect would draw it: its furniture and floors from above, walls cut through.

Ceilings and whatever hangs from them are cut away. What the cut meets is outlined; where nothing
is below it, between two rooms, the inside of a wall is filled.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.envs.pointnav.scene import Scene

_AWAY = 80.0  # metres above, so that what is high hardly leans outwards
_ABOVE, _BELOW = 1.7, 1.0  # metres about the storey that are shown
_DOWNWARDS = (-math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5))
_WALL, _PAPER = (74, 76, 84), (255, 255, 255)
_PALER = 0.3  # so that what is drawn on it stands out
_THICKEST = 0.34  # metres of a wall between two rooms
_OUTER = 0.12
_LINE = 0.05


def floor_plan(
    scene: Scene, height: float, middle: ArrayLike, side: float, pixels: int
) -> NDArray[np.uint8]:
    """(pixels, pixels, 3): -z is up and +x to the right; true to scale at `height`.

    Args:
        scene: What stands there.
        height: y of the storey, metres.
        middle: (2,) x and z of the picture's middle.
        side: Of the square that is shown, metres.
        pixels: Of the picture.
    """
    x, z = np.asarray(middle, np.float64)
    fov = 2 * math.degrees(math.atan(side / 2 / _AWAY))
    near, far = _AWAY - _ABOVE, _AWAY + _BELOW
    renderer = SceneRenderer(scene, pixels, pixels, fov, near=near, far=far)
    rgb, depth = renderer.render((x, height + _AWAY, z), _DOWNWARDS)
    seen = depth > 0
    metre = pixels / side
    indoors = _grown(_closed(seen, metre * _THICKEST), round(metre * _OUTER))
    pale = rgb + (_PALER * (255.0 - rgb) + 0.5).astype(np.uint8)
    blank = np.where(indoors[..., None], np.array(_WALL, np.uint8), np.array(_PAPER, np.uint8))
    image = Image.fromarray(np.where(seen[..., None], pale, blank))
    pen, width = ImageDraw.Draw(image), max(1, round(metre * _LINE))
    for ends in (section(scene, height + _ABOVE) - (x, z)) * metre + pixels / 2:
        pen.line([tuple(end) for end in ends], fill=_WALL, width=width)
    return np.asarray(image).copy()


def section(scene: Scene, level: float) -> NDArray[np.float64]:
    """(n, 2, 2): x and z of both ends of where the plane y = `level` cuts each triangle."""
    corners = scene.triangles.astype(np.float64)
    following = np.roll(corners, -1, axis=1)
    high, next_high = corners[..., 1] - level, following[..., 1] - level
    cut = (high > 0) != (next_high > 0)  # none or two edges of a triangle
    start, end = corners[cut], following[cut]
    along = (high[cut] / (high[cut] - next_high[cut]))[:, None]
    return (start + along * (end - start))[:, [0, 2]].reshape(-1, 2, 2)


def _closed(mask: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    """With gaps narrower than `width` pixels filled."""
    reach = max(1, math.ceil(width / 2))
    wide = np.pad(mask, 2 * reach)  # so that the picture's rim does not count as a gap
    return ~_grown(~_grown(wide, reach), reach)[2 * reach : -2 * reach, 2 * reach : -2 * reach]


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """With every pixel that has one of the mask in the square `reach` around it."""
    for _ in range(2):  # along columns, then rows
        sums = np.pad(mask, ((reach + 1, reach), (0, 0))).cumsum(axis=0)
        mask = (sums[2 * reach + 1 :] > sums[: -2 * reach - 1]).T
    return mask
