"""The storey seen from above: true to scale, without its ceiling, its walls to be seen."""

from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.floor_plan import floor_plan, section
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.envs.pointnav.scenes.apartment import build_apartment

WALL = (74, 76, 84)
GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
COLOURS = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1)], np.float32)


def level(x0, x1, z0, z1, y, up=True):
    """Corners (4, 3) of a floor or, turned over, a ceiling."""
    corners = np.array([(x0, y, z1), (x1, y, z1), (x1, y, z0), (x0, y, z0)], np.float32)
    return corners if up else corners[::-1]


def scene_of(*quads):
    """A scene of rectangles, red, green and blue."""
    first = 4 * np.arange(len(quads), dtype=np.int32)[:, None]
    faces = np.stack([first + (0, 1, 2), first + (0, 2, 3)], 1).reshape(-1, 3).astype(np.int32)
    return Scene(
        vertices=np.concatenate(quads).astype(np.float32),
        faces=faces,
        uv=np.zeros((4 * len(quads), 2), np.float32),
        paint=np.zeros(len(faces), np.int32),
        textures=(Texture(np.full((1, 1, 3), 255, np.uint8)),),
        factor=COLOURS[: len(quads)].repeat(2, axis=0),
    )


def where(picture, channel):
    """Rows and columns (n, 2) that are mainly red, green or blue."""
    other = np.delete(picture.astype(int), channel, axis=-1).max(axis=-1)
    return np.argwhere(picture[..., channel] > other + 60)


def test_things_lie_where_they_are_with_minus_z_up_and_x_to_the_right():
    scene = scene_of(level(0, 4, 0, 4, 0), level(3, 4, 0, 1, 0.5))
    picture = floor_plan(scene, 0.0, (2, 2), 5.0, 500)
    assert picture.shape == (500, 500, 3) and picture.dtype == np.uint8
    floor, table = where(picture, 0), where(picture, 1)
    assert floor.min(0).tolist() == pytest.approx([50, 50], abs=2)
    assert floor.max(0).tolist() == pytest.approx([449, 449], abs=2)
    assert table.mean(0) == pytest.approx([100, 400], abs=3)


def test_ceilings_lamps_and_other_storeys_are_left_out():
    rooms = level(0, 4, 0, 4, 0), level(0, 4, 0, 4, 2.5, up=False), level(0, 4, 0, 4, 2.8)
    picture = floor_plan(scene_of(*rooms), 0.0, (2, 2), 5.0, 100)
    assert len(where(picture, 0)) > 5000
    assert not len(where(picture, 1)) and not len(where(picture, 2))
    upstairs = floor_plan(scene_of(*rooms), 2.8, (2, 2), 5.0, 100)
    assert len(where(upstairs, 2)) > 5000 and not len(where(upstairs, 0))


def test_the_gap_between_two_rooms_is_a_wall_and_far_outside_there_is_nothing():
    scene = scene_of(level(0, 1.9, 0, 4, 0), level(2.1, 4, 0, 4, 0))
    picture = floor_plan(scene, 0.0, (2, 2), 6.0, 300)
    assert picture[150, 150].tolist() == list(WALL)
    assert picture[5, 5].tolist() == [255, 255, 255]
    assert picture[48, 150].tolist() == list(WALL)  # the outer wall


def test_rooms_that_stand_apart_are_not_joined():
    scene = scene_of(level(0, 1.5, 0, 4, 0), level(2.5, 4, 0, 4, 0))
    assert floor_plan(scene, 0.0, (2, 2), 6.0, 300)[150, 150].tolist() == [255, 255, 255]


def test_a_section_is_the_outline_of_what_stands_there():
    two_rooms = load_scene(GOLDEN / "two_rooms.glb")
    ends = section(two_rooms, 1.9)
    low, high = two_rooms.bounds[:, [0, 2]]
    lengths = np.linalg.norm(np.diff(ends, axis=1)[:, 0], axis=1)
    assert ends.min((0, 1)) == pytest.approx(low, abs=0.01)
    assert ends.max((0, 1)) == pytest.approx(high, abs=0.01)
    assert lengths.sum() > 2 * (high - low).sum()
    assert not len(section(two_rooms, 50.0))


def test_all_rooms_of_a_flat_are_to_be_seen():
    flat = build_apartment(900_001, "small")
    plan = flat.plan
    pixels, side = 300, max(plan.width, plan.depth) / 100 + 1
    picture = floor_plan(flat.scene, 0.2, (0, 0), side, pixels)
    drawn = (picture != WALL).any(-1) & (picture != 255).any(-1)
    for room in plan.rooms:
        x0, y0, x1, y1 = (np.array(room.rect) - np.tile([plan.width, plan.depth], 2) / 2) / 100
        columns = ((np.array([x0, x1]) / side + 0.5) * pixels).astype(int)
        rows = ((np.array([-y1, -y0]) / side + 0.5) * pixels).astype(int)
        assert drawn[slice(*rows), slice(*columns)].mean() > 0.8
