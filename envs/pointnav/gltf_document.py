"""The container of a glTF 2.0 file: its JSON, buffers and accessors, checked as they are read.

Written from the public specification. Whatever is broken is reported as `BadScene`; nothing in a
file is believed before its type, range and size have been looked at.
"""

import base64
import binascii
import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from uio2_agent.errors import BadScene

_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942
_COMPONENTS: dict[int, type] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_CHECK = "Export it again, or fetch it again if it was downloaded"


class Document:
    """One .glb or .gltf file.

    Args:
        path: Of the file; buffers and pictures beside it are read when asked for.

    Raises:
        BadScene: Missing, cut short, or not glTF 2.0.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._binary: bytes | None = None
        self._buffers: dict[int, bytes] = {}
        data = self._read(path)
        text = self._unpack(data) if data[:4] == b"glTF" else data
        try:
            self.json = json.loads(text)
        except (ValueError, RecursionError) as problem:
            raise self.broken(f"is neither GLB nor JSON ({problem})") from None
        version = self.get(self.get(self.json, "asset", dict), "version", str, "2.0")
        if version.split(".")[0] != "2":
            raise self.broken(f"is glTF {version}, not 2.0", "Convert it to glTF 2.0")

    def broken(self, problem: str, remedy: str = _CHECK) -> BadScene:
        """An error about this file."""
        return BadScene(str(self.path), problem, remedy)

    def get(self, owner: Any, key: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        """A value of the JSON, of the type that it must have; `default` where it is not given.

        Without a default the value must be there. Booleans are no numbers.
        """
        if not isinstance(owner, dict):
            raise self.broken(f"has {_short(owner)} where an object should be")
        value = owner.get(key, default)
        right = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
        if not right and not (value is default and default is not None):
            raise self.broken(f"has {key!r} = {_short(value)}, which cannot be")
        return value

    def item(self, kind: str, index: Any) -> dict[str, Any]:
        """Element `index` of one of the top-level lists ("meshes", "nodes" ...)."""
        items = self.get(self.json, kind, list, [])
        if not isinstance(index, int) or not 0 <= index < len(items):
            raise self.broken(f"refers to number {_short(index)} of {len(items)} {kind}")
        if not isinstance(items[index], dict):
            raise self.broken(f"has {_short(items[index])} among its {kind}")
        return items[index]

    def numbers(self, owner: dict, key: str, default: list[float]) -> NDArray[np.float64]:
        """A list of as many finite numbers as `default` has."""
        values = self.get(owner, key, list, default)
        right = len(values) == len(default) and all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in values
        )
        # An int of a thousand digits is no float64.
        if not right or not all(abs(v) < 1e30 for v in values):
            raise self.broken(f"has {key!r} = {_short(values)}")
        return np.array(values, np.float64)

    def view(self, index: Any) -> tuple[bytes, int]:
        """Bytes of a buffer view, and its stride (0: tight)."""
        view = self.item("bufferViews", index)
        buffer = self._buffer(self.get(view, "buffer", int))
        start, length = self.get(view, "byteOffset", int, 0), self.get(view, "byteLength", int)
        stride = self.get(view, "byteStride", int, 0)
        if start < 0 or length < 0 or start + length > len(buffer) or stride < 0:
            raise self.broken(f"is cut short: view {index} ends beyond its buffer")
        return buffer[start : start + length], stride

    def accessor(self, index: Any, kinds: tuple[str, ...]) -> NDArray:
        """Values of an accessor, (count,) or (count, width); normalised integers -> 0..1.

        Args:
            kinds: Allowed types, of "SCALAR", "VEC2", "VEC3", "VEC4".
        """
        accessor = self.item("accessors", index)
        if "sparse" in accessor:
            raise self.broken("uses sparse accessors", "Export it without sparse accessors")
        kind = self.get(accessor, "type", str)
        component = self.get(accessor, "componentType", int)
        if kind not in kinds or component not in _COMPONENTS:
            raise self.broken(f"has {kind} of {component} where it needs {' or '.join(kinds)}")
        data, stride = self.view(self.get(accessor, "bufferView", int))
        dtype, width = np.dtype(_COMPONENTS[component]).newbyteorder("<"), _WIDTHS[kind]
        offset, count = self.get(accessor, "byteOffset", int, 0), self.get(accessor, "count", int)
        size = dtype.itemsize * width
        stride = stride or size
        if (
            offset < 0
            or count < 1
            or stride < size
            or offset + stride * (count - 1) + size > len(data)
        ):
            raise self.broken(f"is cut short: accessor {index} reaches beyond its data")
        rows = np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))
        values = rows[:, 0] if kind == "SCALAR" else rows
        if self.get(accessor, "normalized", bool, False) and values.dtype.kind in "iu":
            return np.maximum(values / np.float64(np.iinfo(values.dtype).max), -1.0)
        return values.copy()

    def resource(self, uri: str) -> bytes:
        """What a data URI holds, or a file beside this one."""
        if uri.startswith("data:"):
            head, _, body = uri.partition(",")
            try:
                return (
                    base64.b64decode(body) if head.endswith(";base64") else unquote(body).encode()
                )
            except (binascii.Error, ValueError) as problem:
                raise self.broken(f"has a data URI that cannot be read ({problem})") from None
        return self._read(self.path.parent / unquote(uri))

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            buffer = self.item("buffers", index)
            if "uri" in buffer:
                data = self.resource(self.get(buffer, "uri", str))
            elif index == 0 and self._binary is not None:
                data = self._binary
            else:
                raise self.broken(f"has no data for buffer {index}")
            length = self.get(buffer, "byteLength", int)
            if not 0 <= length <= len(data):
                raise self.broken(f"is cut short: buffer {index} has {len(data)} bytes of {length}")
            self._buffers[index] = data
        return self._buffers[index]

    def _unpack(self, data: bytes) -> bytes:
        """The JSON chunk of a GLB; the binary one is kept."""
        if len(data) < 20:
            raise self.broken("is cut short")
        _, version, length = struct.unpack_from("<III", data)
        if version != 2:
            raise self.broken(f"is GLB version {version}, not 2", "Convert it to glTF 2.0")
        if length > len(data):
            raise self.broken(f"is cut short: {len(data)} of {length} bytes")
        chunks: dict[int, bytes] = {}
        at = 12
        while at + 8 <= length:
            size, kind = struct.unpack_from("<II", data, at)
            if at + 8 + size > length:
                raise self.broken("is cut short within a chunk")
            chunks.setdefault(kind, data[at + 8 : at + 8 + size])
            at += 8 + size + -size % 4
        if _JSON not in chunks:
            raise self.broken("is a GLB without JSON")
        self._binary = chunks.get(_BINARY)
        return chunks[_JSON]

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except (OSError, ValueError) as problem:  # ValueError: a null character in the name
            reason = getattr(problem, "strerror", None) or str(problem)
            if path == self.path:
                raise self.broken(f"cannot be read: {reason}", "Give the path of a scene") from None
            raise self.broken(f"needs {path.name!r} beside it: {reason}", "Copy it there") from None


def write_container(path: Path, content: dict[str, Any], binary: bytes) -> None:
    """Write a GLB of one JSON and one binary chunk."""
    text = json.dumps(content, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    parts = (
        struct.pack("<III", _MAGIC, 2, total),
        struct.pack("<II", len(text), _JSON),
        text,
        struct.pack("<II", len(binary), _BINARY),
        binary,
    )
    path.write_bytes(b"".join(parts))


def _short(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**12:
        return "a huge number"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
