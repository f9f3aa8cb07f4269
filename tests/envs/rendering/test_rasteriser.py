"""Every pixel belongs to exactly one of the triangles that share it; the near one is seen."""

import numpy as np
import pytest

from uio2_agent.envs.rendering.mesh import Mesh, box, prism, rectangle
from uio2_agent.envs.rendering.rasteriser import (
    draw_instances,
    draw_triangle,
    join_meshes,
    join_textures,
)

WHITE = np.full((1, 1, 3), 255, np.uint8)
FROM_ABOVE = np.array(
    [[1.0, 0, 0, 0], [0, -1, 0, 64], [0, 0, -1, 0], [0, 0, 0, 1]]
)  # x right, y up
HEIGHT, WIDTH = 64, 64


def canvas(views=1):
    return (
        np.zeros((views, 3, HEIGHT, WIDTH), np.uint8),
        np.zeros((views, HEIGHT, WIDTH), np.uint8),
        np.full((views, HEIGHT, WIDTH), np.inf, np.float32),
    )


def pose(mesh, label, x=0.0, y=0.0, z=0.0, texture=0):
    return [mesh, texture, label, x, y, z, 0, 0, 0, 1, 1, 1, 1]


def draw(meshes, poses, camera=FROM_ABOVE, textures=(WHITE,), ambient=1.0, light=(0.0, 0.0, 0.0)):
    rgb, labels, depth = canvas()
    draw_instances(
        *join_meshes(list(meshes)),
        *join_textures(list(textures)),
        np.array(poses, float).reshape(-1, 13),
        camera[None],
        ambient,
        np.array(light),
        rgb,
        labels,
        depth,
    )
    return rgb[0], labels[0], depth[0]


def times_drawn(triangles):
    """How often each pixel is drawn when each triangle gets a canvas of its own."""
    texels, table = join_textures([WHITE])
    total = np.zeros((HEIGHT, WIDTH), int)
    for triangle in triangles:
        rgb, labels, depth = (a[0] for a in canvas())
        corners = np.column_stack([triangle, np.zeros(3), np.ones(3)])
        draw_triangle(corners, np.zeros((3, 2)), 0, 256, 1, texels, table, rgb, labels, depth)
        total += labels
    return total


@pytest.mark.parametrize("shift", [0.0, 0.5, 0.31])
def test_a_fan_covers_each_pixel_once(shift):
    angles = np.linspace(0, -2 * np.pi, 24)[:-1]  # counter-clockwise as seen, rows pointing down
    centre = np.array([32 + shift, 32 + shift])
    rim = centre + 28 * np.column_stack([np.cos(angles), np.sin(angles)])
    drawn = times_drawn([(centre, rim[i - 1], rim[i]) for i in range(len(rim))])
    rows, cols = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    distance = np.hypot(rows - centre[1], cols - centre[0])
    assert drawn.max() == 1
    assert (drawn[distance < 27.4] == 1).all()
    assert (drawn[distance > 28.1] == 0).all()


def test_edges_through_pixel_centres_go_to_the_top_left_side():
    a, b, c, d = (2.5, 2.5), (2.5, 6.5), (6.5, 6.5), (6.5, 2.5)
    drawn = times_drawn([(a, b, c), (a, c, d)])
    assert drawn[2:6, 2:6].tolist() == np.ones((4, 4), int).tolist()
    assert drawn.sum() == 16


def test_a_triangle_seen_from_behind_is_not_drawn():
    assert times_drawn([((2, 2), (20, 2), (2, 20))]).sum() == 0
    assert times_drawn([((2, 2), (2, 20), (20, 2))]).sum() > 0


def test_what_lies_outside_the_picture_is_cut_off():
    drawn = times_drawn([((-500, -500), (-500, 900), (900, -500))])
    assert drawn.all()


def test_the_nearer_body_is_seen_whatever_the_order():
    low, high = pose(0, 7, 20, 20), pose(0, 9, 25, 20, z=3.0)
    block = box((20, 20, 2), 1.0, (0, 0, 0))
    for poses in ([low, high], [high, low]):
        _, labels, depth = draw([block], poses)
        assert labels[44, 25] == 9 and labels[44, 12] == 7
        assert depth[44, 25] == -5


