"""glTF files: what they say is what stands in the world, and broken ones say why."""

import base64
import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.errors import BadScene

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
SQUARE = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], np.float32)


def uri(data):
    return "data:application/octet-stream;base64," + base64.b64encode(data).decode()


def document(indices=(0, 1, 2, 0, 2, 3), mode=None, **node):
    """A square of one material, as a .gltf with its data inside."""
    index_data = np.array(indices, np.uint16).tobytes()
    uv = SQUARE[:, :2].tobytes()
    binary = SQUARE.tobytes() + uv + index_data
    primitive = {"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2}
    return {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, **node}],
        "meshes": [{"primitives": [primitive if mode is None else {**primitive, "mode": mode}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC2"},
            {"bufferView": 2, "componentType": 5123, "count": len(indices), "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 48},
            {"buffer": 0, "byteOffset": 48, "byteLength": 32},
            {"buffer": 0, "byteOffset": 80, "byteLength": len(index_data)},
        ],
        "buffers": [{"byteLength": len(binary), "uri": uri(binary)}],
    }


def load(folder, content, name="scene.gltf"):
    (folder / name).write_text(json.dumps(content))
    return load_scene(folder / name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gltf")


@pytest.fixture(scope="module")
def load_text(folder):
    """Called with a document, its scene."""
    return lambda content: load(folder, content, "text.gltf")


def test_a_bare_glb_is_z_up_and_equals_its_y_up_twin():
    bare = load_scene(GOLDEN / "two_rooms.glb")
    configured = load_scene(GOLDEN / "two_rooms_yup.glb")
    by_config = load_scene(GOLDEN / "two_rooms_yup.stage_config.json")
    np.testing.assert_allclose(bare.bounds, [(-4.2, 0, -3.2), (4.2, 2.5, 3.2)], atol=1e-6)
    assert len(bare.faces) == 228 and len(bare.textures) == 12
    for other in (configured, by_config):
        np.testing.assert_allclose(bare.vertices, other.vertices, atol=1e-6)
        np.testing.assert_array_equal(bare.faces, other.faces)


def test_a_bare_gltf_is_y_up(tmp_path):
    scene = load(tmp_path, document())
    np.testing.assert_array_equal(scene.vertices, SQUARE)
    np.testing.assert_array_equal(scene.uv, SQUARE[:, :2])
    assert scene.faces.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_a_stage_configuration_turns_and_scales(tmp_path):
    config = {"up": [0, 0, 1], "front": [0, 1, 0], "scale": [2, 2, 2], "units_to_meters": 0.5}
    (tmp_path / "scene.stage_config.json").write_text(json.dumps(config))
    vertices = load(tmp_path, document()).vertices
    np.testing.assert_allclose(vertices, SQUARE[:, [0, 2, 1]] * [1, 1, -1], atol=1e-7)


@pytest.mark.parametrize(
    "config",
    [
        {"up": [0, 1, 0], "front": [0, 1, 0]},
        {"up": [0, 2, 0]},
        {"up": "y"},
        {"units_to_meters": 0},
        {"scale": [1, 1]},
        [],
        {"render_asset": 5},
    ],
)
def test_a_stage_configuration_that_cannot_be_is_refused(tmp_path, config):
    (tmp_path / "scene.gltf").write_text(json.dumps(document()))
    (tmp_path / "scene.stage_config.json").write_text(json.dumps(config))
    with pytest.raises(BadScene):
        load_scene(tmp_path / "scene.stage_config.json")


def test_nodes_move_their_children(load_text):
    half = np.sqrt(0.5)
    parent = {"translation": [5, 0, 0], "children": [1]}
    child = {"mesh": 0, "rotation": [0, half, 0, half], "scale": [2, 1, 1]}
    content = {**document(), "nodes": [parent, child]}
    scene = load_text(content)
    # A quarter turn about y takes x to -z.
    expected = [(5 + z, y, -2 * x) for x, y, z in SQUARE]
    np.testing.assert_allclose(scene.vertices, expected, atol=1e-6)


def test_a_matrix_is_read_by_columns(load_text):
    matrix = np.eye(4)
    matrix[:3, 3] = 1, 2, 3
    matrix[0, 1] = 0.5
    scene = load_text(document(matrix=matrix.T.ravel().tolist()))
    np.testing.assert_allclose(scene.vertices, SQUARE @ matrix[:3, :3].T + [1, 2, 3], atol=1e-6)


def test_a_mirror_keeps_fronts_in_front(load_text):
    plain, mirrored = load_text(document()), load_text(document(scale=[-1, 1, 1]))
    a, b = plain.triangles[0], mirrored.triangles[0]
    for face in (a, b):
        assert np.cross(face[1] - face[0], face[2] - face[0])[2] > 0


@pytest.mark.parametrize(
    ("mode", "indices", "faces"),
    [
        (4, (0, 1, 2, 0, 2), [(0, 1, 2)]),
        (5, (0, 1, 3, 2), [(0, 1, 3), (1, 2, 3)]),
        (6, (0, 1, 2, 3), [(1, 2, 0), (2, 3, 0)]),
    ],
)
def test_triangles_strips_and_fans(load_text, mode, indices, faces):
    assert load_text(document(indices, mode)).faces.tolist() == [list(f) for f in faces]


def test_points_and_lines_are_left_out(load_text):
    content = document()
    line = {**content["meshes"][0]["primitives"][0], "mode": 1}
    content["meshes"][0]["primitives"].append(line)
    assert len(load_text(content).faces) == 2
    content["meshes"][0]["primitives"] = [line]
    with pytest.raises(BadScene, match="no triangles"):
        load_text(content)


def test_colours_of_vertices_are_read_and_others_are_white(load_text):
    content = document()
    colours = np.array([(255, 0, 51, 255)] * 4, np.uint8).tobytes()
    content["buffers"].append({"byteLength": 16, "uri": uri(colours)})
    content["bufferViews"].append({"buffer": 1, "byteLength": 16})
    accessor = {"bufferView": 3, "componentType": 5121, "count": 4, "type": "VEC4"}
    content["accessors"].append({**accessor, "normalized": True})
    plain = content["meshes"][0]["primitives"][0]
    attributes = {**plain["attributes"], "COLOR_0": 3}
    content["meshes"][0]["primitives"].append({**plain, "attributes": attributes})
    scene = load_text(content)
    np.testing.assert_allclose(scene.colours[:4], 1)
    np.testing.assert_allclose(scene.colours[4:], [(1, 0, 0.2)] * 4, atol=1e-6)


def test_without_scenes_every_root_is_shown(load_text):
    content = {**document(), "nodes": [{"children": [1]}, {"mesh": 0}, {"mesh": 0}]}
    del content["scenes"]
    assert len(load_text(content).faces) == 4


def test_a_buffer_beside_the_file_is_read(tmp_path):
    content = document()
    data = base64.b64decode(content["buffers"][0]["uri"].partition(",")[2])
    (tmp_path / "a b.bin").write_bytes(data)
    content["buffers"][0]["uri"] = "a%20b.bin"
    assert len(load(tmp_path, content).faces) == 2
    (tmp_path / "a b.bin").unlink()
    with pytest.raises(BadScene, match="a b.bin"):
        load(tmp_path, content)


def change(path, value):
    """The square with one value of its JSON changed."""
    content = document()
    *keys, last = path
    owner = content
    for key in keys:
        owner = owner[key]
    owner[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("asset", "version"), "1.0", "glTF 1.0"),
        (("nodes", 0, "mesh"), 7, "number 7 of 1 meshes"),
        (("nodes", 0, "children"), [0], "in two places"),
        (("nodes", 0, "rotation"), [0, 0, 1], "rotation"),
        (("nodes", 0, "translation"), [1e20, 0, 0], "not within"),
        (("nodes", 0, "scale"), [float("nan"), 1, 1], "scale"),
        (("meshes", 0, "primitives", 0, "mode"), 9, "mode 9"),
        (("meshes", 0, "primitives", 0, "attributes"), {}, "accessors"),
        (("meshes", 0, "primitives", 0, "extensions"), {"KHR_draco_mesh_compression": {}}, "Draco"),
        (("extensionsRequired",), ["EXT_meshopt_compression"], "EXT_meshopt"),
        (("accessors", 0, "sparse"), {}, "sparse"),
        (("accessors", 0, "count"), 5, "cut short"),
        (("accessors", 0, "type"), "VEC2", "VEC2"),
        (("accessors", 1, "count"), 3, "texture coordinates"),
        (("accessors", 2, "componentType"), 5126, "indices|cut short"),
        (("accessors", 2, "byteOffset"), -2, "cut short"),
        (("bufferViews", 0, "byteLength"), 10**30, "cut short"),
        (("buffers", 0, "byteLength"), 10**6, "cut short"),
        (("buffers", 0, "uri"), "data:;base64,!", "buffer|data URI|cut short"),
        (("buffers", 0, "uri"), "\0", "needs"),
    ],
)
def test_what_is_broken_is_named(load_text, path, value, said):
    with pytest.raises(BadScene, match=said):
        load_text(change(path, value))


def test_an_index_beyond_the_vertices_is_refused(load_text):
    with pytest.raises(BadScene, match="4 vertices"):
        load_text(document((0, 1, 4)))


def test_a_missing_file_and_a_foreign_one_are_refused(tmp_path):
    with pytest.raises(BadScene, match="No such file"):
        load_scene(tmp_path / "none.glb")
    with pytest.raises(BadScene):
        load_scene(tmp_path)
    (tmp_path / "picture.glb").write_bytes(b"\x89PNG" * 20)
    with pytest.raises(BadScene, match="neither GLB nor JSON"):
        load_scene(tmp_path / "picture.glb")


def values(content, path=()):
    """Paths to all values of a JSON."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from values(value, (*path, key))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.integers(-3, 9),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(-1, 4), max_size=5),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(max_examples=120, deadline=None)
@given(path=st.sampled_from(sorted(values(document()), key=repr)), value=JUNK)
def test_any_value_changed_gives_a_scene_or_our_error(load_text, path, value):
    try:
        assert len(load_text(change(path, value)).faces) > 0
    except BadScene as error:
        assert "text.gltf" in str(error)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_bytes_changed_give_a_scene_or_our_error(folder, data):
    whole = bytearray((GOLDEN / "two_rooms.glb").read_bytes())
    header = 20 + struct.unpack_from("<I", whole, 12)[0]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.one_of(st.integers(0, header), st.integers(0, len(whole) - 1)))
        whole[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    path = folder / "bytes.glb"
    path.write_bytes(whole[:end])
    try:
        assert len(load_scene(path).faces) > 0
    except BadScene as error:
        assert "bytes.glb" in str(error)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_broken_picture_gives_a_scene_or_our_error(load_text, data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG"]))
    file = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(file, kind)
    picture = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(picture)), st.integers(0, len(picture))))
    content = document()
    content["images"] = [{"uri": uri(bytes(picture[:end]))}]
    content["textures"] = [{"source": 0}]
    content["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    content["meshes"][0]["primitives"][0]["material"] = 0
    try:
        load_text(content)
    except BadScene as error:
        assert "picture" in str(error)
