"""Light falls off from lamps and windows, and corners are darker."""

import numpy as np
import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.light import RoomLight, draw_light, lamp_places
from uio2_agent.envs.pointnav.scenes.openings import Opening
from uio2_agent.envs.pointnav.scenes.plan import Rect

ROOM = Rect(0, 0, 400, 300)
WINDOW = Opening("window", "north", 120, 280, 90, 225)
UP = (0.0, 0.0, 1.0)


@pytest.fixture
def lamp_only() -> RoomLight:
    return draw_light(Draws(1), ROOM, ())


def brightness(light: RoomLight, point: tuple, normal: tuple = UP) -> float:
    return float(light.at(np.array([point], float), np.array([normal], float)).mean())


def test_a_corner_is_darker_than_the_middle_of_the_floor(lamp_only):
    assert brightness(lamp_only, (0.02, 0.02, 0)) < 0.75 * brightness(lamp_only, (2, 1.5, 0))


def test_a_face_towards_the_lamp_is_brighter_than_one_turned_away(lamp_only):
    assert brightness(lamp_only, (2, 1.5, 1)) > brightness(lamp_only, (2, 1.5, 1), (0, 0, -1))


def test_a_window_brightens_what_faces_it():
    with_window, without = draw_light(Draws(1), ROOM, (WINDOW,)), draw_light(Draws(1), ROOM, ())
    facing = (2, 1.5, 1), (0.0, 1.0, 0.0)
    assert brightness(with_window, *facing) > brightness(without, *facing) + 0.05


def test_light_never_leaves_its_range():
    rng = np.random.default_rng(0)
    light = draw_light(Draws(2), ROOM, (WINDOW,))
    points = rng.uniform((-0.2, -0.2, 0), (4.2, 3.2, 2.6), (500, 3))
    normals = rng.normal(size=(500, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    shown = light.at(points, normals)
    assert shown.dtype == np.float32
    assert shown.min() > 0 and shown.max() <= 1


def test_rooms_differ_in_the_colour_of_their_light():
    colours = {tuple(draw_light(Draws(seed), ROOM, ()).lamp_colour) for seed in range(20)}
    assert len(colours) > 10


def test_a_long_room_has_several_lamps_evenly_along_it():
    assert lamp_places(ROOM) == [(200, 150)]
    assert lamp_places(Rect(0, 0, 1200, 120)) == [(200, 60), (600, 60), (1000, 60)]
    assert lamp_places(Rect(10, 0, 110, 800)) == [(60, 200), (60, 600)]
