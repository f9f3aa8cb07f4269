"""The catalogue's shapes as triangles.

Object frame: metres, z up, flat bottom at z = 0, origin at the centre of the footprint's box. Two
origins follow what tasks aim at instead: the pan's is its dish's centre (the handle points to +x),
and the three-sided rectangle's is the middle of the region it bounds (open towards +y).
Letters stand upright along +y, so they read upright in the top picture at yaw 90 degrees, the pose
of prompt pictures; at yaw 0 their top points to the right.
"""

from functools import lru_cache

import numpy as np

from uio2_agent.envs.rendering.mesh import Mesh, box, lathe, merge, prism, rectangle
from uio2_agent.envs.rendering.polygon import Points
from uio2_agent.envs.tabletop.catalogue import SHAPES, Shape, shape
from uio2_agent.envs.tabletop.outlines import OUTLINES

# Metres per texture repeat: three or four stripes or dots on an object of any size.
_TILE, _SMALL_TILE, _WIDE_TILE = 0.10, 0.05, 0.17
_STRIP = 0.04  # width of the flat strips that mark regions
_SEGMENTS = 32


def _fit(loops: tuple[Points, ...], width: float, depth: float) -> tuple[Points, ...]:
    """Stretch an outline and its holes to an extent, centred on the origin."""
    low, high = loops[0].min(0), loops[0].max(0)
    scale = np.array([width, depth]) / (high - low)
    return tuple((loop - (low + high) / 2) * scale for loop in loops)


def _flat(s: Shape) -> Mesh:
    width, depth, height = s.real
    outline, *holes = _fit(OUTLINES[s.name], width, depth)
    return prism(outline, height, _TILE, tuple(holes))


def _block(s: Shape) -> Mesh:
    return box(s.real, _SMALL_TILE if s.name == "small block" else _TILE, (0.0, 0.0, 0.0))


def _square_ring(s: Shape, strip: float) -> Mesh:
    width, depth, height = s.real
    inner = rectangle(width - 2 * strip, depth - 2 * strip)
    return prism(rectangle(width, depth), height, _WIDE_TILE, (inner,))


def _bowl(s: Shape) -> Mesh:
    radius, height = s.real[0] / 2, s.real[2]
    outer = [(0.0, 0.0), (0.45, 0.0), (0.68, 0.14), (0.86, 0.42), (0.96, 0.74), (1.0, 1.0)]
    inner = [(0.94, 1.0), (0.90, 0.75), (0.80, 0.47), (0.62, 0.21), (0.42, 0.09), (0.0, 0.09)]
    return lathe(np.array(outer + inner) * (radius, height), _SEGMENTS, _WIDE_TILE)


def _pan(s: Shape) -> Mesh:
    length, width, height = s.real
    r = width / 2
    profile = [(0.0, 0.0), (0.86 * r, 0.0), (r, 0.8 * height), (0.94 * r, 0.8 * height)]
    dish = lathe(np.array([*profile, (0.82 * r, 0.006), (0.0, 0.006)]), _SEGMENTS, _WIDE_TILE)
    start, end = 0.93 * r, length - r
    handle = box((end - start, 0.026, 0.014), _WIDE_TILE, ((start + end) / 2, 0.0, height - 0.014))
    return merge(dish, handle)


def _container(s: Shape) -> Mesh:
    width, depth, height = s.real
    t = 0.002
    walls = [
        box((t, depth, height), _WIDE_TILE, (side * (width - t) / 2, 0.0, 0.0)) for side in (-1, 1)
    ]
    walls += [
        box((width - 2 * t, t, height), _WIDE_TILE, (0.0, side * (depth - t) / 2, 0.0))
        for side in (-1, 1)
    ]
    return merge(box((width, depth, t), _WIDE_TILE, (0.0, 0.0, 0.0)), *walls)


def _pallet(s: Shape) -> Mesh:
    width, depth, height = s.real
    runner, slat, board = 0.022, 0.032, 0.008
    runners = [
        box((width, runner, height - board), _WIDE_TILE, (0.0, y, 0.0))
        for y in np.linspace(-(depth - runner) / 2, (depth - runner) / 2, 3).tolist()
    ]
    slats = [
        box((slat, depth, board), _WIDE_TILE, (x, 0.0, height - board))
        for x in np.linspace(-(width - slat) / 2, (width - slat) / 2, 5).tolist()
    ]
    return merge(*runners, *slats)


def _three_sided(s: Shape) -> Mesh:
    """Strips centred on three edges of a rectangle; the +y side is open."""
    width, depth, height = *s.declared[:2], s.real[2]
    back = box((width, _STRIP, height), _WIDE_TILE, (0.0, -depth / 2, 0.0))
    flanks = [
        box((_STRIP, depth, height), _WIDE_TILE, (x, 0.0, 0.0)) for x in (-width / 2, width / 2)
    ]
    return merge(back, *flanks)


_BUILDERS = {
    "block": _block,
    "shorter block": _block,
    "small block": _block,
    "line": _block,
    "stand": _block,
    "bowl": _bowl,
    "pan": _pan,
    "frame": lambda s: _square_ring(s, 0.024),
    "container": _container,
    "square": lambda s: _square_ring(s, _STRIP),
    "pallet": _pallet,
    "three-sided rectangle": _three_sided,
    "wide three-sided rectangle": _three_sided,
}


@lru_cache(maxsize=len(SHAPES))
def mesh(name: str) -> Mesh:
    """The mesh of a shape at scale 1, in its own frame.

    Raises:
        UnknownName: No such shape in the catalogue.
    """
    s = shape(name)
    return _BUILDERS.get(name, _flat)(s)
