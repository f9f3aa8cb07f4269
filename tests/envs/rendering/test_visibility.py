"""Which face a pixel shows: each exactly one of those that share an edge, always the nearest."""

import numpy as np
import pytest

from uio2_agent.envs.rendering.chunks import build_chunks
from uio2_agent.envs.rendering.visibility import NOTHING, find_visible

HEIGHT, WIDTH, FOCAL = 48, 64, 40.0
NEAR, FAR = 0.1, 100.0


def look(vertices, faces, eye=(0.0, 0.0, 0.0), forward=(0.0, 0.0, -1.0), right=(1.0, 0.0, 0.0)):
    """Faces as given (numbers in `ids` are those of `chunks`), inverse depth, chunks drawn."""
    vertices, faces = np.asarray(vertices, np.float32), np.asarray(faces, np.int32)
    n = len(faces)
    chunks = build_chunks(
        vertices, faces, np.zeros((len(vertices), 2)), np.zeros(n), np.ones((n, 3), np.float32)
    )
    down = np.cross(forward, right)
    camera = np.array([eye, right, down, forward, (FOCAL, WIDTH / 2, HEIGHT / 2), (NEAR, FAR, 0)])
    points = len(chunks.points)
    nearest = np.empty((HEIGHT, WIDTH), np.float32)
    ids = np.empty((HEIGHT, WIDTH), np.int32)
    drawn = find_visible(
        chunks.points,
        chunks.faces,
        chunks.planes,
        chunks.bounds,
        chunks.point_start,
        chunks.face_start,
        camera,
        np.arange(WIDTH, dtype=np.float32),
        np.empty((points, 2), np.int64),
        np.empty(points),
        np.empty((points, 3)),
        nearest,
        ids,
    )
    return ids, nearest, drawn


def at(column, row, depth):
    """The point seen at (column, row)."""
    x, y = (column - WIDTH / 2) / FOCAL, (HEIGHT / 2 - row) / FOCAL
    return (x * depth, y * depth, -depth)


def times_seen(triangles, depth=2.0):
    total = np.zeros((HEIGHT, WIDTH), int)
    for triangle in triangles:
        points = [at(column, row, depth) for column, row in triangle]
        total += look(points, [(0, 1, 2)])[0] != NOTHING
    return total


@pytest.mark.parametrize("shift", [0.0, 0.5, 0.31])
def test_a_fan_covers_each_pixel_once(shift):
    angles = np.linspace(0, -2 * np.pi, 24)[:-1]  # counter-clockwise as seen, rows pointing down
    centre = np.array([32 + shift, 24 + shift])
    rim = centre + 20 * np.column_stack([np.cos(angles), np.sin(angles)])
    seen = times_seen([(centre, rim[i - 1], rim[i]) for i in range(len(rim))])
    rows, cols = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    distance = np.hypot(rows - centre[1], cols - centre[0])
    assert seen.max() == 1
    assert (seen[distance < 19.5] == 1).all()
    assert (seen[distance > 20.1] == 0).all()


def test_edges_through_pixel_centres_go_to_the_top_left_side():
    a, b, c, d = (2.5, 2.5), (2.5, 6.5), (6.5, 6.5), (6.5, 2.5)
    seen = times_seen([(a, b, c), (a, c, d)])
    assert seen[2:6, 2:6].all() and seen.sum() == 16


def test_random_triangles_cover_the_pixels_whose_centres_lie_within():
    rng = np.random.default_rng(3)
    rows, cols = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    for _ in range(60):
        corners = rng.uniform(-20, 80, (3, 2))
        signs = []
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, 0), strict=True):
            length = np.hypot(x1 - x0, y1 - y0)
            signs.append(((x1 - x0) * (rows - y0) - (y1 - y0) * (cols - x0)) / length)
        inside = -np.max(signs, axis=0)  # pixels from the nearest edge, where counter-clockwise
        seen = look([at(column, row, 3.0) for column, row in corners], [(0, 1, 2)])[0] != NOTHING
        assert seen[inside > 0.02].all()
        assert not seen[inside < -0.02].any()


