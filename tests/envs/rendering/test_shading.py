"""Colours on the screen: where texels land, what they are multiplied by, what fills the rest."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.envs.pointnav.scene import Scene, Texture

SIZE = 64
STRAIGHT = (0.0, 0.0, 0.0, 1.0)
QUARTERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [250, 250, 0]]], np.uint8)
WHITE = Texture(np.full((1, 1, 3), 255, np.uint8))


def wall(texture, repeats=1.0, shift=0.0, size=1.0, **more):
    """A square two metres wide, one metre ahead: with 90 degrees it fills the picture."""
    corners = [(-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1)]
    uv = np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float32) * repeats + shift
    return Scene(
        np.array(corners, np.float32) * np.array([size, size, 1], np.float32),
        np.array([(0, 1, 2), (0, 2, 3)], np.int32),
        uv.astype(np.float32),
        np.zeros(2, np.int32),
        (texture,),
        **more,
    )


def render(scene, kind="nearest", position=(0, 0, 0), size=SIZE):
    return SceneRenderer(scene, size, size, 90, filter=kind).render(position, STRAIGHT)


@pytest.mark.parametrize("kind", ["nearest", "mipmap"])
def test_a_texture_stands_upright(kind):
    rgb, _ = render(wall(Texture(QUARTERS, repeat=False, nearest=True)), kind)
    for row, col in np.ndindex(2, 2):
        part = rgb[32 * row : 32 * row + 32, 32 * col : 32 * col + 32]
        assert (part == QUARTERS[row, col]).all()


@pytest.mark.parametrize("kind", ["nearest", "mipmap"])
def test_a_texture_repeats_or_its_border_goes_on(kind):
    again, _ = render(wall(Texture(QUARTERS, True, True), repeats=2.0, shift=-1.0), kind)
    assert (again[:, :32] == again[:, 32:]).all() and (again[:32] == again[32:]).all()
    clamped, _ = render(wall(Texture(QUARTERS, False, True), repeats=3.0, shift=-1.0), kind)
    assert (clamped[:20, :20] == QUARTERS[0, 0]).all()
    assert (clamped[-20:, -20:] == QUARTERS[1, 1]).all()


def test_a_texture_as_large_as_the_picture_comes_out_texel_by_texel():
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    for kind in ("nearest", "mipmap"):
        rgb, _ = render(wall(Texture(picture)), kind)
        assert np.abs(rgb.astype(int) - picture).max() <= (0 if kind == "nearest" else 2)


def test_a_finer_texture_is_averaged_only_by_mipmaps():
    checks = np.zeros((512, 512, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 255
    sharp, _ = render(wall(Texture(checks)), "nearest")
    assert set(np.unique(sharp)) <= {0, 255}
    smooth, _ = render(wall(Texture(checks)), "mipmap")
    assert np.abs(smooth.astype(int) - 128).max() <= 2


def test_textures_lie_right_in_perspective():
    """On a floor one metre below, row r shows distance focal / (r - centre)."""
    ramp = np.zeros((1, 256, 3), np.uint8)
    ramp[0, :, 0] = np.arange(256)
    corners = [(-50, -1, 5), (50, -1, 5), (50, -1, -16), (-50, -1, -16)]
    uv = np.array([(-z / 16, 0.5) for _, _, z in corners], np.float32)
    scene = Scene(
        np.array(corners, np.float32),
        np.array([(0, 1, 2), (0, 2, 3)], np.int32),
        uv,
        np.zeros(2, np.int32),
        (Texture(ramp, nearest=True),),
    )
    rgb, depth = render(scene)
    rows = np.arange(36, SIZE)
    distance = 32 / (rows + 0.5 - 32)
    np.testing.assert_allclose(rgb[36:, 20, 0] / 16, distance, atol=0.08)
    np.testing.assert_allclose(depth[36:, 20], distance, rtol=1e-5)


def test_the_factor_multiplies_the_texture():
    factor = np.array([[1, 0.5, 0.25], [1, 0.5, 0.25]], np.float32)
    rgb, _ = render(wall(WHITE, factor=factor))
    assert (rgb == (255, 128, 64)).all()


def test_colours_of_corners_are_interpolated_in_perspective():
    """A floor from 1 to 9 m ahead, black near and white far: brightness grows with distance."""
    corners = [(-50, -1, -1), (50, -1, -1), (50, -1, -9), (-50, -1, -9)]
    colours = np.array([[0.0] * 3, [0.0] * 3, [1.0] * 3, [1.0] * 3], np.float32)
    scene = Scene(
        np.array(corners, np.float32),
        np.array([(0, 1, 2), (0, 2, 3)], np.int32),
        np.zeros((4, 2), np.float32),
        np.zeros(2, np.int32),
        (WHITE,),
        colours=colours,
    )
    rgb, depth = render(scene)
    seen = depth > 0
    assert seen.sum() > 1000
    np.testing.assert_allclose(rgb[seen][:, 1], (depth[seen] - 1) / 8 * 255, atol=1)


def test_where_nothing_is_hit_colour_and_depth_are_zero():
    for kind in ("nearest", "mipmap"):
        rgb, depth = render(wall(WHITE, size=0.5), kind)
        hit = depth > 0
        assert hit.sum() == 32 * 32
        assert (rgb[hit] == 255).all() and (rgb[~hit] == 0).all() and (depth[~hit] == 0).all()


@pytest.mark.parametrize("size", [1, 3, 63, 65, 130])
def test_any_width_is_filled(size):
    rgb, depth = render(wall(Texture(QUARTERS)), "mipmap", size=size)
    assert (rgb.max(-1) > 50).all() and (depth == 1).all()
