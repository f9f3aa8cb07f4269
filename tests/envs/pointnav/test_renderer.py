"""Pictures against those of the reference simulator (spec section 12), and their contract."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from uio2_agent.envs.pointnav.camera import sensor_pose
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.errors import BadInput, BadSetting, BadShape, UnknownName

STRAIGHT = (0.0, 0.0, 0.0, 1.0)
GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"


@pytest.fixture(scope="module")
def scene():
    return load_scene(GOLDEN / "two_rooms.glb")


def poses(golden, config):
    """What the reference recorded, and where its camera stood."""
    settings = golden["configs"][config]
    agent = settings["agent"]
    for seen in settings["observations"]:
        half = np.deg2rad(seen["yaw_deg"]) / 2
        rotation = [0, np.sin(half), 0, np.cos(half)]
        yield seen, sensor_pose(seen["position"], rotation, agent["eye"], agent["tilt"])


@pytest.mark.parametrize("config", ["v1", "v2_noiseless"])
def test_pictures_match_the_reference(golden, scene, config):
    agent = golden["configs"][config]["agent"]
    renderer = SceneRenderer(scene, agent["size"][0], agent["size"][1], agent["hfov"])
    for i, (seen, pose) in enumerate(poses(golden, config)):
        rgb, depth = renderer.render(*pose)
        picture = np.asarray(Image.open(GOLDEN / f"frames/two_rooms_{config}_{i}_rgb.png"))
        assert np.abs(rgb.astype(int) - picture).mean() < 1.5
        grid = np.ix_(seen["depth_rows"], seen["depth_cols"])
        assert np.abs(depth[grid] - seen["depth"]).mean() < 2e-4
        assert np.abs(rgb[grid].astype(int) - seen["rgb_grid"]).mean() < 3


def test_whole_depth_pictures_match_the_reference(golden, scene):
    renderer = SceneRenderer(scene, 256, 256, 90)
    for i, (_, pose) in enumerate(poses(golden, "v1")):
        stored = np.load(GOLDEN / f"frames/two_rooms_v1_{i}_depth.npz")["depth"]
        reference = stored.astype(np.float32).reshape(256, 256)  # float16: 2 mm steps at 4 m
        difference = np.abs(renderer.render(*pose)[1] - reference)
        assert difference.mean() < 1e-3
        assert (difference > 0.05).mean() < 2e-4  # single pixels along edges


def test_nearest_texels_show_the_same_scene(golden, scene):
    renderer = SceneRenderer(scene, 256, 256, 90, filter="nearest")
    smooth = SceneRenderer(scene, 256, 256, 90)
    for _, pose in poses(golden, "v1"):
        (a, near), (b, far) = renderer.render(*pose), smooth.render(*pose)
        np.testing.assert_array_equal(near, far)
        assert np.abs(a.astype(int) - b).mean() < 10
        assert np.abs(a.mean((0, 1)) - b.mean((0, 1))).max() < 3


def test_a_ceiling_is_not_seen_from_above(scene):
    looking_down = (-np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5))
    _, depth = SceneRenderer(scene, 64, 64, 60).render((-2.0, 6.0, -1.0), looking_down)
    assert depth[32, 32] > 4


def test_the_same_pose_gives_the_same_bytes(scene):
    first, second = (SceneRenderer(scene, 90, 160, 70) for _ in range(2))
    first.render((1.0, 0.5, 2.0), STRAIGHT)  # what was drawn before leaves no trace
    a, b = first.render((-3.0, 1.2, 2.0), STRAIGHT), second.render((-3.0, 1.2, 2.0), STRAIGHT)
    assert [x.tobytes() for x in a] == [x.tobytes() for x in b]


def test_shapes_types_and_a_picture_of_ones_own(scene):
    renderer = SceneRenderer(scene, 90, 160, 70)
    rgb, depth = renderer.render((-3.0, 1.2, 2.0), STRAIGHT)
    assert (rgb.shape, rgb.dtype, depth.shape, depth.dtype) == (
        (90, 160, 3),
        np.uint8,
        (90, 160),
        np.float32,
    )
    before = hashlib.sha256(rgb.tobytes() + depth.tobytes()).digest()
    renderer.render((3.0, 1.2, 2.0), STRAIGHT)
    assert hashlib.sha256(rgb.tobytes() + depth.tobytes()).digest() == before


def test_a_quaternion_of_any_length_turns_alike(scene):
    renderer = SceneRenderer(scene, 32, 32, 90)
    rgb, depth = renderer.render((-3.0, 1.2, 2.0), (0, 0.6, 0, 0.8))
    longer_rgb, longer_depth = renderer.render((-3.0, 1.2, 2.0), (0, 3.0, 0, 4.0))
    np.testing.assert_allclose(rgb, longer_rgb, atol=1)
    np.testing.assert_allclose(depth, longer_depth, atol=1e-5)


def test_a_scene_far_away_is_nothing(scene):
    rgb, depth = SceneRenderer(scene, 16, 16, 90).render((0.0, 0.0, 5000.0), STRAIGHT)
    assert not rgb.any() and not depth.any()


@pytest.mark.parametrize(
    ("error", "settings"),
    [
        (BadSetting, {"height": 0}),
        (BadSetting, {"width": 5000}),
        (BadSetting, {"hfov_degrees": 180}),
        (BadSetting, {"near": 0.0}),
        (BadSetting, {"near": 2.0, "far": 1.0}),
        (BadSetting, {"far": np.inf}),
        (UnknownName, {"filter": "linear"}),
    ],
)
def test_settings_that_cannot_be_are_refused(scene, error, settings):
    with pytest.raises(error):
        SceneRenderer(**{"scene": scene, "height": 8, "width": 8, "hfov_degrees": 90, **settings})


@pytest.mark.parametrize(
    ("position", "rotation"),
    [
        ((0, 0), STRAIGHT),
        ((0, 0, np.nan), STRAIGHT),
        ((0, 0, 0), (0, 0, 0, 0)),
        ((0, 0, 0), (0, 0, 1)),
        ((0, 0, 0), (0, 0, np.inf, 1)),
    ],
)
def test_poses_that_cannot_be_are_refused(scene, position, rotation):
    with pytest.raises(BadInput) as caught:
        SceneRenderer(scene, 8, 8, 90).render(position, rotation)
    assert not isinstance(caught.value, BadShape | BadSetting)
