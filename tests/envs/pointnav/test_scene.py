"""A scene holds what it says, and refuses what no renderer could draw."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.errors import BadInput, BadShape

GREY = Texture(np.full((2, 4, 3), 99, np.uint8))


def parts(**changes):
    return {
        "vertices": np.eye(3, dtype=np.float32),
        "faces": np.array([(0, 1, 2)] * 4, np.int32),
        "uv": np.zeros((3, 2), np.float32),
        "paint": np.array([0, 1, 1, 1], np.int32),
        "textures": (GREY, GREY),
        **changes,
    }


def test_bounds_are_those_of_used_vertices():
    vertices = np.array([(0, 0, 0), (1, 0, 0), (0, 2, 0), (9, 9, 9)], np.float32)
    scene = Scene(**parts(vertices=vertices, uv=np.zeros((4, 2), np.float32)))
    assert scene.bounds.tolist() == [[0, 0, 0], [1, 2, 0]]
    assert scene.triangles.shape == (4, 3, 3)


def test_materials_are_stretches_of_the_same_texture_and_factor():
    factor = np.ones((4, 3), np.float32)
    factor[3] = 0.5
    stretches = list(Scene(**parts(factor=factor)).materials())
    assert [(p, f.tolist(), (s.start, s.stop)) for p, f, s in stretches] == [
        (0, [1, 1, 1], (0, 1)),
        (1, [1, 1, 1], (1, 3)),
        (1, [0.5, 0.5, 0.5], (3, 4)),
    ]


def test_a_scene_without_factor_is_multiplied_by_one():
    assert (Scene(**parts()).tints() == 1).all()


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (BadShape, {"vertices": np.eye(3)}),
        (BadShape, {"uv": np.zeros((4, 2), np.float32)}),
        (BadShape, {"factor": np.ones(3, np.float32)}),
        (BadShape, {"colours": np.ones((4, 3), np.float32)}),
        (BadInput, {"vertices": np.full((3, 3), np.nan, np.float32)}),
        (BadInput, {"vertices": np.full((3, 3), 1e7, np.float32)}),
        (BadInput, {"faces": np.array([(0, 1, 3)] * 4, np.int32)}),
        (BadInput, {"faces": np.array([(0, 1, -1)] * 4, np.int32)}),
        (BadInput, {"paint": np.array([0, 0, 0, 2], np.int32)}),
        (BadInput, {"textures": ()}),
        (BadInput, {"factor": np.full((4, 3), 1.5, np.float32)}),
        (BadInput, {"colours": np.full((3, 3), -0.1, np.float32)}),
    ],
)
def test_what_cannot_be_drawn_is_refused(error, changes):
    with pytest.raises(error) as caught:
        Scene(**parts(**changes))
    assert next(iter(changes)) in str(caught.value)


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 4), (4, 4, 4)])
def test_a_texture_is_a_picture(shape):
    with pytest.raises(BadShape):
        Texture(np.zeros(shape, np.uint8))
    with pytest.raises(BadShape):
        Texture(np.zeros((2, 2, 3), np.float32))
