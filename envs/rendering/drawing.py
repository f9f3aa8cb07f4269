"""Drawing on pictures for `env.render()` and reports: arrows, markers, strips, captions.

Pictures are (H, W, 3) uint8; every function returns a new one. Points are continuous (column, row),
pixel i covers i..i+1.
"""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from uio2_agent.errors import BadShape

Picture = NDArray[np.uint8]
RGB = tuple[int, int, int]
Point = tuple[float, float]

PICK_COLOUR: RGB = (60, 220, 90)
PLACE_COLOUR: RGB = (255, 70, 200)
_INK: RGB = (20, 20, 20)
_PAPER: RGB = (255, 255, 255)


def channels_last(rgb: Picture) -> Picture:
    """(3, H, W), as observations have it -> (H, W, 3)."""
    if rgb.ndim != 3 or rgb.shape[0] != 3:
        raise BadShape("rgb", rgb.shape, "(3, H, W)")
    return np.ascontiguousarray(rgb.transpose(1, 2, 0))


def enlarge(picture: Picture, factor: int) -> Picture:
    """Each pixel becomes a square of `factor` x `factor`."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def _stroke(picture: Picture) -> int:
    """Line width: one pixel on an observation, wider on an enlarged one."""
    return max(1, round(picture.shape[1] / 256))


def cross(picture: Picture, at: Point, colour: RGB = PICK_COLOUR) -> Picture:
    """A diagonal cross with a dark rim, so that it shows on any texture."""
    image, pen = _open(picture)
    (x, y), stroke = at, _stroke(picture)
    radius = 3 * stroke + 1
    for ink, width in ((_INK, stroke + 2), (colour, stroke)):
        for side in (-1, 1):
            a, b = (x - radius, y - side * radius), (x + radius, y + side * radius)
            pen.line([a, b], fill=ink, width=width)
    return np.asarray(image).copy()


def arrow(picture: Picture, start: Point, end: Point, colour: RGB = PLACE_COLOUR) -> Picture:
    """A line from `start` with its head at `end`; just a dot when the two are less than 2 apart."""
    image, pen = _open(picture)
    stroke = _stroke(picture)
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    if length < 2:
        r = stroke + 1
        pen.ellipse([x1 - r, y1 - r, x1 + r, y1 + r], fill=colour, outline=_INK)
        return np.asarray(image).copy()
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    head = min(4.0 + 3 * stroke, length / 2)
    base = (x1 - head * ux, y1 - head * uy)
    side = 0.5 * head
    tip = [
        (x1, y1),
        (base[0] - side * uy, base[1] + side * ux),
        (base[0] + side * uy, base[1] - side * ux),
    ]
    pen.line([start, base], fill=_INK, width=stroke + 2)
    pen.line([start, base], fill=colour, width=stroke)
    pen.polygon(tip, fill=colour, outline=_INK)
    return np.asarray(image).copy()


def pick_and_place(picture: Picture, pick: Point, place: Point) -> Picture:
    """A cross where something is taken, and an arrow to where it is put."""
    return cross(arrow(picture, pick, place), pick)


def tile(
    pictures: Sequence[Picture], columns: int | None = None, border: int = 1, colour: RGB = _PAPER
) -> Picture:
    """Pictures of any sizes in a grid, each in the top left of its cell, borders around all.

    Args:
        pictures: At least one.
        columns: Cells per row; one row if not given.
        border: Pixels between and around the cells.
        colour: Of borders and of what a smaller picture leaves open.
    """
    if not pictures:
        raise BadShape("pictures", 0, "at least one picture")
    columns = columns or len(pictures)
    rows = -(-len(pictures) // columns)
    height, width = max(p.shape[0] for p in pictures), max(p.shape[1] for p in pictures)
    size = (border + rows * (height + border), border + columns * (width + border), 3)
    sheet = np.full(size, np.array(colour, np.uint8), np.uint8)
    for i, picture in enumerate(pictures):
        r = border + i // columns * (height + border)
        c = border + i % columns * (width + border)
        sheet[r : r + picture.shape[0], c : c + picture.shape[1]] = picture
    return sheet


def caption(picture: Picture, text: str, size: int = 11) -> Picture:
    """The picture with `text` above it, dark on white, wrapped to the picture's width."""
    font = ImageFont.load_default(size)
    per_letter = font.getlength("abcdefghijklmnopqrstuvwxyz ") / 27
    lines = textwrap.wrap(text, max(int((picture.shape[1] - 6) / per_letter), 1)) or [""]
    line_height = size + 4
    band = Image.new("RGB", (picture.shape[1], line_height * len(lines) + 4), _PAPER)
    pen = ImageDraw.Draw(band)
    for i, line in enumerate(lines):
        pen.text((3, 2 + i * line_height), line, fill=_INK, font=font)
    return np.concatenate([np.asarray(band), picture])


def _open(picture: Picture) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise BadShape("picture", (picture.shape, picture.dtype), "(H, W, 3) uint8")
    image = Image.fromarray(np.ascontiguousarray(picture))
    return image, ImageDraw.Draw(image)
