"""Pictures of every kind and origin → one array: files, Pillow images, numpy arrays, tensors.

Shapes: H, W rows and columns of the picture, C channels.
"""

import struct
import warnings
import zlib
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps
from torch import Tensor

from uio2_agent.errors import BadInput, BadShape

Picture: TypeAlias = str | Path | Image.Image | np.ndarray | Tensor

# Where Pillow, too, stops taking a file for a picture: 13,000 x 13,000.
MOST_PIXELS = 178_956_970
_WANT = "a whole PNG, JPEG, WebP, GIF, TIFF or BMP file"
# What Pillow raises on files that are truncated, foreign or made to harm.
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_SLACK = 1e-3  # of floats, which resizing elsewhere may have carried beyond [0, 1]


def as_picture(source: Picture, name: str = "picture") -> np.ndarray:
    """One picture of any kind → (H, W, 3), uint8, or float32 in [0, 1] where 8 bits are too few.

    Files and Pillow images may have any mode; they are turned as their EXIF orientation says, and
    of an animation the first frame is taken. Grey becomes three equal channels. What is
    transparent is laid on black, the colour of the model's padding. 16-bit values are divided by
    65535, floats must lie in [0, 1] already.

    Args:
        source: A path, a Pillow image, or an array (H, W), (H, W, 1), (H, W, 3), (H, W, 4) or
            (3, H, W) of bool, uint8, uint16 or float; if in doubt, the last axis is the channels.
        name: What errors call it.

    Raises:
        BadInput: A file that is missing, truncated, foreign or of more than 178 million pixels;
            floats outside [0, 1] or not finite.
        BadShape: An array of another shape or type.
    """
    if isinstance(source, str | Path):
        return _opened(Path(source), f"{name} {source}")
    if isinstance(source, Image.Image):
        return _from_pillow(source, name)
    if isinstance(source, Tensor):
        source = source.detach().cpu()
        source = (source.float() if source.is_floating_point() else source).numpy()
    if not isinstance(source, np.ndarray):
        raise BadShape(name, type(source).__name__, "a path, a Pillow image, an array or a tensor")
    return _from_array(source, name)


def _opened(path: Path, name: str) -> np.ndarray:
    if not path.is_file():
        raise BadInput(name, "missing", _WANT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow doubts it raises on, or we do
            with Image.open(path) as image:
                return _from_pillow(image, name)
    except (BadInput, BadShape):
        raise
    except _UNREADABLE as problem:
        raise BadInput(name, f"unreadable ({problem})", _WANT) from problem


def _from_pillow(image: Image.Image, name: str) -> np.ndarray:
    _check_size(image.height, image.width, name)
    try:
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I;16") or image.mode in ("I", "F"):
            return _from_array(_deep(np.asarray(image), name), name)
        mode = "RGBA" if image.has_transparency_data else "RGB"
        return _from_array(np.asarray(image.convert(mode)), name)
    except (BadInput, BadShape):
        raise
    except _UNREADABLE as problem:
        raise BadInput(name, f"unreadable ({problem})", _WANT) from problem


def _deep(values: np.ndarray, name: str) -> np.ndarray:
    """The 16-bit pictures that Pillow keeps in 32 bits as uint16; floats as they are."""
    if np.issubdtype(values.dtype, np.floating):
        return values
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise BadInput(name, f"integers up to {values.max()}", "at most 16 bits a channel")
    return values.astype(np.uint16)


def _from_array(array: np.ndarray, name: str) -> np.ndarray:
    want = "(H, W), (H, W, 1), (H, W, 3), (H, W, 4) or (3, H, W)"
    if array.ndim == 2:
        array = array[..., None]
    elif array.ndim == 3 and array.shape[0] == 3 and array.shape[2] not in (1, 3, 4):
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise BadShape(name, array.shape, want)
    _check_size(array.shape[0], array.shape[1], name)
    if array.dtype != np.uint8:
        array = _as_float(array, name)
    colours = array[..., :3]
    if array.shape[2] == 4:
        alpha = array[..., 3:]
        if array.dtype == np.uint8:
            colours = ((colours.astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)
        else:
            colours = colours * alpha
    return np.require(np.broadcast_to(colours, (*array.shape[:2], 3)), requirements=["C", "W"])


def _as_float(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if array.dtype == np.uint16:
        return array.astype(np.float32) / 65535
    if not np.issubdtype(array.dtype, np.floating):
        raise BadShape(name, array.dtype.name, "bool, uint8, uint16, or float in [0, 1]")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise BadInput(name, "not finite at some pixels", "numbers in [0, 1]; see numpy.nan_to_num")
    if low < -_SLACK or high > 1 + _SLACK:
        raise BadInput(name, f"float from {low:g} to {high:g}", "within [0, 1], or uint8")
    return array.astype(np.float32).clip(0.0, 1.0)


def _check_size(height: int, width: int, name: str) -> None:
    if not height or not width:
        raise BadShape(name, (height, width), "at least one pixel")
    if height * width > MOST_PIXELS:
        raise BadInput(name, f"{width} x {height}", f"at most {MOST_PIXELS} pixels")
