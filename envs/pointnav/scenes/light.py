"""Light baked into corners: lamps, the windows, and dark where surfaces meet.

Not a simulation: no ray is cast. Only +, -, *, / and square roots are used, which every platform
rounds the same way. Metres, z up; P points.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.openings import Opening
from uio2_agent.envs.pointnav.scenes.plan import HEIGHT, Rect

Array = NDArray[np.float64]

NORMALS = {
    "south": (0.0, 1.0, 0.0),
    "north": (0.0, -1.0, 0.0),
    "west": (1.0, 0.0, 0.0),
    "east": (-1.0, 0.0, 0.0),
}
_AMBIENT = 0.58
_LAMP_COLOURS = ((1.0, 0.95, 0.86), (1.0, 0.98, 0.94), (1.0, 0.9, 0.76), (0.97, 0.99, 1.0))
_DAYLIGHT = (0.94, 0.98, 1.0)
_LAMP_REACH, _WINDOW_REACH = 2.6, 2.2  # metres at which the light has halved
_LAMP_EVERY = 350  # centimetres along a room
_CORNER = 0.28  # metres from a surface at which its shade has halved


def _unit(away: Array) -> tuple[Array, Array]:
    """(P, 3) -> unit vectors (P, 3) and lengths (P,)."""
    x, y, z = away[:, 0], away[:, 1], away[:, 2]
    length = np.sqrt(x * x + y * y + z * z) + 1e-9
    return away / length[:, None], length


def _dot(a: Array, b: Array) -> Array:
    """Row by row; written out, because a library's sum may differ in its last bit."""
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]


@dataclass(frozen=True, eq=False)
class RoomLight:
    """low, high: (3,) the room's corners; lamps: their places (3,); lamp_colour: times brightness;
    windows: (place, direction into the room, colour times brightness) each."""

    low: Array
    high: Array
    lamps: tuple[Array, ...]
    lamp_colour: Array
    windows: tuple[tuple[Array, Array, Array], ...]

    def at(self, points: Array, normals: Array) -> NDArray[np.float32]:
        """How much of each colour a surface shows: points and normals (P, 3) -> (P, 3) in 0..1."""
        total = np.full(points.shape, _AMBIENT)
        for lamp in self.lamps:
            towards, distance = _unit(lamp - points)
            lit = np.clip(0.3 + 0.7 * _dot(normals, towards), 0, 1)
            lit = lit / (1 + (distance / _LAMP_REACH) ** 2)
            total = total + lit[:, None] * self.lamp_colour
        for place, inwards, colour in self.windows:
            towards, distance = _unit(place - points)
            seen = np.clip(0.2 + 0.8 * _dot(normals, towards), 0, 1)
            sent = np.clip(-_dot(towards, inwards[None]), 0, 1)
            part = seen * sent / (1 + (distance / _WINDOW_REACH) ** 2)
            total = total + part[:, None] * colour
        shown = total * self._openness(points, normals)[:, None]
        return np.clip(shown, 0.08, 1).astype(np.float32)

    def _openness(self, points: Array, normals: Array) -> Array:
        """1 in the open, less beside a wall, the floor or the ceiling that is faced."""
        share = np.ones(len(points))
        for axis in range(3):
            for away, facing in (
                (points[:, axis] - self.low[axis], normals[:, axis]),
                (self.high[axis] - points[:, axis], -normals[:, axis]),
            ):
                near = 1 / (1 + (np.clip(away, 0, None) / _CORNER) ** 2)
                share = share * (1 - 0.3 * (1 - facing) * near)
        return share


def lamp_places(room: Rect) -> list[tuple[int, int]]:
    """Where lamps hang: one in the middle, in a long room several along it."""
    number = max(1, max(room.width, room.depth) // _LAMP_EVERY)
    x, y = (room.x0 + room.x1) // 2, (room.y0 + room.y1) // 2
    if room.width >= room.depth:
        return [(room.x0 + room.width * (2 * i + 1) // (2 * number), y) for i in range(number)]
    return [(x, room.y0 + room.depth * (2 * i + 1) // (2 * number)) for i in range(number)]


def draw_light(draws: Draws, room: Rect, openings: tuple[Opening, ...]) -> RoomLight:
    """Lamps under the ceiling, of some colour and brightness, and daylight."""
    low = np.array([room.x0, room.y0, 0]) / 100
    high = np.array([room.x1, room.y1, HEIGHT]) / 100
    lamps = tuple(np.array([x, y, HEIGHT - 35]) / 100 for x, y in lamp_places(room))
    colour = np.array(draws.choice(_LAMP_COLOURS)) * (60 + draws.below(50)) / 100
    windows = []
    for o in openings:
        if o.kind == "window":
            along, line = (o.low + o.high) / 2, room.line(o.side)
            x, y = (along, line) if o.side in ("south", "north") else (line, along)
            size = (o.high - o.low) * (o.top - o.sill) / 20_000
            place = np.array([x, y, (o.sill + o.top) / 2]) / 100
            daylight = np.array(_DAYLIGHT) * min(size, 1.5) * 0.6
            windows.append((place, np.array(NORMALS[o.side]), daylight))
    return RoomLight(low, high, lamps, colour, tuple(windows))
