"""Pickles are read as data, whatever else they ask for."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uio2_agent.errors import BadEpisode
from uio2_agent.trajectories.unpickling import ProfilePedia, SizeRange, read_pickle

ENCYCLOPEDIA = "tasks.components.encyclopedia"


class Calls:
    """Pickled as the call of a function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def read(tmp_path: Path, data: bytes):
    path = tmp_path / "some.pkl"
    path.write_bytes(data)
    return read_pickle(path)


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


@pytest.mark.parametrize("protocol", range(6))
def test_code_in_a_pickle_is_named_and_not_run(tmp_path, protocol):
    witness = tmp_path / "witness"
    data = pickle.dumps({"segm": Calls(os.system, f"touch {witness}")}, protocol)
    with pytest.raises(BadEpisode, match=rf"some.pkl: refers to {os.name}.system, .*delete it"):
        read(tmp_path, data)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "fromfile"),
        ("uio2_agent.storage", "make_folder"),
        ("vima_bench", "make"),
        (f"vima_bench.{ENCYCLOPEDIA}.replace_fns", "os.system"),
        (f"vima_bench.{ENCYCLOPEDIA}.definitions", "np"),
        (f"vimasimulator.{ENCYCLOPEDIA}.replace_fns", "kit_obj_fn"),
    ],
)
def test_a_name_outside_the_list_is_refused_even_uncalled(tmp_path, module, name):
    with pytest.raises(BadEpisode, match=f"refers to {module}.{name}, "):
        read(tmp_path, named(module, name) + b".")


@pytest.mark.parametrize("prefix", ["vima_bench", "vimasim"])
def test_names_of_the_simulator_become_stand_ins(tmp_path, prefix):
    size = named(f"{prefix}.{ENCYCLOPEDIA}.definitions", "SizeRange") + b"(K\x01K\x02tR"
    profile = named(f"{prefix}.{ENCYCLOPEDIA}.profiles", "ProfilePedia") + b"(K\x07tR"
    size, profile = read(tmp_path, b"(" + size + profile + b"t.")
    assert (type(size), size.args) == (SizeRange, (1, 2))
    assert (type(profile), profile.args) == (ProfilePedia, (7,))


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_containers_scalars_and_arrays_come_back_as_they_were(tmp_path, protocol):
    grid = np.arange(6, dtype=np.uint8).reshape(2, 3)
    value: dict[str, Any] = {
        "arrays": [grid, np.asfortranarray(grid), grid.astype(">f4"), np.zeros((0, 4)), grid[::2]],
        "kinds": (np.array([True]), np.array(["two", "words"]), np.array(1.5), np.array([b"b"])),
        "scalars": (np.float32(0.25), np.int64(-3), np.bool_(True)),
        "plain": OrderedDict(a={1, 2}, b=frozenset("c"), c=[None, 2**80, "d", b"e"]),
    }
    got = read(tmp_path, pickle.dumps(value, protocol))
    np.testing.assert_equal(got, value)
    for ours, theirs in zip(got["arrays"], value["arrays"], strict=True):
        assert (type(ours), ours.dtype) == (np.ndarray, theirs.dtype)


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.array([None, {}]), "dtype 'O8'"),
        (np.zeros(2, [("a", "f4")]), "dtype 'V4'"),
        (np.zeros(2, "M8[s]"), "dtype 'M8'"),
    ],
)
def test_arrays_of_anything_but_numbers_and_strings_are_refused(tmp_path, array, problem):
    with pytest.raises(BadEpisode, match=problem):
        read(tmp_path, pickle.dumps(array, 4))


def test_an_array_larger_than_its_bytes_is_refused(tmp_path):
    data = pickle.dumps(np.zeros((3, 2), np.uint8), 4)
    assert data.count(b"K\x03K\x02\x86") == 1
    with pytest.raises(BadEpisode, match=r"6 bytes for an array uint8 \(4, 2\)"):
        read(tmp_path, data.replace(b"K\x03K\x02\x86", b"K\x04K\x02\x86"))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy", "dtype"),
        (f"vimasim.{ENCYCLOPEDIA}.definitions", "SizeRange"),
        ("builtins", "list"),
        ("collections", "OrderedDict"),
    ],
)
@pytest.mark.parametrize("state", [b"}X\x01\x00\x00\x00aK\x01s", b"N}X\x01\x00\x00\x00aK\x01s\x86"])
def test_a_pickle_cannot_change_what_later_pickles_meet(tmp_path, module, name, state):
    with pytest.raises(BadEpisode, match="damaged"):
        read(tmp_path, b"\x80\x04" + named(module, name) + state + b"b.")


def test_a_list_that_holds_itself_ends(tmp_path):
    loop: list = [np.float32(1)]
    loop.append((loop,))
    got = read(tmp_path, pickle.dumps(loop))
    assert got[1][0] is got


def test_shared_parts_are_looked_at_once(tmp_path):
    value: list = [np.arange(2)]
    for _ in range(100):  # 2^100 paths to one array
        value = [value, value]
    got = read(tmp_path, pickle.dumps(value))
    while len(got) == 2:
        got = got[1]
    np.testing.assert_array_equal(got[0], [0, 1])


def test_a_few_bytes_cannot_ask_for_all_memory(tmp_path):
    with pytest.raises(BadEpisode, match="part 2147483647 after 2 instructions"):
        read(tmp_path, b"\x80\x04}r\xff\xff\xff\x7f.")


@pytest.mark.parametrize("length", [0, 1, 40, -1])
def test_a_pickle_cut_short_is_named(tmp_path, length):
    data = pickle.dumps({"ee": np.arange(100)})
    with pytest.raises(BadEpisode, match="some.pkl: is cut short or damaged .*Fetch"):
        read(tmp_path, data[:length])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadEpisode, match=r"obs.pkl: cannot be read \(No such file"):
        read_pickle(tmp_path / "obs.pkl")
