"""What touch feels: simpler solids in place of the drawn meshes.

Movables are the convex hulls of their meshes, holes filled, as upstream (vima_bench.md §3.2).
Containers never move and are put together from boxes, so that things can lie in them.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.tabletop.catalogue import shape
from uio2_agent.envs.tabletop.meshes import mesh
from uio2_agent.envs.tabletop.scene import Quaternion, yaw_to_quaternion

Triple = tuple[float, float, float]

SKIN = 0.001  # Bullet rounds hulls by a margin of this many metres; ours are made thinner by it
WALL = 0.002  # walls and floor of the open box called container, metres
_WALLS = 12  # boxes around a round dish


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A box: half extents and pose in the object's frame, metres."""

    half: Triple
    position: Triple
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Dish:
    """A round dish: radii of its walls at the bottom and at the top, height, thickness; metres."""

    bottom: float
    top: float
    height: float
    thick: float

    def height_of(self, corners: NDArray[np.float64]) -> float:
        """How high something flat with these corners (N, 2) lies in its middle, metres."""
        lean = math.atan2(self.top - self.bottom, self.height)
        inner = self.bottom - self.thick / 4 / math.cos(lean)  # of the walls, at the bottom
        towards = 2 * np.pi * np.arange(_WALLS) / _WALLS
        reach = (corners @ np.stack([np.cos(towards), np.sin(towards)])).max()
        return max(self.thick, (float(reach) - inner) / math.tan(lean))


@lru_cache(maxsize=64)
def hull(name: str) -> NDArray[np.float64]:
    """Corners (N, 3) of a movable's convex hull in its own frame, skin taken off all round."""
    vertices = mesh(name).vertices.astype(np.float64)
    outline = np.array(_convex(vertices[:, :2]))
    outline *= 1 - SKIN / np.abs(outline).max(0)
    low, high = vertices[:, 2].min() + SKIN, vertices[:, 2].max() - SKIN
    return np.concatenate([np.insert(outline, 2, z, axis=1) for z in (low, high)])


def _convex(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Corners of the convex hull of points (N, 2), counter-clockwise (monotone chain)."""
    ordered = sorted({(float(x), float(y)) for x, y in points.round(6)})

    def chain(points_in_order: list[tuple[float, float]]) -> list[tuple[float, float]]:
        corners: list[tuple[float, float]] = []
        for p in points_in_order:
            while len(corners) > 1 and _left_turn(corners[-2], corners[-1], p) <= 1e-9:
                corners.pop()
            corners.append(p)
        return corners[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _left_turn(a: tuple, b: tuple, c: tuple) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@lru_cache(maxsize=64)
def pieces(name: str, scale: Triple = (1.0, 1.0, 1.0)) -> tuple[Piece, ...]:
    """The boxes of a body that never moves; none for what is only drawn on the table."""
    s = shape(name)
    width, depth, height = (r * f for r, f in zip(s.real, scale, strict=True))
    match name:
        case "bowl":
            return _round(dish("bowl"))
        case "pan":
            r = depth / 2
            end = width - r
            handle = Piece(
                half=((end - r) / 2, 0.013, 0.007), position=((end + r) / 2, 0.0, height - 0.007)
            )
            return (*_round(dish("pan")), handle)
        case "container":
            floor = Piece(half=(width / 2, depth / 2, WALL / 2), position=(0.0, 0.0, WALL / 2))
            return (floor, *_fence(width, depth, height, WALL))
        case "frame":
            return _fence(width, depth, height, 0.024)
        case "square":
            return _fence(width, depth, height, 0.04)
        case "three-sided rectangle" | "wide three-sided rectangle" | "line":
            return ()
    return (Piece(half=(width / 2, depth / 2, height / 2), position=(0.0, 0.0, height / 2)),)


def _fence(width: float, depth: float, height: float, wall: float) -> tuple[Piece, ...]:
    """Four walls inside the edge of a rectangle."""
    z, w = height / 2, wall / 2
    along_y = (w, depth / 2, z)
    along_x = (width / 2 - wall, w, z)
    return tuple(
        Piece(half=half, position=position)
        for sign in (-1, 1)
        for half, position in (
            (along_y, (sign * (width / 2 - w), 0.0, z)),
            (along_x, (0.0, sign * (depth / 2 - w), z)),
        )
    )


def dish(name: str) -> Dish:
    """The round part of a bowl or a pan."""
    _, depth, height = shape(name).real
    r = depth / 2
    if name == "bowl":
        return Dish(bottom=0.50 * r, top=0.96 * r, height=height, thick=0.006)
    return Dish(bottom=0.84 * r, top=0.97 * r, height=0.8 * height, thick=0.006)


def _round(of: Dish) -> tuple[Piece, ...]:
    """A floor, and a ring of boxes that lean outwards."""
    bottom, top, height, thick = of.bottom, of.top, of.height, of.thick
    lean = math.atan2(top - bottom, height)
    slope = math.hypot(top - bottom, height)
    middle = (bottom + top) / 2
    walls = []
    for k in range(_WALLS):
        a = 2 * math.pi * k / _WALLS
        walls.append(
            Piece(
                half=(thick / 4, top * math.tan(math.pi / _WALLS), slope / 2),
                position=(middle * math.cos(a), middle * math.sin(a), height / 2),
                rotation=_after(
                    yaw_to_quaternion(a), (0.0, math.sin(lean / 2), 0.0, math.cos(lean / 2))
                ),
            )
        )
    side = bottom * 0.9  # a square a little wider than the round floor's inner square
    floor = Piece(half=(side, side, thick / 2), position=(0.0, 0.0, thick / 2))
    return (floor, *walls)


def _after(p: Quaternion, q: Quaternion) -> Quaternion:
    """The rotation that first does `q`, then `p`."""
    (px, py, pz, pw), (qx, qy, qz, qw) = p, q
    return (
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy - px * qz + py * qw + pz * qx,
        pw * qz + px * qy - py * qx + pz * qw,
        pw * qw - px * qx - py * qy - pz * qz,
    )
