"""What is between two points: held against what the camera sees."""

import math

import numpy as np
import pytest

from uio2_agent.envs.pointnav.actuation import yaw_rotation
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.envs.pointnav.sight import in_sight


@pytest.fixture(scope="module")
def rooms(scenes):
    return load_scene(scenes("v1") / "two_rooms.glb")


def test_one_sees_to_just_before_what_the_camera_sees_and_not_to_just_behind_it(rooms, scenes):
    renderer = SceneRenderer(rooms, 9, 9, 10.0, filter="nearest")
    mesh, rng = read_navmesh(scenes("v1") / "two_rooms.navmesh"), np.random.default_rng(1)
    for _ in range(40):
        eye, yaw = mesh.random_point(rng) + (0.0, 1.25, 0.0), rng.uniform(-math.pi, math.pi)
        depth = float(renderer.render(eye, yaw_rotation(yaw))[1][4, 4])
        ahead = np.array([-math.sin(yaw), 0.0, -math.cos(yaw)])
        assert in_sight(rooms, eye, eye + (depth - 0.03) * ahead)
        assert not in_sight(rooms, eye, eye + (depth + 0.03) * ahead)


def test_sight_is_mutual_and_ends_at_either_side_of_a_face(rooms):
    rng = np.random.default_rng(2)
    low, high = rooms.vertices.min(axis=0), rooms.vertices.max(axis=0)
    seen = []
    for _ in range(60):
        a, b = rng.uniform(low, high), rng.uniform(low, high)
        seen.append(in_sight(rooms, a, b))
        assert in_sight(rooms, b, a) == seen[-1]
    assert 5 < sum(seen) < 55


def test_nothing_is_between_a_point_and_itself(rooms):
    assert in_sight(rooms, np.array([0.5, 1.0, 0.5]), np.array([0.5, 1.0, 0.5]))
