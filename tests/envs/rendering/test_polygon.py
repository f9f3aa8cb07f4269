"""Triangulation loses no area and covers no hole."""

import numpy as np
import pytest

from uio2_agent.envs.rendering.polygon import oriented, signed_area, triangulate
from uio2_agent.errors import BadShape

SQUARE = np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)])
COMB = np.array(
    [(0, 0), (7, 0), (7, 5), (6, 5), (6, 1), (4, 1), (4, 5), (3, 5), (3, 1), (0, 1)], float
)


def area(points, triangles):
    return sum(signed_area(points[t]) for t in triangles)


def hole(x, y, size=1.0):
    return np.array([(x, y), (x + size, y), (x + size, y + size), (x, y + size)])


@pytest.mark.parametrize("outline", [SQUARE, COMB, COMB[::-1]])
def test_triangles_fill_the_outline_exactly(outline):
    points, triangles = triangulate(outline)
    assert len(triangles) == len(outline) - 2
    assert all(signed_area(points[t]) > 0 for t in triangles)
    assert area(points, triangles) == pytest.approx(abs(signed_area(outline)))


def test_holes_stay_open():
    points, triangles = triangulate(SQUARE, (hole(0.5, 0.5), hole(2.5, 2.0), hole(1.0, 2.7, 0.5)))
    assert area(points, triangles) == pytest.approx(16 - 1 - 1 - 0.25)
    corners = points[triangles]
    for centre in ((1.0, 1.0), (3.0, 2.5), (1.25, 2.95)):
        after = np.roll(corners, -1, axis=1)
        edge, towards = after - corners, np.array(centre) - corners
        inside = edge[..., 0] * towards[..., 1] - edge[..., 1] * towards[..., 0] > 0
        assert not inside.all(axis=1).any()


def test_orientation_can_be_chosen():
    assert signed_area(oriented(SQUARE, False)) == -16
    assert signed_area(oriented(SQUARE[::-1], True)) == 16


def test_an_outline_without_ears_is_refused():
    bow_tie = np.array([(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (1.0, 1.0)])
    with pytest.raises(BadShape, match="simple polygon"):
        triangulate(bow_tie[[0, 2, 1, 3]] * [1, 0])
