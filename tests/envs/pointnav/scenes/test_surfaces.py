"""Rectangles, boxes and furniture become triangles that face outwards."""

import numpy as np
import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import Block, Panel, Piece, Turned
from uio2_agent.envs.pointnav.scenes.light import RoomLight, draw_light
from uio2_agent.envs.pointnav.scenes.placement import Placed
from uio2_agent.envs.pointnav.scenes.plan import Rect
from uio2_agent.envs.pointnav.scenes.surfaces import Surfaces, join

ROOM = Rect(0, 0, 400, 400)
ROUND = ((0.0, 0.0), (10.0, 0.0), (10.0, 30.0), (0.0, 30.0))


@pytest.fixture
def light() -> RoomLight:
    return draw_light(Draws(0), ROOM, ())


def volume(points: np.ndarray, faces: np.ndarray) -> float:
    """Positive for a closed surface whose triangles face outwards."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    return float((a * np.cross(b, c)).sum()) / 6


def test_a_box_in_the_air_is_closed_and_faces_outwards(light):
    surfaces = Surfaces()
    surfaces.add_blocks([Block(10, 30, 50, 90, 20, 70, "plain red")])
    points, faces, _, names, _ = surfaces.lit(light)
    assert len(faces) == len(names) == 12
    assert volume(points, faces) == pytest.approx(20 * 40 * 50)


def test_hidden_faces_are_left_out(light):
    surfaces = Surfaces()
    surfaces.add_blocks([Block(0, 9, 0, 9, 0, 9, "plain red")])
    surfaces.add_blocks([Block(0, 9, 0, 9, 0, 9, "plain red", False)])
    faces = surfaces.lit(light)[1]
    assert len(faces) == 2 * 5 + 2 * 4


@pytest.mark.parametrize("turns", range(4))
def test_turned_furniture_keeps_its_volume_and_lies_in_its_bounds(turns, light):
    parts = (Block(-40, 40, 0, 50, 5, 60, "wood oak"), Turned(10, 20, 60, ROUND, "plain red", 12))
    placed = Placed(Piece("thing", 80, 50, 90, parts), 200, 150, turns)
    surfaces = Surfaces()
    surfaces.add_piece(placed)
    points, faces, *_ = surfaces.lit(light)
    circle = 12 / 2 * np.sin(2 * np.pi / 12) * 100
    assert volume(points, faces) == pytest.approx(80 * 50 * 55 + circle * 30, rel=1e-4)
    x0, y0, x1, y1 = placed.bounds
    np.testing.assert_allclose(points.min(0), [x0, y0, 5], atol=1e-4)
    np.testing.assert_allclose(points.max(0), [x1, y1, 90], atol=1e-4)


@pytest.mark.parametrize(
    ("facing", "normal"),
    [
        ("front", (0, 1, 0)),
        ("back", (0, -1, 0)),
        ("left", (-1, 0, 0)),
        ("right", (1, 0, 0)),
        ("up", (0, 0, 1)),
    ],
)
def test_a_panel_faces_where_it_says_and_stands_upright(facing, normal, light):
    flat = {"front": "y", "back": "y", "left": "x", "right": "x", "up": "z"}[facing]
    (x0, x1), (y0, y1), (z0, z1) = ((5.0, 5.0) if a == flat else (0.0, 30.0) for a in "xyz")
    panel = Panel(facing, x0, x1, y0, y1, z0, z1, "mirror 0")
    surfaces = Surfaces()
    surfaces.add_piece(Placed(Piece("picture", 60, 60, 60, (panel,)), 0, 0, 0))
    points, faces, uv, *_ = surfaces.lit(light)
    a, b, c = points[faces[0]]
    turned = np.cross(b - a, c - a)
    np.testing.assert_allclose(turned / np.linalg.norm(turned), normal)
    if facing != "up":
        assert (uv[points[:, 2] == 0, 1] == 1).all() and (uv[points[:, 2] == 30, 1] == 0).all()


def test_a_texture_keeps_its_size_in_metres(light):
    surfaces = Surfaces()
    surfaces.add_rectangle((0, 0, 0), (180, 0, 0), (0, 0, 90), "wood oak")
    _, _, uv, *_ = surfaces.lit(light)
    np.testing.assert_allclose(np.ptp(uv, axis=0), [2, 1])  # tiles of 0.9 m


def test_a_shadow_lies_on_the_floor_around_what_stands_there_and_inside_the_room(light):
    surfaces = Surfaces()
    surfaces.add_shadow(Rect(0, 100, 80, 200), ROOM, "planks oak")
    points, faces, *_, colours = surfaces.lit(light)
    assert points[:, 0].min() == 0 and points[:, 0].max() > 80
    assert (points[:, 2] > 0).all() and points[:, 2].max() < 1
    a, b, c = (points[faces[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] >= 0).all()
    within = (points[:, 0] <= 80) & (points[:, 1] >= 100) & (points[:, 1] <= 200)
    assert colours[within].mean() < 0.8 * colours[~within].mean()


def test_join_puts_the_plan_into_the_world_and_sorts_faces_by_texture(light):
    rooms = []
    for name in ("plain red", "plain blue"):
        surfaces = Surfaces()
        surfaces.add_rectangle((100, 0, 50), (100, 0, 0), (0, 100, 0), name)
        surfaces.add_rectangle((100, 0, 50), (100, 0, 0), (0, 100, 0), "lamp 0")
        rooms.append(surfaces.lit(light))
    scene = join(rooms, np.array([100.0, 0.0]))
    np.testing.assert_allclose(scene.bounds, [[0, 0.5, -1], [1, 0.5, 0]])
    assert len(scene.textures) == 3 and (np.diff(scene.paint) >= 0).all()
    a, b, c = np.moveaxis(scene.triangles, 1, 0)
    assert (np.cross(b - a, c - a)[:, 1] > 0).all()
    shining = scene.faces[scene.paint == 1]
    assert scene.colours is not None and (scene.colours[shining] == 1).all()
