"""Every catalogued shape has a mesh as large as the sheet says, standing on its origin."""

import numpy as np
import pytest

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.meshes import mesh
from uio2_agent.errors import UnknownName

RECTANGLES = ("three-sided rectangle", "wide three-sided rectangle")


@pytest.mark.parametrize("name", SHAPES)
def test_bounds_are_the_real_size_to_a_millimetre(name):
    low, high = mesh(name).bounds
    np.testing.assert_allclose(high - low, SHAPES[name].real, atol=1e-3)
    assert low[2] == 0


@pytest.mark.parametrize("name", [n for n in SHAPES if n not in ("pan", *RECTANGLES)])
def test_the_origin_is_the_middle_of_the_footprint(name):
    low, high = mesh(name).bounds
    np.testing.assert_allclose((low + high)[:2] / 2, 0, atol=1e-6)


def test_the_pans_origin_is_the_middle_of_its_dish():
    """Things put at the origin land in the dish: its radius is free all around."""
    low, high = mesh("pan").bounds
    np.testing.assert_allclose([low[0], low[1], high[1]], [-0.0845, -0.0845, 0.0845], atol=1e-6)
    vertices = mesh("pan").vertices
    inside = np.hypot(vertices[:, 0], vertices[:, 1]) < 0.06
    assert vertices[inside, 2].max() < 0.01


@pytest.mark.parametrize("name", RECTANGLES)
def test_a_three_sided_rectangle_has_4_cm_strips_and_is_open_towards_plus_y(name):
    width, depth, _ = SHAPES[name].declared
    vertices = mesh(name).vertices
    flanks = vertices[vertices[:, 1] > depth / 2 - 0.01]
    assert np.abs(flanks[:, 0]).min() == pytest.approx(width / 2 - 0.02)
    assert np.abs(flanks[:, 0]).max() == pytest.approx(width / 2 + 0.02)
    assert vertices[:, 1].min() == pytest.approx(-depth / 2 - 0.02)


@pytest.mark.parametrize("name", SHAPES)
def test_meshes_are_well_formed(name):
    m = mesh(name)
    assert m.vertices.dtype == np.float32 and m.faces.dtype == np.int32
    assert m.uv.shape == (len(m.vertices), 2)
    assert np.unique(m.faces).tolist() == list(range(len(m.vertices))) or name in ("bowl", "pan")
    assert np.isfinite(m.vertices).all() and np.isfinite(m.uv).all()


def test_an_unknown_shape_is_refused():
    with pytest.raises(UnknownName, match="unknown shape 'teapot'"):
        mesh("teapot")
