"""The map of a scene."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.actuation import Pose, yaw_rotation
from uio2_agent.envs.pointnav.bake import bake_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.scenes.apartment import apartment
from uio2_agent.envs.pointnav.topdown import TopDownMap, legend
from uio2_agent.errors import BadShape

SQUARE = np.array(
    [[[0, 0, 0], [0, 0, 4], [4, 0, 4]], [[0, 0, 0], [4, 0, 4], [4, 0, 0]]], np.float64
)
FLOOR, OUTSIDE = [205, 210, 218], [255, 255, 255]


def pixels(picture, colour):
    """Rows and columns (n, 2) of what has nearly that colour."""
    return np.argwhere((np.abs(picture.astype(int) - colour) < 12).all(-1))


def test_the_floor_fills_the_map_but_for_its_margin():
    picture = TopDownMap(SQUARE, 0.0, pixels=100).picture()
    assert picture.shape == (100, 100, 3) and picture.dtype == np.uint8
    assert picture[50, 50].tolist() == FLOOR and picture[1, 1].tolist() == OUTSIDE
    assert len(pixels(picture[:80], FLOOR)) == pytest.approx(92 * 76, rel=0.03)  # ruler below


def test_other_storeys_are_left_out():
    upstairs = SQUARE * 0.5 + [0, 3, 0]
    both = np.concatenate([SQUARE, upstairs])
    for height, side in ((0.0, 4.0), (3.1, 2.0)):
        drawn = TopDownMap(both, height, pixels=100)
        assert drawn.scale == pytest.approx(0.92 * 200 / side)


def test_things_lie_where_they_are_with_minus_z_up_and_x_to_the_right():
    drawn = TopDownMap(SQUARE, 0.0, pixels=200)
    picture = drawn.picture(
        pose=Pose(np.array([1.0, 0, 1.0]), yaw_rotation(0.0)),
        goals=[np.array([3.0, 0, 3.0])],
        start=np.array([3.0, 0, 1.0]),
        way=np.array([[1.0, 0, 2.0], [3.0, 0, 2.0]]),
        trail=[np.array([1.0, 0, 3.0]), np.array([2.0, 0, 3.0])],
    )
    for colour, (x, z) in {
        (30, 50, 130): (1, 1),
        (220, 40, 40): (3, 3),
        (250, 180, 30): (3, 1),
        (40, 160, 80): (2, 2),
        (40, 90, 220): (1.5, 3),
    }.items():
        middle = pixels(picture, colour).mean(0)
        want = 8 + 184 * np.array([z, x]) / 4
        np.testing.assert_allclose(middle, want, atol=3)


def test_the_agent_points_where_it_looks():
    drawn = TopDownMap(SQUARE, 0.0, pixels=200)
    centre = np.array([2.0, 0, 2.0])
    north, west = (
        pixels(drawn.picture(Pose(centre, yaw_rotation(yaw))), (30, 50, 130))
        for yaw in (0.0, np.pi / 2)
    )
    # A dart: slim at its tip, wide at its tail.
    for along, across in ((north[:, 0], north[:, 1]), (west[:, 1], west[:, 0])):
        middle = (along.min() + along.max()) / 2
        assert np.ptp(across[along < middle]) < np.ptp(across[along > middle])


def test_drawing_leaves_the_map_as_it_was():
    drawn = TopDownMap(SQUARE, 0.0)
    before = drawn.picture()
    drawn.picture(goals=[np.array([2.0, 0, 2.0])])
    np.testing.assert_array_equal(drawn.picture(), before)


@pytest.mark.parametrize(("side", "metres"), [(4, 1), (20, 1), (40, 2), (400, 20)])
def test_a_ruler_says_how_large_it_is(side, metres):
    drawn = TopDownMap(SQUARE * side / 4, 0.0, pixels=400)
    ink = np.all(drawn.picture()[300:, :200] < 60, axis=-1)
    line = max(np.ptp(np.flatnonzero(row)[[0, -1]]) if row.any() else 0 for row in ink)
    assert line == pytest.approx(metres * drawn.scale / 2, abs=3)


def test_stops_are_marked_and_numbered():
    drawn = TopDownMap(SQUARE, 0.0, pixels=200)
    at = [np.array([1.0, 0, 1.0]), np.array([3.0, 0, 1.0])]
    first, second = (
        np.argwhere((drawn.picture(stops=at[: i + 1]) != drawn.picture(stops=at[:i])).any(-1))
        for i in range(2)
    )
    for found, (x, _, z) in zip((first, second), at, strict=True):
        low, high = found.min(0), found.max(0)
        np.testing.assert_allclose((low + high) / 2, 8 + 184 * np.array([z, x]) / 4, atol=2)
    both = drawn.picture(stops=at)
    one, two = (both[r : r + 12, c : c + 12] for r, c in (first.min(0), second.min(0)))
    assert not np.array_equal(one, two)


def test_with_its_scene_the_map_shows_rooms_and_where_one_can_stand():
    scene = apartment(900_001, "small")
    triangles = bake_navmesh(scene, NavMeshSettings()).triangles()
    drawn = TopDownMap(triangles, 0.2, 200, scene)
    plain = TopDownMap(triangles, 0.2, 200)
    assert drawn.scale < plain.scale  # there are walls around
    picture = drawn.picture()
    assert len(pixels(picture, (74, 76, 84))) > 300  # walls
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1000  # furniture


def test_the_legend_explains_every_sign():
    line = legend(12)
    assert line.shape[0] == 24 and line.shape[1] > 300
    for colour in ((250, 180, 30), (220, 40, 40), (40, 160, 80), (40, 90, 220), (60, 120, 230)):
        assert len(pixels(line, colour))


def test_nothing_to_draw_is_refused():
    with pytest.raises(BadShape, match="triangles"):
        TopDownMap(np.empty((0, 3, 3)), 0.0)
