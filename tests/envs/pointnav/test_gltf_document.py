"""The container: bytes of accessors in all their layouts, and files cut anywhere."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.gltf_document import Document, write_container
from uio2_agent.errors import BadScene


def opened(folder, binary=b"", **content):
    path = folder / "file.glb"
    buffers = [{"byteLength": len(binary)}]
    write_container(path, {"asset": {"version": "2.0"}, "buffers": buffers, **content}, binary)
    return Document(path)


def accessor(folder, data, component, kind, count, view=None, **more):
    view = {"buffer": 0, "byteLength": len(data), **(view or {})}
    entry = {"bufferView": 0, "componentType": component, "type": kind, "count": count, **more}
    return opened(folder, data, bufferViews=[view], accessors=[entry]).accessor(0, (kind,))


@pytest.mark.parametrize(
    ("component", "dtype"),
    [(5120, "i1"), (5121, "u1"), (5122, "<i2"), (5123, "<u2"), (5125, "<u4"), (5126, "<f4")],
)
def test_every_component_type_is_read(tmp_path, component, dtype):
    values = np.array([(0, 1, 2), (100, 50, 25)], dtype)
    got = accessor(tmp_path, values.tobytes(), component, "VEC3", 2)
    np.testing.assert_array_equal(got, values)
    assert got.dtype == np.dtype(dtype)


def test_interleaved_values_are_told_apart_by_stride_and_offset(tmp_path):
    rows = np.arange(12, dtype="<f4").reshape(3, 4)
    got = accessor(tmp_path, rows.tobytes(), 5126, "VEC2", 3, {"byteStride": 16}, byteOffset=4)
    np.testing.assert_array_equal(got, rows[:, 1:3])


@pytest.mark.parametrize(
    ("component", "dtype", "expected"),
    [(5121, "u1", [0, 1]), (5120, "i1", [-1, 1]), (5123, "<u2", [0, 1]), (5122, "<i2", [-1, 1])],
)
def test_normalised_integers_become_fractions(tmp_path, component, dtype, expected):
    limits = np.iinfo(dtype)
    data = np.array([limits.min, limits.max], dtype).tobytes()
    got = accessor(tmp_path, data, component, "SCALAR", 2, normalized=True)
    np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize(
    ("count", "view", "more"),
    [
        (4, {}, {}),
        (0, {}, {}),
        (3, {}, {"byteOffset": 4}),
        (3, {"byteStride": 9}, {}),
        (3, {"byteStride": 2}, {}),
        (3, {"byteOffset": 8}, {}),
        (3, {"byteLength": -1}, {}),
        (10**20, {}, {}),
    ],
)
def test_an_accessor_beyond_its_data_is_refused(tmp_path, count, view, more):
    with pytest.raises(BadScene, match="cut short"):
        accessor(tmp_path, bytes(24), 5126, "VEC2", count, view, **more)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    document = opened(tmp_path, bytes(range(64)))
    whole = document.path.read_bytes()
    for size in range(len(whole)):
        document.path.write_bytes(whole[:size])
        with pytest.raises(BadScene):
            Document(document.path)


def test_chunks_of_other_kinds_are_passed_over(tmp_path):
    document = opened(tmp_path, b"abcd", bufferViews=[{"buffer": 0, "byteLength": 4}])
    whole = document.path.read_bytes() + struct.pack("<II4s", 4, 0x58585858, b"more")
    document.path.write_bytes(whole[:8] + struct.pack("<I", len(whole)) + whole[12:])
    assert Document(document.path).view(0) == (b"abcd", 0)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"asset":{"version":"3.1"}}', b"[" * 100_000, b"\xff\xfe", b"nul"],
)
def test_json_that_is_no_gltf_is_refused(tmp_path: Path, text):
    (tmp_path / "a.gltf").write_bytes(text)
    with pytest.raises(BadScene):
        Document(tmp_path / "a.gltf")


@pytest.mark.parametrize("value", [True, "1", None, [], 1.5])
def test_a_value_of_another_type_is_refused(tmp_path, value):
    (tmp_path / "a.gltf").write_text(json.dumps({"asset": {"version": "2.0"}, "scene": value}))
    document = Document(tmp_path / "a.gltf")
    with pytest.raises(BadScene, match="scene"):
        document.get(document.json, "scene", int, 0)
    assert document.get(document.json, "absent", int, 0) == 0
