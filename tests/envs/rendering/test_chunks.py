"""Sorting loses no face, and what is precomputed for a face is right at its corners."""

import numpy as np

from uio2_agent.envs.rendering.chunks import FLAT, PLAIN, VARYING, build_chunks


def soup(count, seed=0):
    rng = np.random.default_rng(seed)
    vertices = rng.uniform(-5, 5, (3 * count, 3)).astype(np.float32)
    faces = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    uv = rng.uniform(-2, 2, (3 * count, 2)).astype(np.float32)
    paint = rng.integers(0, 4, count).astype(np.int32)
    return vertices, faces, uv, paint, np.ones((count, 3), np.float32)


def corners(chunks):
    return chunks.points[chunks.faces]


def test_every_face_is_kept_once():
    vertices, faces, uv, paint, factor = soup(1000)
    chunks = build_chunks(vertices, faces, uv, paint, factor)
    kept = {tuple(c.ravel()) for c in corners(chunks)}
    assert kept == {tuple(c.ravel()) for c in vertices[faces].astype(float)}
    assert len(chunks.faces) == 1000


def test_chunks_are_small_and_within_their_bounds():
    chunks = build_chunks(*soup(1000))
    sizes = np.diff(chunks.face_start)
    assert sizes.sum() == 1000 and sizes.min() >= 1 and sizes.max() <= 96
    for i, bounds in enumerate(chunks.bounds):
        faces = chunks.faces[chunks.face_start[i] : chunks.face_start[i + 1]]
        assert chunks.point_start[i] <= faces.min() <= faces.max() < chunks.point_start[i + 1]
        inside = chunks.points[faces].reshape(-1, 3)
        np.testing.assert_array_equal(bounds, [*inside.min(0), *inside.max(0)])


def test_a_face_without_area_is_dropped():
    vertices = np.array([(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0)], np.float32)
    faces = np.array([(0, 1, 2), (0, 1, 3)], np.int32)
    one = build_chunks(
        vertices, faces, np.zeros((4, 2)), np.zeros(2, np.int32), np.ones((2, 3), np.float32)
    )
    assert len(one.faces) == 1
    none = build_chunks(
        vertices, faces[:1], np.zeros((4, 2)), np.zeros(1, np.int32), np.ones((1, 3), np.float32)
    )
    assert len(none.faces) == 0 and none.bounds.shape == (0, 6)


def test_planes_and_gradients_agree_with_the_corners():
    vertices, faces, uv, paint, factor = soup(300)
    chunks = build_chunks(vertices, faces, uv, paint, factor)
    at = corners(chunks)
    distances = np.einsum("fk,fck->fc", chunks.planes[:, :3], at) - chunks.planes[:, 3:]
    assert np.abs(distances).max() < 1e-9
    given = {tuple(v): t for v, t in zip(vertices.astype(float), uv, strict=True)}
    expected = np.array([[given[tuple(p)] for p in face] for face in at])
    for k in range(2):
        gradient, constant = chunks.uv[:, 4 * k : 4 * k + 3], chunks.uv[:, 4 * k + 3]
        got = np.einsum("fk,fck->fc", gradient, at) + constant[:, None]
        np.testing.assert_allclose(got, expected[..., k], atol=1e-6)
        across = np.einsum("fk,fk->f", gradient, chunks.planes[:, :3])
        np.testing.assert_allclose(across, 0, atol=1e-6)


def test_colours_are_told_apart_by_how_they_vary():
    vertices, faces, uv, paint, factor = soup(3)
    factor[1] = 0.5
    colours = np.ones((9, 3), np.float32)
    assert build_chunks(vertices, faces, uv, paint, factor).tint_gradient.shape == (0, 12)
    colours[8] = 0.25
    chunks = build_chunks(vertices, faces, uv, paint, factor, colours)
    assert chunks.tint_kind.tolist() == [PLAIN, FLAT, VARYING]
    corner = chunks.points[chunks.faces[2]]
    red = corner @ chunks.tint_gradient[2, :3] + chunks.tint_gradient[2, 3]
    np.testing.assert_allclose(sorted(red), [0.25, 1, 1], atol=1e-6)
