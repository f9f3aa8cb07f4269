"""What touch feels."""

import numpy as np
import pytest

from uio2_agent.envs.tabletop.catalogue import CONTAINERS, MOVABLES, SHAPES
from uio2_agent.envs.tabletop.collision import SKIN, hull, pieces
from uio2_agent.envs.tabletop.meshes import mesh

DRAWN = ("line", "three-sided rectangle", "wide three-sided rectangle")


@pytest.mark.parametrize("name", MOVABLES)
def test_a_hull_with_its_skin_is_as_large_as_the_mesh(name):
    corners, bounds = hull(name), mesh(name).bounds
    np.testing.assert_allclose(corners.min(0) - SKIN, bounds[0], atol=2e-4)
    np.testing.assert_allclose(corners.max(0) + SKIN, bounds[1], atol=2e-4)


@pytest.mark.parametrize("name", MOVABLES)
def test_the_centre_of_every_movable_is_solid(name):
    x, y = hull(name)[: len(hull(name)) // 2, :2].T
    nx, ny = np.roll(x, -1), np.roll(y, -1)
    assert np.all(x * ny - nx * y > 0)  # the origin is left of every edge


@pytest.mark.parametrize("name", CONTAINERS)
def test_pieces_stay_within_the_drawn_container(name):
    low, high = mesh(name).bounds
    for piece in pieces(name):
        assert np.all(np.array(piece.position) >= low - 1e-6)
        assert np.all(np.array(piece.position) <= high + 1e-6)


def test_pieces_follow_the_size_of_a_container():
    small, large = (
        max(abs(p.position[0]) for p in pieces("container", (f, f, 1.0))) for f in (1.0, 17 / 15)
    )
    assert large == pytest.approx(small * 17 / 15, rel=0.01)


def test_what_is_only_drawn_on_the_table_is_not_felt():
    assert all(pieces(name) == () for name in DRAWN)


def test_every_other_body_is_felt():
    felt = [n for n in SHAPES if n not in MOVABLES and n not in DRAWN]
    assert all(pieces(name) for name in felt)
