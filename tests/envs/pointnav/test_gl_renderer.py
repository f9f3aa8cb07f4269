"""OpenGL's pictures against those of the reference simulator and of our rasteriser."""

import gc
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from uio2_agent.envs.pointnav.camera import sensor_pose
from uio2_agent.envs.pointnav.gl_renderer import GlRenderer
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.errors import BadInput, BadSetting, SimulatorBusy, UnknownName

pytestmark = pytest.mark.usefixtures("opengl")

STRAIGHT = (0.0, 0.0, 0.0, 1.0)
POSE = ((-3.0, 1.2, 2.0), STRAIGHT)
GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"


@pytest.fixture(scope="module")
def scene():
    return load_scene(GOLDEN / "two_rooms.glb")


@pytest.fixture
def opened():
    """Called as GlRenderer is; what it made is closed afterwards."""
    made = []

    def make(*args, **kwargs):
        made.append(GlRenderer(*args, **kwargs))
        return made[-1]

    yield make
    for renderer in made:
        renderer.close()


def wall(texture, colours=None, factor=None, repeats=3.0, distance=2.0):
    """A square of 4 m, `distance` m ahead of the origin, seen from its front."""
    corners = [[-2, -2], [2, -2], [2, 2], [-2, 2]]
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32) * repeats - 0.5
    return Scene(
        np.array([[x, y, -distance] for x, y in corners], np.float32),
        np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        uv,
        np.zeros(2, np.int32),
        (texture,),
        factor,
        colours,
    )


def noise(height, width, seed=0, **how):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Texture(picture, **how)


def bytes_of(pictures):
    return [x.tobytes() for x in pictures]


@pytest.mark.parametrize("config", ["v1", "v2_noiseless"])
def test_pictures_match_the_reference(golden, scene, opened, config):
    settings = golden["configs"][config]
    agent = settings["agent"]
    renderer = opened(scene, agent["size"][0], agent["size"][1], agent["hfov"])
    for i, seen in enumerate(settings["observations"]):
        half = np.deg2rad(seen["yaw_deg"]) / 2
        rotation = [0, np.sin(half), 0, np.cos(half)]
        pose = sensor_pose(seen["position"], rotation, agent["eye"], agent["tilt"])
        rgb, depth = renderer.render(*pose)
        picture = np.asarray(Image.open(GOLDEN / f"frames/two_rooms_{config}_{i}_rgb.png"))
        assert np.abs(rgb.astype(int) - picture).mean() < 0.5
        grid = np.ix_(seen["depth_rows"], seen["depth_cols"])
        assert np.abs(depth[grid] - seen["depth"]).mean() < 2e-4


@pytest.mark.parametrize("filter", ["mipmap", "nearest"])
def test_both_renderers_show_the_same_from_anywhere_in_a_flat(opened, filter):
    flat = load_scene(GOLDEN / "apartment5k.glb")
    ours, theirs = (make(flat, 96, 128, 79, filter=filter) for make in (SceneRenderer, opened))
    rng = np.random.default_rng(3)
    for _ in range(12):
        position = rng.uniform([-6, 0.3, -5], [6, 2.2, 5])
        turn = rng.normal(size=4)
        (rgb, depth), (rgb_gl, depth_gl) = (r.render(position, turn) for r in (ours, theirs))
        assert np.median(np.abs(depth - depth_gl)) < 1e-4
        assert (np.abs(depth - depth_gl) > 0.02).mean() < 2e-3  # single pixels along edges
        assert np.abs(rgb.astype(int) - rgb_gl).mean() < 3


@pytest.mark.parametrize(
    "texture",
    [
        noise(8, 8),
        noise(8, 8, repeat=False),
        noise(8, 8, nearest=True),
        noise(8, 8, repeat=False, nearest=True),
        noise(1, 1),
        noise(64, 16),
    ],
    ids=["repeated", "clamped", "squares", "clamped squares", "plain", "oblong"],
)
def test_every_kind_of_texture_is_drawn_as_by_the_rasteriser(opened, texture):
    rng = np.random.default_rng(1)
    colours = rng.uniform(0, 1, (4, 3)).astype(np.float32)
    square = wall(texture, colours, np.array([[1, 0.5, 0.2]] * 2, np.float32))
    ours, theirs = (make(square, 64, 64, 80) for make in (SceneRenderer, opened))
    (rgb, depth), (rgb_gl, depth_gl) = (r.render((0, 0, 0), STRAIGHT) for r in (ours, theirs))
    assert np.abs(rgb.astype(int) - rgb_gl).mean() < 1
    np.testing.assert_allclose(depth, depth_gl, atol=1e-5)
    assert depth_gl.min() == pytest.approx(2.0, abs=1e-5)


def test_a_picture_too_wide_for_the_driver_is_made_smaller(opened):
    broad = Texture(np.full((1, 40_000, 3), (10, 120, 250), np.uint8))
    rgb, _ = opened(wall(broad), 16, 16, 60).render((0, 0, 0), STRAIGHT)
    assert (rgb == (10, 120, 250)).all()


