"""Messages as ZeroMQ frames: one small msgpack header, then every array as it lies in memory.

The header is a map with the protocol version `v` and the message's own fields. Arrays stand in it
as `{dtype, shape, index, codec}` and lie in frame 1 + index, so nothing is copied to be sent.
Nothing in a message is ever executed. Source: bridge.md §3.6, native framing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np

from uio2_agent.errors import BadMessage

if TYPE_CHECKING:
    import zmq

VERSION = (1, 0)  # a reader refuses another major; a new minor only adds fields
MARK = "~"  # the key that makes a map of the header something other than a dict of str
DTYPES = frozenset(
    ["|b1", "|i1", "|u1"] + [f"{o}{k}{n}" for o in "<>" for k in "iuf" for n in (2, 4, 8)]
) - {"|f1"}
_INT64 = range(-(2**63), 2**64)  # what msgpack carries by itself
_KEEP = 4096  # smaller arrays are copied: they would pin the socket's whole receive buffer

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest message that is sent or believed."""

    total_bytes: int = 64 << 20
    header_bytes: int = 1 << 20
    arrays: int = 64
    nesting: int = 8


DEFAULT = Limits()


def pack(fields: Mapping[str, Any], limits: Limits = DEFAULT) -> list[Buffer]:
    """A message as frames; arrays are shared with the caller until they are sent.

    Values: None, bool, int, float, str, bytes, numpy scalars and arrays of `DTYPES`, and dicts
    (keys None, bool, int or str), lists and tuples of these. Each comes back with the same type;
    subclasses of the containers and of str come back as the plain ones, arrays in C order.

    Raises:
        BadMessage: A value of another kind, or more than `limits`.
    """
    if "v" in fields or not all(type(key) is str for key in fields):
        raise BadMessage("fields", list(fields)[:8], "named by strings, and none of them 'v'")
    writer = _Writer(limits)
    body = {key: writer.value(value, 1, key) for key, value in fields.items()}
    try:
        header = msgpack.packb({**body, "v": list(VERSION)})
    except (ValueError, TypeError, OverflowError) as problem:  # such as half a surrogate pair
        raise BadMessage("message", str(problem), "something msgpack can write") from problem
    frames = [header, *writer.buffers]
    _check_sizes([len(header), *(_size(buffer) for buffer in writer.buffers)], limits)
    return frames


def unpack(frames: Sequence[Buffer], limits: Limits = DEFAULT) -> dict[str, Any]:
    """The fields of a message; arrays look into the frames and are writable if those are.

    Raises:
        BadMessage: Foreign, corrupt or oversized frames, or another major version.
    """
    if not frames:
        raise BadMessage("message", "no frames", "a header frame")
    _check_sizes([_size(frame) for frame in frames], limits)
    try:
        header = msgpack.unpackb(frames[0], strict_map_key=False)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as problem:
        raise BadMessage("header", f"{type(problem).__name__}: {problem}", "msgpack") from problem
    version = header.pop("v", None) if isinstance(header, dict) else None
    if not (isinstance(version, list) and len(version) == 2 and version[0] == VERSION[0]):
        raise BadMessage("version", version, f"{list(VERSION)}; update the older of both ends")
    if not all(type(key) is str for key in header):
        raise BadMessage("fields", list(header)[:8], "named by strings")
    reader = _Reader(frames[1:], limits)
    fields = {key: reader.value(value, 1) for key, value in header.items()}
    if reader.unread:
        raise BadMessage("buffers", f"{len(reader.unread)} too many", "one for each array")
    return fields


def send(socket: "zmq.Socket", fields: Mapping[str, Any], limits: Limits = DEFAULT) -> None:
    """Send without copying: leave the arrays alone until the other end has answered."""
    socket.send_multipart(pack(fields, limits), copy=False)


def receive(socket: "zmq.Socket", limits: Limits = DEFAULT) -> dict[str, Any]:
    """The next message; its larger arrays are the memory that ZeroMQ received them in."""
    frames = socket.recv_multipart(copy=False)
    return unpack([frame.buffer for frame in frames], limits)


class _Writer:
    def __init__(self, limits: Limits) -> None:
        self.limits, self.buffers = limits, list[Buffer]()

    def value(self, value: Any, depth: int, name: str) -> Any:
        """As the header has it."""
        if depth > self.limits.nesting:
            raise BadMessage(name, f"nested more than {depth - 1} deep", "something flatter")
        if value is None or isinstance(value, bool | bytes):
            return value
        if isinstance(value, str):
            return str.__str__(value)  # a member of an enum would call itself by another name
        if isinstance(value, np.generic):
            dtype = self._dtype(value.dtype, name)
            return {MARK: "scalar", "dtype": dtype, "data": value.tobytes()}
        if type(value) is int:
            return value if value in _INT64 else {MARK: "int", "digits": hex(value)}
        if type(value) is float:
            return value
        if isinstance(value, np.ndarray):
            return self._array(value, name)
        if isinstance(value, dict):
            return self._dict(value, depth, name)
        if isinstance(value, list | tuple):
            items = [self.value(v, depth + 1, f"{name}[{i}]") for i, v in enumerate(value)]
            return items if isinstance(value, list) else {MARK: "tuple", "items": items}
        raise BadMessage(name, f"a {type(value).__name__}", "plain data or an array")

    def _dict(self, value: dict, depth: int, name: str) -> dict:
        items = []
        for key, item in value.items():
            if not _is_key(key):
                raise BadMessage(f"a key of {name}", repr(key), "None, bool, int or str")
            items.append([key, self.value(item, depth + 1, f"{name}[{key!r}]")])
        if all(isinstance(key, str) for key in value) and MARK not in value:
            return dict(items)
        return {MARK: "dict", "items": items}

    def _array(self, array: np.ndarray, name: str) -> dict:
        dtype, index = self._dtype(array.dtype, name), len(self.buffers)
        if index >= self.limits.arrays:
            raise BadMessage("message", f"{index + 1} arrays", f"at most {self.limits.arrays}")
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self.buffers.append(flat.data if flat.size else b"")
        shape = list(array.shape)
        return {MARK: "array", "dtype": dtype, "shape": shape, "index": index, "codec": "raw"}

    @staticmethod
    def _dtype(dtype: np.dtype, name: str) -> str:
        if dtype.str not in DTYPES:
            raise BadMessage(name, f"of dtype {dtype}", "bool, int, uint or float up to 64 bits")
        return dtype.str


