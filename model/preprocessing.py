"""Fitting a picture of any size into the model's, and bringing answers back (spec c1, m).

Shapes: H, W source size; R, C the model's size (rows, columns). Boxes are y1 x1 y2 x2 in pixels.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from uio2_agent.errors import BadShape

_BAND = 2**22  # pixels, 50 MB of floats


@dataclass(frozen=True)
class FittedPicture:
    """A picture resized and padded.

    pixels: (3, R, C) float32 in [0, 1], zeros outside; mask: (R, C) bool, true on the picture.
    info: 11 float32: top, left, 1/scale, H, W, four crop offsets (0 here), resized height, width.
    """

    pixels: Tensor
    mask: Tensor
    info: Tensor


def fit_picture(image: Tensor | np.ndarray, size: tuple[int, int]) -> FittedPicture:
    """Shrink or enlarge a picture to fit inside `size`, centred, the rest zeros.

    Args:
        image: (H, W, 3) or (3, H, W), uint8 or float in [0, 1].

    Raises:
        BadShape: On any other shape or dtype.
    """
    picture = _channels_first(torch.as_tensor(image))
    height, width = picture.shape[1:]
    rows, cols = size
    # float32 as in the release: the last bit decides whether a side is truncated to n or n - 1.
    scale = min(np.float32(rows) / np.float32(height), np.float32(cols) / np.float32(width))
    new_height = max(1, int(np.float32(height) * scale))
    new_width = max(1, int(np.float32(width) * scale))
    resized = _resized(picture, new_height, new_width).clamp(0.0, 1.0)
    top, left = (rows - new_height) // 2, (cols - new_width) // 2
    pixels, mask = torch.zeros(3, rows, cols), torch.zeros(rows, cols, dtype=torch.bool)
    pixels[:, top : top + new_height, left : left + new_width] = resized
    mask[top : top + new_height, left : left + new_width] = True
    undo = float(np.float32(1.0) / scale)
    info = [top, left, undo, height, width, 0, 0, 0, 0, new_height, new_width]
    return FittedPicture(pixels, mask, torch.tensor(info, dtype=torch.float32))


def fit_boxes(boxes: Tensor, info: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes (K, 4) of the source picture → boxes of the fitted one; empty ones are dropped."""
    moved = boxes.float() * (1.0 / info[2]) + info[[0, 1, 0, 1]]
    limit = torch.tensor([*size, *size], dtype=torch.float32)
    moved = torch.minimum(moved.clamp(min=0.0), limit)
    return moved[(moved[:, 2] > moved[:, 0]) & (moved[:, 3] > moved[:, 1])]


def undo_boxes(boxes: Tensor, info: Tensor) -> Tensor:
    """Boxes (K, 4) of the fitted picture → boxes of the source picture, clipped to it."""
    moved = (boxes.float() - info[[0, 1, 0, 1]]) * info[2]
    return torch.minimum(moved.clamp(min=0.0), info[[3, 4, 3, 4]])


def undo_picture(prediction: Tensor, info: Tensor) -> Tensor:
    """A predicted square picture (K, S, S) → (K, H, W) of the source, nearest neighbour."""
    if prediction.dim() != 3 or prediction.shape[1] != prediction.shape[2]:
        raise BadShape("prediction", tuple(prediction.shape), "(K, S, S)")
    height, width = int(info[3]), int(info[4])
    side = max(height, width)
    square = F.interpolate(prediction[None], size=(side, side), mode="nearest-exact")[0]
    top, left = (side - height) // 2, (side - width) // 2
    return square[:, top : top + height, left : left + width]


def _channels_first(image: Tensor) -> Tensor:
    if image.dim() != 3 or 3 not in (image.shape[0], image.shape[2]) or 0 in image.shape:
        raise BadShape("image", tuple(image.shape), "(H, W, 3) or (3, H, W)")
    if image.dtype != torch.uint8 and not image.is_floating_point():
        raise BadShape("image", image.dtype, "uint8, or float in [0, 1]")
    picture = image if image.shape[0] == 3 and image.shape[2] != 3 else image.permute(2, 0, 1)
    return picture


def _resized(picture: Tensor, height: int, width: int) -> Tensor:
    """(3, H, W) uint8 or float → (3, height, width) float32, bilinear with antialias.

    Columns first, in bands of rows, so that a huge photograph is never held as floats.
    """
    rows = max(1, _BAND // picture.shape[2])
    bands = [_interpolated(_floats(band), band.shape[1], width) for band in picture.split(rows, 1)]
    return _interpolated(torch.cat(bands, dim=1), height, width)


def _interpolated(picture: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(picture[None], (height, width), mode="bilinear", antialias=True)[0]


def _floats(picture: Tensor) -> Tensor:
    return picture.float() / 255 if picture.dtype == torch.uint8 else picture.float()