def test_back_faces_and_what_is_out_of_range_are_not_seen(opened):
    square = wall(noise(4, 4))
    turned = (0.0, 1.0, 0.0, 0.0)
    for settings, pose in (
        ({}, ((0, 0, -4), turned)),  # from behind
        ({}, ((0, 0, 0), turned)),  # looking away
        ({"near": 2.1}, ((0, 0, 0), STRAIGHT)),
        ({"far": 1.9}, ((0, 0, 0), STRAIGHT)),
        ({}, ((0, 0, 5000.0), STRAIGHT)),
    ):
        rgb, depth = opened(square, 16, 16, 90, **settings).render(*pose)
        assert not rgb.any() and not depth.any()


def test_a_scene_of_nothing_is_black(opened):
    none = np.empty((0, 3), np.float32)
    faces, paint = np.empty((0, 3), np.int32), np.empty(0, np.int32)
    nothing = Scene(none, faces, none[:, :2], paint, (noise(2, 2),))
    rgb, depth = opened(nothing, 8, 8, 90).render(*POSE)
    assert not rgb.any() and not depth.any()


def test_the_same_pose_gives_the_same_bytes_whatever_else_is_drawn(scene, opened):
    first, second = opened(scene, 90, 160, 70), opened(scene, 90, 160, 70)
    kept = second.render(*POSE)
    before = bytes_of(kept)
    first.render((1.0, 0.5, 2.0), STRAIGHT)
    second.render((1.0, 0.5, 2.0), STRAIGHT)
    assert bytes_of(first.render(*POSE)) == bytes_of(second.render(*POSE)) == before
    assert bytes_of(kept) == before  # pictures are the caller's own
    assert [(x.shape, x.dtype) for x in kept] == [
        ((90, 160, 3), np.uint8),
        ((90, 160), np.float32),
    ]


def test_renderers_live_side_by_side_and_end_alone(scene, opened):
    first, second = opened(scene, 32, 32, 90), opened(scene, 32, 32, 90)
    before = bytes_of(second.render(*POSE))
    first.close()
    first.close()
    assert bytes_of(second.render(*POSE)) == before
    with pytest.raises(BadInput, match="closed"):
        first.render(*POSE)


def test_another_thread_may_draw(scene, opened):
    renderer = opened(scene, 32, 32, 90)
    before = bytes_of(renderer.render(*POSE))
    with ThreadPoolExecutor(1) as pool:
        assert bytes_of(pool.submit(lambda: renderer.render(*POSE)).result()) == before
    assert bytes_of(renderer.render(*POSE)) == before


def test_fifty_scenes_leave_nothing_behind():
    large = wall(noise(512, 1024, nearest=True))  # 2 MB and more in a driver's memory

    def held():
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(os.listdir("/proc/self/task"))

    def draw(times):
        for i in range(times):
            renderer = GlRenderer(large, 32, 32, 90)
            assert renderer.render((0, 0, 0), STRAIGHT)[1].any()
            if i % 2:  # those that were only dropped go as well
                renderer.close()
            del renderer
        return held()

    (memory, threads), (memory_then, threads_then) = draw(10), draw(50)
    assert memory_then - memory < 30  # without release 100 and more
    assert threads_then <= threads


def test_a_fork_is_refused_rather_than_left_hanging(scene, opened):
    renderer = opened(scene, 16, 16, 90)
    before = bytes_of(renderer.render(*POSE))
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        refused = 0
        for call in (lambda: renderer.render(*POSE), lambda: GlRenderer(scene, 16, 16, 90)):
            try:
                call()
            except SimulatorBusy:
                refused += 1
        renderer.close()  # ends nothing of the parent's
        os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert bytes_of(renderer.render(*POSE)) == before


def test_a_device_that_is_not_there_is_refused(scene):
    with pytest.raises(BadSetting, match="gl_device is 99"):
        GlRenderer(scene, 8, 8, 90, device=99)


@pytest.mark.parametrize(
    ("error", "settings"),
    [
        (BadSetting, {"height": 0}),
        (BadSetting, {"hfov_degrees": 180}),
        (BadSetting, {"near": 0.0}),
        (UnknownName, {"filter": "linear"}),
    ],
)
def test_settings_that_cannot_be_are_refused(scene, error, settings):
    with pytest.raises(error):
        GlRenderer(**{"scene": scene, "height": 8, "width": 8, "hfov_degrees": 90, **settings})


def test_poses_that_cannot_be_are_refused(scene, opened):
    renderer = opened(scene, 8, 8, 90)
    for position, rotation in (((0, 0), STRAIGHT), ((0, 0, 0), (0, 0, 0, 0))):
        with pytest.raises(BadInput):
            renderer.render(position, rotation)
