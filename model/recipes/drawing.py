"""Answers drawn on the picture they are about.

Shapes: H, W rows and columns of a picture; all pictures here are (H, W, 3) uint8.
"""

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from uio2_agent.model.pictures import Picture, as_picture
from uio2_agent.model.recipes.dense import Instance
from uio2_agent.model.recipes.keypoints import Pose
from uio2_agent.model.recipes.regions import Region

RGB = tuple[int, int, int]

_INK: RGB = (20, 20, 20)
_BONES = (
    ("left ankle", "left knee"),
    ("left knee", "left hip"),
    ("right ankle", "right knee"),
    ("right knee", "right hip"),
    ("left hip", "right hip"),
    ("left shoulder", "left hip"),
    ("right shoulder", "right hip"),
    ("left shoulder", "right shoulder"),
    ("left shoulder", "left elbow"),
    ("right shoulder", "right elbow"),
    ("left elbow", "left wrist"),
    ("right elbow", "right wrist"),
    ("nose", "left eye"),
    ("nose", "right eye"),
    ("left eye", "left ear"),
    ("right eye", "right ear"),
)


def colour(index: int) -> RGB:
    """A bright colour of its own for each of the first dozens of things."""
    hue = (0.33 + index * 0.618034) % 1.0  # the golden ratio keeps neighbours apart
    r, g, b = colorsys.hsv_to_rgb(hue, 0.75, 1.0)
    return round(r * 255), round(g * 255), round(b * 255)


def draw_regions(picture: Picture, regions: Sequence[Region]) -> np.ndarray:
    """Each box with its label, in a colour of its own."""
    image, pen, stroke = _open(picture)
    for i, region in enumerate(regions):
        _box(pen, region, colour(i), stroke, image.size)
    return np.asarray(image).copy()


def draw_poses(picture: Picture, poses: Sequence[Pose]) -> np.ndarray:
    """Each person's joints and the bones between them; unseen joints are left out."""
    image, pen, stroke = _open(picture)
    for i, pose in enumerate(poses):
        _box(pen, Region(pose.box, "person"), colour(i), max(1, stroke // 2), image.size)
        for a, b in _BONES:
            start, end = pose.joints[a], pose.joints[b]
            if start is not None and end is not None:
                pen.line([start, end], fill=colour(i), width=stroke)
        for point in pose.joints.values():
            if point is not None:
                (x, y), r = point, stroke + 1
                pen.ellipse([x - r, y - r, x + r, y + r], fill=colour(i), outline=_INK)
    return np.asarray(image).copy()


def draw_masks(picture: Picture, instances: Sequence[Instance]) -> np.ndarray:
    """Each mask as a veil of its own colour, with its box."""
    shaded = _as_bytes(picture).astype(np.float32)
    for i, instance in enumerate(instances):
        veil = np.array(colour(i), np.float32)
        shaded[instance.mask] = 0.5 * shaded[instance.mask] + 0.5 * veil
    regions = [instance.region for instance in instances]
    return draw_regions(shaded.round().astype(np.uint8), regions)


def depth_picture(depth: np.ndarray) -> np.ndarray:
    """Metres (H, W) → grey, white the farthest there is."""
    grey = depth / max(float(depth.max()), 1e-6) * 255
    return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=2)


def normals_picture(normals: np.ndarray) -> np.ndarray:
    """Unit vectors (H, W, 3) → x, y, z as red, green, blue."""
    return ((normals + 1) / 2 * 255).round().clip(0, 255).astype(np.uint8)


def _as_bytes(picture: Picture) -> np.ndarray:
    array = as_picture(picture)
    return array if array.dtype == np.uint8 else (array * 255).round().astype(np.uint8)


def _open(picture: Picture) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    """A copy to draw on, its pen, and a line width that shows at its size."""
    image = Image.fromarray(_as_bytes(picture))
    return image, ImageDraw.Draw(image), max(1, round(max(image.size) / 200))


def _box(
    pen: ImageDraw.ImageDraw, region: Region, ink: RGB, stroke: int, size: tuple[int, int]
) -> None:
    x1, y1, x2, y2 = region.box
    # Coordinates run to the far edge of the last pixel, the pen's to its middle.
    corners = [x1, y1, max(x1, min(x2, size[0]) - 1), max(y1, min(y2, size[1]) - 1)]
    pen.rectangle(corners, outline=ink, width=stroke)
    if not region.label:
        return
    font = ImageFont.load_default(max(10, round(max(size) / 40)))
    left, top, right, bottom = pen.textbbox((0, 0), region.label, font=font)
    width, height = right - left + 4, bottom - top + 4
    # Above the box; inside it where there is no room.
    x = max(0.0, min(x1, size[0] - width))
    y = y1 - height if y1 >= height else y1
    pen.rectangle([x, y, x + width, y + height], fill=ink)
    pen.text((x + 2 - left, y + 2 - top), region.label, fill=_INK, font=font)
