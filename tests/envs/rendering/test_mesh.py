"""Solids are closed, turned outwards and as large as asked for."""

from collections import Counter

import numpy as np
import pytest

from uio2_agent.envs.rendering.mesh import Mesh, box, lathe, merge, prism, rectangle

RING = prism(rectangle(4, 4), 1.0, 2.0, (rectangle(2, 2),))
CUP = lathe(np.array([(0, 0), (2, 0), (2, 3), (1, 3), (1, 1), (0, 1)], float), 16, 1.0)
BOX = box((1.0, 2.0, 3.0), 0.5, (1.0, 0.0, 4.0))


def volume(m: Mesh) -> float:
    """Signed volume by the divergence theorem: right only for a closed, outward mesh."""
    a, b, c = (m.vertices[m.faces[:, k]].astype(float) for k in range(3))
    return float(np.sum(a * np.cross(b, c)) / 6)


def is_closed(m: Mesh) -> bool:
    """Is every directed edge met by its opposite, by position?"""
    _, place = np.unique(np.round(m.vertices, 6), axis=0, return_inverse=True)
    f = place.ravel()[m.faces]
    edges = Counter(map(tuple, np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]).tolist()))
    return all(edges[b, a] == n for (a, b), n in edges.items())


@pytest.mark.parametrize("m", [RING, CUP, BOX, merge(RING, BOX)])
def test_every_solid_is_closed(m):
    assert is_closed(m)


def test_volumes_are_positive_and_right():
    assert volume(RING) == pytest.approx(12)
    assert volume(BOX) == pytest.approx(6)
    polygon = 16 / 2 * np.sin(2 * np.pi / 16)  # area of the 16-gon in the unit circle
    assert volume(CUP) == pytest.approx(polygon * (4 * 3 - 1 * 2), rel=1e-5)


def test_a_box_stands_on_the_point_given():
    np.testing.assert_allclose(BOX.bounds, [(0.5, -1, 4), (1.5, 1, 7)])


def test_moving_takes_the_texture_along():
    moved = BOX.moved(x=1, z=-2)
    np.testing.assert_allclose(moved.bounds - BOX.bounds, [(1, 0, -2)] * 2)
    np.testing.assert_array_equal(moved.uv, BOX.uv)


def test_texture_repeats_once_per_tile():
    top = np.isclose(RING.vertices[:, 2], 1.0) & (np.abs(RING.vertices[:, 0]) == 2)
    assert np.ptp(RING.uv[top][:4], axis=0).tolist() == [2, 2]
