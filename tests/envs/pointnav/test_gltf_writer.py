"""A scene written is the scene read."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.gltf import load_scene, write_glb
from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.errors import BadInput, CannotWrite

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"


def made_up(seed=0, colours=True):
    rng = np.random.default_rng(seed)
    textures = (
        Texture(rng.integers(0, 256, (5, 7, 3), np.uint8), repeat=False),
        Texture(np.full((1, 1, 3), 255, np.uint8), nearest=True),
        Texture(rng.integers(0, 256, (8, 8, 3), np.uint8)),
    )
    return Scene(
        rng.normal(size=(30, 3)).astype(np.float32),
        rng.integers(0, 30, (40, 3)).astype(np.int32),
        rng.normal(size=(30, 2)).astype(np.float32),
        np.repeat(np.array([2, 0, 1, 2], np.int32), 10),
        textures,
        np.repeat(rng.random((8, 3)).astype(np.float32), 5, axis=0),
        rng.random((30, 3)).astype(np.float32) if colours else None,
    )


def assert_equal(a, b):
    for name in ("vertices", "uv", "paint", "factor", "colours"):
        x, y = getattr(a, name), getattr(b, name)
        assert (x is None) == (y is None)
        if x is not None:
            x, y = (x, y) if name in ("paint", "factor") else (x[a.faces], y[b.faces])
            np.testing.assert_array_equal(x, y, err_msg=name)
    assert len(a.textures) == len(b.textures)
    for t, u in zip(a.textures, b.textures, strict=True):
        np.testing.assert_array_equal(t.picture, u.picture)
        assert (t.repeat, t.nearest) == (u.repeat, u.nearest)


@pytest.mark.parametrize("colours", [True, False])
def test_every_triangle_and_texel_comes_back(tmp_path, colours):
    scene = made_up(colours=colours)
    write_glb(scene, tmp_path / "scene.glb")
    assert_equal(load_scene(tmp_path / "scene.glb"), scene)


def test_a_scene_of_another_writer_comes_back(tmp_path):
    scene = load_scene(GOLDEN / "apartment5k.glb")
    write_glb(scene, tmp_path / "scene.glb")
    assert_equal(load_scene(tmp_path / "scene.glb"), scene)


def test_the_same_scene_gives_the_same_bytes(tmp_path):
    for name in ("a.glb", "b.glb"):
        write_glb(made_up(), tmp_path / name)
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes()


def content(path):
    data = path.read_bytes()
    assert len(data) % 4 == 0 and struct.unpack_from("<I", data, 8)[0] == len(data)
    return json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])


def test_what_is_stored_is_z_up_with_its_bounds(tmp_path):
    scene = made_up()
    write_glb(scene, tmp_path / "scene.glb")
    stored = content(tmp_path / "scene.glb")
    first = stored["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    x, y, z = scene.vertices[scene.faces[:5]].reshape(-1, 3).T
    np.testing.assert_allclose(stored["accessors"][first]["min"], [x.min(), (-z).min(), y.min()])
    np.testing.assert_allclose(stored["accessors"][first]["max"], [x.max(), (-z).max(), y.max()])


def test_a_primitive_spans_no_vertices_but_its_own(tmp_path):
    """habitat-sim copies what lies between a primitive's first and last byte, for each of them."""
    scene = made_up()
    write_glb(scene, tmp_path / "scene.glb")
    stored = content(tmp_path / "scene.glb")
    for number, primitive in enumerate(stored["meshes"][0]["primitives"]):
        accessors = [stored["accessors"][i] for i in primitive["attributes"].values()]
        views = [stored["bufferViews"][accessor["bufferView"]] for accessor in accessors]
        start = min(view["byteOffset"] for view in views)
        end = max(view["byteOffset"] + view["byteLength"] for view in views)
        used = np.unique(scene.faces[5 * number : 5 * number + 5])
        assert end - start == len(used) * 4 * (3 + 2 + 3)


def test_what_cannot_be_written_is_refused(tmp_path):
    scene = made_up()
    with pytest.raises(BadInput, match="glb"):
        write_glb(scene, tmp_path / "scene.obj")
    with pytest.raises(CannotWrite):
        write_glb(scene, tmp_path / "none" / "scene.glb")
    empty = Scene(
        scene.vertices, np.zeros((0, 3), np.int32), scene.uv, np.zeros(0, np.int32), scene.textures
    )
    with pytest.raises(BadInput, match="face"):
        write_glb(empty, tmp_path / "scene.glb")
