"""A navigation episode at a glance, for `env.render()`."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from uio2_agent.envs.rendering import drawing

_HEIGHT = 256  # pixels of each part
_NARROWEST = 640  # so that the caption keeps to one line


def episode_picture(
    rgb: NDArray[np.uint8],
    depth: NDArray[np.float32],
    seen_from_above: NDArray[np.uint8],
    text: str,
) -> NDArray[np.uint8]:
    """Colour, depth and map side by side below a caption.

    Args:
        rgb: (H, W, 3).
        depth: (H, W, 1) in [0, 1]; near is dark.
        seen_from_above: (h, w, 3), the map.
        text: One line.

    Returns:
        uint8 (height, width, 3); the same size throughout an episode, even sides.
    """
    parts = (rgb, grey(depth), seen_from_above)
    sheet = drawing.tile([_scaled(part) for part in parts], border=2)
    missing = max(_NARROWEST - sheet.shape[1], sheet.shape[1] % 2)
    sheet = np.pad(sheet, ((0, 0), (0, missing), (0, 0)), constant_values=255)
    picture = drawing.caption(sheet, text, size=12)
    return np.pad(picture, ((0, picture.shape[0] % 2), (0, 0), (0, 0)), constant_values=255)


def grey(depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 1) in [0, 1] -> (H, W, 3); near is dark."""
    return (255 * depth + 0.5).astype(np.uint8).repeat(3, axis=2)


def _scaled(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """To the height of all parts, squares of pixels kept sharp."""
    height, width, _ = picture.shape
    size = (max(1, round(width * _HEIGHT / height)), _HEIGHT)
    method = Image.Resampling.NEAREST if height < _HEIGHT else Image.Resampling.BOX
    return np.asarray(Image.fromarray(picture).resize(size, method))