def test_of_coinciding_surfaces_the_later_one_is_seen():
    block = box((20, 20, 2), 1.0, (0, 0, 0))
    assert draw([block], [pose(0, 7, 20, 20), pose(0, 9, 20, 20)])[1][44, 20] == 9


@pytest.mark.parametrize("tilt", [0, 30, 60])
def test_brightness_follows_the_lamp(tilt):
    """Tipping a block about x turns its top away from a lamp overhead, towards smaller y."""
    row = pose(0, 7, 32, 32, 50)
    half = np.deg2rad(tilt) / 2
    row[6:10] = [np.sin(half), 0, 0, np.cos(half)]
    block = box((20, 20, 0.01), 1.0, (0, 0, 0))
    rgb, _, _ = draw([block], [row], ambient=0.5, light=(0.0, 0.0, 0.25))
    expected = 255 * (0.5 + 0.25 * np.cos(np.deg2rad(tilt)))
    np.testing.assert_allclose(rgb[:, 32, 32].astype(int), expected, atol=1)


def test_texture_lies_upright_and_repeats():
    quarters = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8)
    sheet = prism(np.array([(0.0, 0), (64, 0), (64, 64), (0, 64)]), 1.0, 32.0)
    rgb, _, _ = draw([sheet], [pose(0, 1)], textures=(quarters,))
    # Row 0 of the texture is v = 0, at y = 0: the bottom row of this picture.
    for row, col in ((60, 4), (28, 36)):
        assert rgb[:, row, col].tolist() == [255, 0, 0]
        assert rgb[:, row, col + 16].tolist() == [0, 255, 0]
        assert rgb[:, row - 16, col].tolist() == [0, 0, 255]


def perspective(focal=32.0):
    """At the origin, looking along +x; y to the left, z up; depth grows with distance."""
    return np.array([[32, -focal, 0, 0], [32, 0, -focal, 0], [1, 0, 0, -0.1], [1.0, 0, 0, 0]])


def floor(near, far, y=50.0, z=-1.0):
    vertices = np.array([(near, -y, z), (far, -y, z), (far, y, z), (near, y, z)], np.float32)
    uv = vertices[:, :2] * [1 / 16, 1 / 16]
    return Mesh(vertices, np.array([(0, 1, 2), (0, 2, 3)], np.int32), uv.astype(np.float32))


def test_perspective_textures_are_right_at_depth():
    ramp = np.zeros((1, 256, 3), np.uint8)
    ramp[0, :, 0] = np.arange(256)
    rgb, labels, _ = draw([floor(0.5, 15.0)], [pose(0, 1)], perspective(), textures=(ramp,))
    rows = np.flatnonzero(labels[:, 32])
    seen = rgb[0, rows, 32] / 256 * 16
    np.testing.assert_allclose(seen, 32 / (rows + 0.5 - 32), atol=0.1)  # x = focal / (row - centre)


def test_a_floor_reaching_behind_the_camera_is_cut_not_lost():
    _, cut, _ = draw([floor(-5.0, 15.0)], [pose(0, 1)], perspective())
    _, whole, _ = draw([floor(0.02, 15.0)], [pose(0, 1)], perspective())
    assert cut[36:].all()
    np.testing.assert_array_equal(cut, whole)


def test_a_body_behind_the_camera_is_not_seen():
    assert not draw([box((2, 2, 2), 1.0, (-9, 0, 0))], [pose(0, 1)], perspective())[1].any()


def test_nothing_to_draw_leaves_the_picture_alone():
    rgb, labels, _ = draw([box((2, 2, 2), 1.0, (0, 0, 0))], [])
    assert not rgb.any() and not labels.any()


def test_rectangles_of_whole_pixels_are_exact():
    _, labels, _ = draw([prism(rectangle(10, 6), 1.0, 1.0)], [pose(0, 3, 20, 20)])
    rows, cols = np.nonzero(labels)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (41, 46, 15, 24)
    assert len(rows) == 60
