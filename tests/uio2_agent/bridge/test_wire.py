"""What goes over the wire comes back as it was, and nothing else is believed."""

import random
import subprocess
import sys
from enum import Enum

import msgpack
import numpy as np
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uio2_agent.bridge import wire
from uio2_agent.bridge.wire import Limits, pack, unpack
from uio2_agent.errors import BadMessage

DTYPES = st.sampled_from(sorted(wire.DTYPES)).map(np.dtype)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, SHAPES))
SCALARS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, (1,))).map(lambda a: a[0])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), ARRAYS, SCALARS
)
KEYS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.text(), st.just(wire.MARK)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)
ROOMY = Limits(nesting=64)
MESSAGE = {
    "type": "step",
    "rgb": {"front": np.arange(6000, dtype=np.uint8).reshape(2, 3000)},
    "pose": (np.float32(0.5), [1, None, True, 2**80]),
    "objects": {3: "block", -1: b"\x00\xff"},
}


def assert_same(one: object, other: object) -> None:
    """Equal in type and to the last bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert isinstance(other, dict) and list(map(repr, one)) == list(map(repr, other))
        for a, b in zip(one.values(), other.values(), strict=True):
            assert_same(a, b)
    elif isinstance(one, list | tuple):
        assert isinstance(other, list | tuple) and len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(one, np.ndarray | np.generic):
        assert isinstance(other, np.ndarray | np.generic)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
    else:
        assert repr(one) == repr(other)  # also for nan and -0.0


def frames_of(message: dict) -> list[bytes]:
    return [bytes(frame) for frame in pack(message)]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text().filter(lambda key: key != "v"), VALUES, max_size=4))
def test_what_is_packed_comes_back_the_same(message):
    assert_same(unpack([bytes(frame) for frame in pack(message, ROOMY)], ROOMY), message)


def test_a_strided_array_comes_back_in_c_order():
    array = np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1)[::2]
    back = unpack(frames_of({"a": array}))["a"]
    assert_same(back, np.ascontiguousarray(array))


def test_subclasses_of_str_come_back_as_plain_text():
    class Level(str, Enum):
        EASY = "easy"

    assert_same(unpack(frames_of({"a": [Level.EASY, np.str_("b")]})), {"a": ["easy", "b"]})


def test_large_arrays_are_not_copied_on_either_side():
    array = np.zeros(100_000, np.float32)
    frames = pack({"a": array})
    assert np.shares_memory(np.frombuffer(frames[1], np.float32), array)
    assert np.shares_memory(unpack(frames)["a"], array)


def test_arrays_received_from_a_socket_can_be_written_to():
    context = zmq.Context()
    one, other = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    try:
        one.bind("inproc://wire")
        other.connect("inproc://wire")
        message = {"large": np.ones(50_000), "small": np.ones(3), "none": np.ones((0, 4))}
        wire.send(one, message)
        back = wire.receive(other)
        assert_same(back, message)
        assert all(array.flags.writeable and array.flags.aligned for array in back.values())
    finally:
        one.close()
        other.close()
        context.term()


@pytest.mark.parametrize(
    "value",
    [
        np.array([None], object),
        np.array(["text"]),
        np.zeros(2, complex),
        np.zeros(1, [("a", int)]),
        np.datetime64("2020"),
        1j,
        {1, 2},
        object(),
        {(1, 2): 3},
        {2**70: 1},
        "\ud800",
    ],
    ids=repr,
)
def test_what_is_no_plain_data_is_refused_by_name(value):
    with pytest.raises(BadMessage):
        pack({"info": {"deep": [value]}})


def test_the_error_says_where_the_value_lies():
    with pytest.raises(BadMessage, match=r"info\['deep'\]\[1\]"):
        pack({"info": {"deep": [0, object()]}})


@pytest.mark.parametrize("fields", [{"v": 1}, {1: "a"}], ids=repr)
def test_field_names_are_strings_and_the_version_is_ours(fields):
    with pytest.raises(BadMessage, match="fields"):
        pack(fields)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(total_bytes=7999), {"a": np.zeros(1000)}),
        (Limits(header_bytes=999), {"a": "x" * 1000}),
        (Limits(arrays=2), {"a": [np.zeros(1)] * 3}),
        (Limits(nesting=3), {"a": [[[[]]]]}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_limits_hold_when_sending_and_when_receiving(limits, message):
    frames = frames_of(message)
    assert_same(unpack(frames), message)
    with pytest.raises(BadMessage):
        pack(message, limits)
    with pytest.raises(BadMessage):
        unpack(frames, limits)


def array(**changes: object) -> dict:
    good = {"~": "array", "dtype": "<f4", "shape": [2], "index": 0, "codec": "raw"}
    return {"v": [1, 0], "a": {**good, **changes}}


@pytest.mark.parametrize(
    ("header", "buffers"),
    [
        (array(), []),
        (array(), [b"1234567"]),
        (array(), [b"12345678", b"unused"]),
        ({**array(), "b": array()["a"]}, [b"12345678"]),
        (array(index=-1), [b"12345678"]),
        (array(index=True), [b"12345678", b"12345678"]),
        (array(dtype="|O"), [b"12345678"]),
        (array(dtype="<c8", shape=[1]), [b"12345678"]),
        (array(dtype=[["a", "<f8"]]), [b"12345678"]),
        (array(shape=[-2]), [b"12345678"]),
        (array(shape=[2.0]), [b"12345678"]),
        (array(shape=2), [b"12345678"]),
        (array(shape=[0, 2**40, 2**40]), [b""]),
        (array(shape=[1] * 33 + [2]), [b"12345678"]),
        (array(dtype="|b1", shape=[8]), [b"12345678"]),
        (array(codec="pickle"), [b"12345678"]),
        ({"v": [1, 0], "a": {"~": "object"}}, []),
        ({"v": [1, 0], "a": {"~": ["array"]}}, []),
        ({"v": [1, 0], "a": {"~": "tuple", "items": 3}}, []),
        ({"v": [1, 0], "a": {"~": "dict", "items": [[[], 1]]}}, []),
        ({"v": [1, 0], "a": {"~": "dict", "items": [[1]]}}, []),
        ({"v": [1, 0], "a": {"~": "int", "digits": "zz"}}, []),
        ({"v": [1, 0], "a": {"~": "scalar", "dtype": "<f4", "data": b"1"}}, []),
        ({"v": [1, 0], "a": {1: 2}}, []),
        ({"v": [1, 0], 1: 2}, []),
        ({"v": [1, 0], "a": msgpack.ExtType(5, b"x")}, []),
        ({"v": [2, 0]}, []),
        ({"v": "1"}, []),
        ({"endpoint": "get_action"}, []),
        ([1, 2], []),
        (None, []),
    ],
)
def test_a_header_that_does_not_fit_its_buffers_is_refused(header, buffers):
    with pytest.raises(BadMessage):
        unpack([msgpack.packb(header), *buffers])


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b""],
        [b"\x80\x04\x95\x0b."],  # a pickle
        [b"\x91" * 5000],
        [b"\xdd\xff\xff\xff\xff"],
        [msgpack.packb({"v": [1, 0]}) + b"x"],
    ],
    ids=lambda frames: repr(frames)[:30],
)
def test_frames_that_are_no_message_are_refused(frames):
    with pytest.raises(BadMessage):
        unpack(frames)


def test_a_newer_minor_version_is_understood():
    assert unpack([msgpack.packb({"v": [1, 9], "new": 1})]) == {"new": 1}


def test_damaged_messages_are_read_or_refused_but_never_break():
    good, rng = frames_of(MESSAGE), random.Random(0)
    refused = 0
    for _ in range(5000):
        frames = [bytearray(frame) for frame in good]
        for _ in range(rng.randint(1, 4)):
            frame = rng.choice(frames) if rng.random() < 0.2 else frames[0]
            at = rng.randrange(len(frame)) if frame else 0
            damage = rng.randrange(4)
            if damage == 0 and frame:
                frame[at] = rng.randrange(256)
            elif damage == 1:
                del frame[at:]
            elif damage == 2:
                frame[at:at] = rng.randbytes(rng.randint(1, 9))
            else:
                frames.insert(rng.randrange(len(frames) + 1), bytearray(rng.randbytes(5)))
        try:
            unpack(frames)
        except BadMessage:
            refused += 1
    assert 3000 < refused < 5000


def test_it_needs_neither_torch_nor_pickle():
    code = (
        "import sys; before = set(sys.modules); import msgpack, numpy; base = set(sys.modules);"
        "from uio2_agent.bridge import wire; new = set(sys.modules) - base;"
        "assert not {'torch', 'zmq', 'gymnasium', 'pickle'} & new, new"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
