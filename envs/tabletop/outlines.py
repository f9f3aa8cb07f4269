"""Outlines of the flat shapes, as polygons of any size: x right, y up, counter-clockwise.

Letters stand upright: their top points to +y. `meshes.py` stretches each outline to the catalogue's
real size, so only proportions matter here.
"""

import numpy as np

from uio2_agent.envs.rendering.polygon import Points


def arc(
    start: float, end: float, count: int, radius: float = 1.0, x: float = 0.0, y: float = 0.0
) -> Points:
    """`count` points on a circle about (x, y), degrees, both ends included."""
    a = np.deg2rad(np.linspace(start, end, count))
    return np.column_stack([x + radius * np.cos(a), y + radius * np.sin(a)])


def regular(corners: int, first: float) -> Points:
    """A regular polygon with its first corner at `first` degrees."""
    return arc(first, first + 360 * (1 - 1 / corners), corners)


def _star(first: float) -> Points:
    outer, inner = regular(5, first), 0.46 * regular(5, first + 36)
    return np.stack([outer, inner], axis=1).reshape(-1, 2)


def _heart() -> Points:
    t = -2 * np.pi * np.arange(40) / 40  # backwards: the curve runs clockwise
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.column_stack([x, y])


def _flower() -> Points:
    """Four fat round petals along the axes."""
    middle, radius = 0.55, 0.45
    off = np.deg2rad(np.linspace(-45, 45, 12, endpoint=False))  # from each petal's axis
    r = middle * np.cos(off) + np.sqrt(radius**2 - (middle * np.sin(off)) ** 2)
    t = (np.deg2rad([[0], [90], [180], [270]]) + off).ravel()
    return np.column_stack([np.tile(r, 4) * np.cos(t), np.tile(r, 4) * np.sin(t)])


def _letter_g() -> Points:
    return np.concatenate(
        [
            arc(42, 325, 18),
            [(0.95, 0.08), (0.18, 0.08), (0.18, -0.27), (0.50, -0.27)],
            arc(318, 42, 14, radius=0.56),
        ]
    )


def _letter_r() -> Points:
    bowl = arc(-75, 90, 8, radius=0.31, x=0.62, y=0.69)
    stem = [
        (0.0, 1.0),
        (0.0, 0.0),
        (0.30, 0.0),
        (0.30, 0.36),
        (0.40, 0.36),
        (0.66, 0.0),
        (1.0, 0.0),
    ]
    return np.concatenate([stem, bowl])


# Each: outline, then any holes.
OUTLINES: dict[str, tuple[Points, ...]] = {
    "L-shaped block": (
        np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 0.45), (0.45, 0.45), (0.45, 1.0), (0.0, 1.0)]),
    ),
    "letter A": (
        np.array([
            (0.0, 0.0), (0.27, 0.0), (0.34, 0.22), (0.66, 0.22), (0.73, 0.0), (1.0, 0.0),
            (0.65, 1.0), (0.35, 1.0),
        ]),
        np.array([(0.40, 0.42), (0.60, 0.42), (0.5, 0.76)]),
    ),
    "letter E": (
        np.array([
            (0.0, 0.0), (1.0, 0.0), (1.0, 0.2), (0.42, 0.2), (0.42, 0.4), (0.9, 0.4), (0.9, 0.6),
            (0.42, 0.6), (0.42, 0.8), (1.0, 0.8), (1.0, 1.0), (0.0, 1.0),
        ]),
    ),
    "letter G": (_letter_g(),),
    "letter M": (
        np.array([
            (0.0, 0.0), (0.25, 0.0), (0.25, 0.60), (0.41, 0.0), (0.59, 0.0), (0.75, 0.60),
            (0.75, 0.0), (1.0, 0.0), (1.0, 1.0), (0.68, 1.0), (0.5, 0.42), (0.32, 1.0), (0.0, 1.0),
        ]),
    ),
    "letter R": (
        _letter_r(),
        np.concatenate([
            [(0.30, 0.80), (0.30, 0.58)], arc(-90, 90, 6, radius=0.11, x=0.58, y=0.69),
        ]),
    ),
    "letter T": (
        np.array([
            (0.35, 0.0), (0.65, 0.0), (0.65, 0.70), (1.0, 0.70), (1.0, 1.0), (0.0, 1.0),
            (0.0, 0.70), (0.35, 0.70),
        ]),
    ),
    "letter V": (
        np.array([
            (0.34, 0.0), (0.66, 0.0), (1.0, 1.0), (0.70, 1.0), (0.5, 0.34), (0.30, 1.0), (0.0, 1.0),
        ]),
    ),
    "cross": (
        np.array([
            (-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1), (1, 3), (-1, 3), (-1, 1), (-3, 1),
            (-3, -1), (-1, -1),
        ], np.float64),
    ),
    "diamond": (regular(4, 0),),
    "triangle": (regular(3, 90),),
    "flower": (_flower(),),
    "heart": (_heart(),),
    "hexagon": (regular(6, 90),),
    "pentagon": (regular(5, 90),),
    "star": (_star(0),),
    "ring": (regular(32, 0), 0.55 * regular(32, 0)),
    "round": (regular(32, 0),),
    "disk": (regular(40, 0),),
}  # fmt: skip