class _Reader:
    def __init__(self, buffers: Sequence[Buffer], limits: Limits) -> None:
        self.buffers, self.limits = buffers, limits
        self.unread = set(range(len(buffers)))

    def value(self, node: Any, depth: int) -> Any:
        """What the header's `node` stands for."""
        if depth > self.limits.nesting:
            raise BadMessage("message", "nested too deep", f"at most {self.limits.nesting} levels")
        if isinstance(node, list):
            return [self.value(item, depth + 1) for item in node]
        if isinstance(node, dict):
            if MARK in node:
                return self._marked(node, depth)
            if not all(type(key) is str for key in node):
                raise BadMessage("a map", "keyed by other things", "keyed by strings")
            return {key: self.value(item, depth + 1) for key, item in node.items()}
        if isinstance(node, msgpack.ExtType | msgpack.Timestamp):
            raise BadMessage("header", "a msgpack extension", "plain data")
        return node

    def _marked(self, node: dict, depth: int) -> Any:
        kind = node[MARK]
        if kind == "array":
            return self._array(node)
        if kind == "scalar":
            dtype, data = self._dtype(node), node.get("data")
            if not isinstance(data, bytes) or len(data) != dtype.itemsize:
                raise BadMessage("a scalar", repr(data)[:80], f"{dtype.itemsize} bytes")
            return _view(data, dtype, (1,), dtype.str)[0]
        if kind == "tuple":
            return tuple(self.value(item, depth + 1) for item in self._items(node))
        if kind == "dict":
            items = self._items(node)
            if not all(isinstance(i, list) and len(i) == 2 and _is_key(i[0]) for i in items):
                raise BadMessage("a dict", "without pairs", "[key, value] for each entry")
            return {key: self.value(item, depth + 1) for key, item in items}
        if kind == "int":
            digits = node.get("digits")
            try:
                return int(digits, 16)  # type: ignore[arg-type]
            except (TypeError, ValueError) as problem:
                raise BadMessage("an int", repr(digits)[:80], "hexadecimal digits") from problem
        raise BadMessage("a marked map", repr(kind)[:80], "array, scalar, tuple, dict or int")

    @staticmethod
    def _items(node: dict) -> list:
        items = node.get("items")
        if not isinstance(items, list):
            raise BadMessage("items", type(items).__name__, "a list")
        return items

    def _array(self, node: dict) -> np.ndarray:
        dtype, index, shape = self._dtype(node), node.get("index"), node.get("shape")
        if type(index) is not int or index not in self.unread:
            raise BadMessage("an array's index", repr(index)[:80], "a buffer used nowhere else")
        if node.get("codec") != "raw":
            raise BadMessage("codec", repr(node.get("codec"))[:80], "'raw'")
        if not isinstance(shape, list) or len(shape) > 32:
            raise BadMessage("shape", repr(shape)[:80], "a list of at most 32 lengths")
        if not all(type(n) is int and 0 <= n < 2**48 for n in shape):
            raise BadMessage("shape", repr(shape)[:80], "lengths of zero or more")
        self.unread.discard(index)
        buffer, want = self.buffers[index], math.prod(shape) * dtype.itemsize
        name = f"buffer {index}"
        if _size(buffer) != want:
            raise BadMessage(name, f"{_size(buffer)} bytes", f"{want} for {shape} of {dtype}")
        return _view(buffer, dtype, tuple(shape), name)

    @staticmethod
    def _dtype(node: dict) -> np.dtype:
        dtype = node.get("dtype")
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise BadMessage("dtype", repr(dtype)[:80], f"one of {', '.join(sorted(DTYPES))}")
        return np.dtype(dtype)


def _is_key(key: Any) -> bool:
    # Longer ints would let a stranger choose many keys of one hash.
    return key is None or isinstance(key, bool | str) or (type(key) is int and key in _INT64)


def _view(buffer: Buffer, dtype: np.dtype, shape: tuple[int, ...], name: str) -> np.ndarray:
    try:
        if _size(buffer) == 0:
            return np.empty(shape, dtype)
        array = np.frombuffer(buffer, dtype).reshape(shape)
    except ValueError as problem:  # lengths beyond what numpy can count
        raise BadMessage(name, f"shaped {shape}", "a shape numpy can hold") from problem
    if dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
        raise BadMessage(name, "bytes other than 0 and 1", "booleans")
    return array.copy() if array.nbytes < _KEEP or not array.flags.aligned else array


def _size(buffer: Buffer) -> int:
    return buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)


def _check_sizes(sizes: Sequence[int], limits: Limits) -> None:
    if len(sizes) - 1 > limits.arrays:
        raise BadMessage("message", f"{len(sizes) - 1} arrays", f"at most {limits.arrays}")
    if sizes[0] > limits.header_bytes:
        raise BadMessage("header", f"{sizes[0]} bytes", f"at most {limits.header_bytes}")
    if sum(sizes) > limits.total_bytes:
        raise BadMessage("message", f"{sum(sizes)} bytes", f"at most {limits.total_bytes}")
