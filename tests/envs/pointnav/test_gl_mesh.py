"""What is handed to OpenGL: every face once, with its colour, in stretches that can be left out."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.gl_mesh import build_mesh
from uio2_agent.envs.pointnav.scene import Scene, Texture

WHITE = Texture(np.full((1, 1, 3), 255, np.uint8))


def soup(faces, seed=0):
    """Faces that share corners but not colours, of four textures, in a long room along z."""
    rng = np.random.default_rng(seed)
    vertices = rng.uniform(-1, 1, (faces, 3)) + [[0, 0, 100 * i / faces] for i in range(faces)]
    corners = (np.arange(faces)[:, None] + rng.integers(0, 5, (faces, 3))) % faces
    return Scene(
        vertices.astype(np.float32),
        corners.astype(np.int32),
        rng.uniform(-2, 2, (faces, 2)).astype(np.float32),
        rng.integers(0, 4, faces).astype(np.int32),
        (WHITE,) * 4,
        rng.uniform(0, 1, (4, 3)).astype(np.float32)[rng.integers(0, 4, faces)],
        rng.uniform(0, 1, (faces, 3)).astype(np.float32),
    )


def told(rows):
    """Faces of corners (F, 3, n) in an order that does not depend on theirs."""
    return sorted(np.round(face, 5).ravel().tolist() for face in rows)


def test_every_face_comes_once_with_its_place_texture_and_colour():
    scene = soup(3000)
    mesh = build_mesh(scene)
    paint = np.repeat(mesh.texture, np.diff(mesh.start))
    tint = scene.tints()[:, None] * scene.colours[scene.faces]
    wanted = np.concatenate(
        [scene.triangles, scene.uv[scene.faces], tint, scene.paint[:, None, None].repeat(3, 1)], 2
    )
    got = mesh.vertices[mesh.indices]
    assert told(wanted) == told(np.concatenate([got, paint[:, None, None].repeat(3, 1)], 2))


def test_corners_are_shared_by_faces_of_one_colour():
    scene = soup(500)
    plain = Scene(
        scene.vertices, scene.faces, scene.uv, np.zeros(500, np.int32), (WHITE,), None, None
    )
    assert len(build_mesh(plain).vertices) == len(np.unique(scene.faces))


def test_stretches_leave_out_what_lies_beyond_a_plane_and_nothing_else():
    mesh = build_mesh(soup(30_000))
    ahead = np.array([[0.0, 0.0, 1.0, -60.0]])  # only z >= 60
    stretches = mesh.stretches(ahead)
    drawn = np.concatenate([np.arange(first, first + n) for _, first, n in stretches])
    assert len(np.unique(drawn)) == len(drawn) < 0.6 * len(mesh.indices)
    farthest = mesh.vertices[mesh.indices][..., 2].max(1)
    assert set(np.flatnonzero(farthest >= 60)) <= set(drawn)
    for texture, first, n in stretches:
        chunk = np.searchsorted(mesh.start, [first, first + n - 1], side="right") - 1
        assert (mesh.texture[chunk[0] : chunk[1] + 1] == texture).all()


def test_all_of_a_texture_is_one_stretch_where_all_is_seen():
    mesh = build_mesh(soup(30_000))
    everything = mesh.stretches(np.array([[0.0, 0.0, 0.0, 1.0]]))
    assert [texture for texture, _, _ in everything] == [0, 1, 2, 3]
    assert sum(n for _, _, n in everything) == 30_000


@pytest.mark.parametrize("plane", [[0, 0, 1, -1e4], [0, 0, 0, -1]])
def test_nothing_is_seen_where_nothing_is(plane):
    assert build_mesh(soup(100)).stretches(np.array([plane], float)) == []


def test_a_scene_without_faces_is_a_mesh_without_any():
    nothing = Scene(
        np.empty((0, 3), np.float32),
        np.empty((0, 3), np.int32),
        np.empty((0, 2), np.float32),
        np.empty(0, np.int32),
        (WHITE,),
    )
    mesh = build_mesh(nothing)
    assert mesh.indices.shape == (0, 3)
    assert mesh.stretches(np.array([[0.0, 0.0, 1.0, 0.0]])) == []