def test_a_face_seen_from_behind_is_not_drawn():
    points = [at(5, 5, 2), at(5, 40, 2), at(60, 5, 2)]
    assert (look(points, [(0, 1, 2)])[0] != NOTHING).any()
    assert (look(points, [(0, 2, 1)])[0] == NOTHING).all()


@pytest.mark.parametrize("order", [1, -1])
def test_the_nearest_face_is_seen_whatever_the_order(order):
    far = [at(-50, -50, 5), at(-50, 150, 5), at(150, -50, 5)]
    near = [at(10, 10, 2), at(10, 30, 2), at(30, 10, 2)]
    _, inverse, _ = look(far + near, [(0, 1, 2), (3, 4, 5)][::order])
    assert inverse[12, 12] == pytest.approx(1 / 2)
    assert inverse[5, 5] == pytest.approx(1 / 5)


def test_inverse_depth_of_a_slanted_face_is_exact_at_pixel_centres():
    points = [(-3.0, -1, -1), (3, -1, -1), (0, 2, -30)]
    ids, inverse, _ = look(points, [(0, 1, 2)])
    normal = np.cross(np.subtract(points[1], points[0]), np.subtract(points[2], points[0]))
    rows, cols = np.nonzero(ids != NOTHING)
    rays = np.array([at(c + 0.5, r + 0.5, 1.0) for r, c in zip(rows, cols, strict=True)])
    expected = rays @ normal / (np.array(points[0]) @ normal)
    assert len(rows) > 500
    np.testing.assert_allclose(inverse[rows, cols], expected, rtol=2e-4)


def test_a_floor_reaching_behind_the_camera_is_cut_not_lost():
    corners = [(-90, -1, 90), (90, -1, 90), (90, -1, -90), (-90, -1, -90)]
    ids, inverse, _ = look(corners, [(0, 1, 2), (0, 2, 3)])
    rows = np.arange(HEIGHT) + 0.5 - HEIGHT / 2
    expected = rows / FOCAL  # 1/depth of a floor one metre below
    assert (ids[26:] != NOTHING).all() and (ids[:24] == NOTHING).all()
    np.testing.assert_allclose(inverse[26:, 5], expected[26:], rtol=1e-5)


def test_huge_faces_leave_no_gap_where_they_are_cut():
    """Far corners would not fit the integers of the scan conversion unless cut first."""
    rim = [(3e5 * np.cos(a), -0.5, 3e5 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 30)]
    faces = [(0, i + 1, i) for i in range(1, 30)]
    ids, inverse, _ = look([(0.013, -0.5, -0.7), *rim], faces)
    assert (ids[25:] != NOTHING).all()
    assert inverse[HEIGHT - 1, 0] == pytest.approx((HEIGHT / 2 - 0.5) / FOCAL / 0.5, rel=1e-4)


def test_what_is_nearer_than_near_or_farther_than_far_is_not_seen():
    for depth, seen in ((NEAR * 0.9, False), (NEAR * 1.1, True), (99.0, True), (101.0, False)):
        points = [at(-99, -99, depth), at(-99, 299, depth), at(299, -99, depth)]
        assert (look(points, [(0, 1, 2)])[0] != NOTHING).all() == seen


def test_chunks_out_of_sight_are_not_drawn():
    tile = np.array([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)], float)
    places = [(x, 0, z) for x in range(-40, 41, 4) for z in range(-40, 41, 4)]
    vertices = np.concatenate([tile + p for p in places])
    faces = np.arange(len(vertices)).reshape(-1, 3)
    whole = np.arange(len(places))
    _, _, ahead = look(vertices, faces)
    _, _, away = look(vertices, faces, eye=(0, 0, -60))
    assert 0 < ahead < len(whole) and away == 0


def test_no_faces_show_nothing():
    ids, inverse, drawn = look(np.zeros((0, 3)), np.zeros((0, 3)))
    assert drawn == 0 and (ids == NOTHING).all() and (inverse == np.float32(1 / FAR)).all()
