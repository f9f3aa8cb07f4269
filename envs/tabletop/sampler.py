"""Where objects may stand: a map of the free table, and poses drawn from it (vima_bench.md §3, §6).

The map is 160 x 320 pixels of 3.125 mm (rows along x, columns along y). An object takes the pixels
of its turned bounding rectangle, so nothing is ever put inside a hollow frame either. A new object
may stand where a square as wide as the diagonal of its declared size fits into what is free and
inside the table; one of these pixels is drawn uniformly, then a yaw in steps of 0.01 degrees.

All arithmetic on the map is in whole half-micrometres, so a seed gives the same scene everywhere.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

import numpy as np

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import SHAPES, Shape
from uio2_agent.envs.tabletop.meshes import mesh
from uio2_agent.envs.tabletop.scenario import Rectangle
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE, Body
from uio2_agent.errors import SceneUnsolvable

PIXEL = 0.003125
ROWS, COLUMNS = 160, 320

_UNIT = 2_000_000  # half-micrometres in a metre
_PIXEL = 6_250
_TURN = 1 << 20  # fixed-point one of sines and cosines

XY = tuple[float, float]


def _units(metres: float) -> int:
    return round(metres * _UNIT)


def _window(xy: XY, reach: float) -> tuple[slice, slice, np.ndarray, np.ndarray]:
    """The pixels within `reach` metres of a point along x and y, and how far off they are.

    Returns:
        Rows and columns of the map, and their distances (rows, 1) and (columns,) from the point in
        half-micrometres.
    """
    spans = []
    for metres, low, n in ((xy[0], X_RANGE[0], ROWS), (xy[1], Y_RANGE[0], COLUMNS)):
        centre, far = _units(metres - low), _units(reach)
        spans.append((max(0, (centre - far) // _PIXEL), min(n, (centre + far) // _PIXEL + 2)))
    rows, columns = (np.arange(*span, dtype=np.int64) * _PIXEL for span in spans)
    dx, dy = rows - _units(xy[0] - X_RANGE[0]), columns - _units(xy[1] - Y_RANGE[0])
    return slice(*spans[0]), slice(*spans[1]), dx[:, None], dy


@lru_cache(maxsize=256)
def _kernel(size_x: float, size_y: float) -> int:
    """Half-width in pixels of the square that must be free around an object's centre."""
    diagonal = math.isqrt(_units(size_x) ** 2 + _units(size_y) ** 2)
    return -(-diagonal // (2 * _PIXEL))


@lru_cache(maxsize=64)
def _footprint(name: str) -> tuple[XY, XY]:
    """Lowest and highest x, y of a mesh at scale 1; the pan's handle sticks out on one side."""
    (x0, y0, _), (x1, y1, _) = mesh(name).bounds.tolist()
    return (x0, y0), (x1, y1)


def declared_size(shape: Shape, scale: tuple[float, float, float]) -> tuple[float, float]:
    """Size x, y used for spacing, metres; follows `scale` where the mesh does."""
    x, y, _ = shape.declared if shape.scales else shape.declared_high
    return (x * scale[0], y * scale[1]) if shape.scales else (x, y)


@lru_cache(maxsize=64)
def _inside(rectangle: Rectangle) -> np.ndarray:
    """Pixels bool (160, 320) whose place is in the rectangle."""
    (x0, x1), (y0, y1) = (
        (_units(low - start), _units(high - start))
        for (low, high), start in ((rectangle.x, X_RANGE[0]), (rectangle.y, Y_RANGE[0]))
    )
    rows, columns = np.arange(ROWS) * _PIXEL, np.arange(COLUMNS) * _PIXEL
    return ((rows >= x0) & (rows <= x1))[:, None] & (columns >= y0) & (columns <= y1)


class FreeSpace:
    """The part of the table nothing stands on."""

    def __init__(self) -> None:
        self._taken = np.zeros((ROWS, COLUMNS), np.int32)
        # As upstream, the outermost pixels count as taken: objects stay on the table.
        self._taken[[0, -1]] = 1
        self._taken[:, [0, -1]] = 1

    def take(self, body: Body) -> None:
        """Mark the rectangle `body` stands on; it may be left to stand there only in thought."""
        (low_x, low_y), (high_x, high_y) = (
            (edge[0] * body.scale[0], edge[1] * body.scale[1]) for edge in _footprint(body.shape)
        )
        cos, sin = round(math.cos(body.yaw) * _TURN), round(math.sin(body.yaw) * _TURN)
        span = math.hypot(max(-low_x, high_x), max(-low_y, high_y))
        rows, columns, dx, dy = _window(body.xy, span)
        along, across = dx * cos + dy * sin, dy * cos - dx * sin
        under = (_units(low_x) * _TURN <= along) & (along <= _units(high_x) * _TURN)
        under &= (_units(low_y) * _TURN <= across) & (across <= _units(high_y) * _TURN)
        self._taken[rows, columns][under] = 1

    def room_for(
        self,
        shape: str,
        scale: tuple[float, float, float],
        apart: Iterable[tuple[XY, float]] = (),
        tight: bool = False,
    ) -> np.ndarray:
        """Pixels bool (160, 320) on which the centre of such an object may be.

        Args:
            shape: Name in the catalogue.
            scale: Factors on the mesh.
            apart: Points and how far from them, in metres, the centre must keep.
            tight: Ask for no more room than it really needs, not for its declared size.
        """
        x, y, _ = SHAPES[shape].real
        real = (x * scale[0], y * scale[1])
        half = _kernel(*(real if tight else declared_size(SHAPES[shape], scale)))
        sums = np.zeros((ROWS + 1, COLUMNS + 1), np.int32)
        np.cumsum(np.cumsum(self._taken, 0, out=sums[1:, 1:]), 1, out=sums[1:, 1:])
        width = 2 * half + 1
        room = np.zeros((ROWS, COLUMNS), bool)
        if width < ROWS:
            inside = room[half : ROWS - half, half : COLUMNS - half]
            # Taken pixels in the square around each centre, by four look-ups in the sums.
            taken = sums[width:, width:] + sums[:-width, :-width]
            taken -= sums[:-width, width:]
            taken -= sums[width:, :-width]
            np.equal(taken, 0, out=inside)
        for xy, distance in apart:
            rows, columns, dx, dy = _window(xy, distance)
            room[rows, columns] &= dx * dx + dy * dy > _units(distance) ** 2
        return room


Index = TypeVar("Index", int, np.ndarray)


def pixel_xy(row: Index, column: Index) -> tuple:
    """Table position x, y of a pixel of the map (or of arrays of pixels), metres."""
    return X_RANGE[0] + row * PIXEL, Y_RANGE[0] + column * PIXEL


class Placer:
    """Puts objects, one after the other, where there is room for them."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._space = FreeSpace()

    def place(
        self,
        body: Body,
        apart: Iterable[tuple[XY, float]] = (),
        within: Rectangle | None = None,
        tight: bool = False,
    ) -> Body:
        """`body` in a free random pose, which is then taken.

        Args:
            body: What shall stand there.
            apart: Points and how far from them, in metres, its centre must keep.
            within: Where its centre must be; anywhere on the table if None.
            tight: Ask for no more room than it really needs (see `FreeSpace.room_for`).

        Raises:
            SceneUnsolvable: There is no room left for it.
        """
        free = self._space.room_for(body.shape, body.scale, apart, tight)
        if within is not None:
            free &= _inside(within)
        room = np.flatnonzero(free)
        if not len(room):
            raise SceneUnsolvable(f"the {body.texture} {body.shape}", 1)
        row, column = divmod(int(room[self._draws.below(len(room))]), COLUMNS)
        placed = self.turned(body.at(*pixel_xy(row, column)))
        self._space.take(placed)
        return placed

    def put(self, body: Body) -> Body:
        """`body` as it is, wherever that may be; the place is then taken."""
        self._space.take(body)
        return body

    def another_table(self) -> "Placer":
        """An empty table, such as a prompt's scene shows, filled from the same draws."""
        return Placer(self._draws)

    def turned(self, body: Body) -> Body:
        """`body` in place, with a random yaw in [0, 360) degrees."""
        yaw = math.radians(self._draws.below(36_000) / 100)
        return body.at(*body.xy, yaw=yaw)
