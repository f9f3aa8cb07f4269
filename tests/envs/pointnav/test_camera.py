"""Where points are seen; the frames are those of the spec, section 3."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.camera import Pinhole, rotation_matrix, sensor_pose
from uio2_agent.errors import BadInput, BadSetting


def yaw(degrees):
    half = np.deg2rad(degrees) / 2
    return np.array([0, np.sin(half), 0, np.cos(half)])


@pytest.mark.parametrize("degrees", [0, 30, 90, -135])
def test_yaw_turns_forward_to_the_left(degrees):
    forward = rotation_matrix(yaw(degrees)) @ [0, 0, -1]
    angle = np.deg2rad(degrees)
    np.testing.assert_allclose(forward, [-np.sin(angle), 0, -np.cos(angle)], atol=1e-12)


def test_rotations_keep_lengths_and_hands():
    rng = np.random.default_rng(0)
    for q in rng.normal(size=(20, 4)):
        matrix = rotation_matrix(q)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(matrix) == pytest.approx(1)


def test_a_negative_pitch_looks_down_whatever_the_yaw():
    for degrees in (0, 70, 180):
        position, rotation = sensor_pose((1, 2, 3), yaw(degrees), 0.88, np.deg2rad(-20))
        np.testing.assert_allclose(position, (1, 2.88, 3))
        forward = rotation_matrix(rotation) @ [0, 0, -1]
        assert forward[1] == pytest.approx(-np.sin(np.deg2rad(20)))
        flat = rotation_matrix(yaw(degrees)) @ [0, 0, -1]
        np.testing.assert_allclose(forward[[0, 2]], np.cos(np.deg2rad(20)) * flat[[0, 2]])


def test_the_field_of_view_ends_at_the_borders():
    camera = Pinhole(360, 640, 70)
    reach = np.tan(np.deg2rad(35))
    pixel, depth = camera.project(np.array([reach * 3, 0, -3.0]), np.zeros(3), yaw(0))
    np.testing.assert_allclose([*pixel, depth], [640, 180, 3])
    up, _ = camera.project(np.array([0, reach * 3 * 360 / 640, -3.0]), np.zeros(3), yaw(0))
    np.testing.assert_allclose(up, [320, 0], atol=1e-9)


def test_pixels_and_points_lead_back_to_each_other():
    camera = Pinhole(9, 16, 70)
    position, rotation = sensor_pose((1, 0, -2), yaw(40), 1.25, -0.3)
    depth = np.random.default_rng(0).uniform(0.5, 9, (9, 16))
    pixels, again = camera.project(camera.unproject(depth, position, rotation), position, rotation)
    rows, cols = np.mgrid[:9, :16] + 0.5
    np.testing.assert_allclose(pixels, np.stack([cols, rows], -1), atol=1e-9)
    np.testing.assert_allclose(again, depth)


def test_a_point_behind_is_nowhere_in_the_picture():
    pixel, depth = Pinhole(8, 8, 90).project(np.array([0, 0, 2.0]), np.zeros(3), yaw(0))
    assert np.isnan(pixel).all() and depth == -2


@pytest.mark.parametrize("pixels", [(0, 8, 90), (8, 0, 90), (8, 8, 0), (8, 8, 180), (8, 9999, 90)])
def test_pictures_that_cannot_be_are_refused(pixels):
    with pytest.raises(BadSetting):
        Pinhole(*pixels)


@pytest.mark.parametrize("rotation", [(0, 0, 0, 0), (1, 0, 0), (np.nan, 0, 0, 1), [[1, 0, 0, 0]]])
def test_rotations_that_are_none_are_refused(rotation):
    with pytest.raises(BadInput):
        rotation_matrix(rotation)
