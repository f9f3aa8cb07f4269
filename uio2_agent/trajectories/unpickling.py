"""Pickles of VIMA's trajectories read as plain data; nothing they ask for is run.

A pickle names the callables it wants. Here every name is either one of the sealed stand-ins below,
which only keep or check what they are given, or refused. NumPy's own reconstruction is not used:
it lets a file set a dtype's flags and so read raw bytes as object pointers.
"""

import io
import math
import pickle
import pickletools
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from uio2_agent.errors import BadEpisode

# The simulator as it is called today, and as it was when the published archive was made.
_SIMULATOR = re.compile(r"(?:vima_bench|vimasim)\.tasks\.components\.encyclopedia\.(\w+\.\w+)")
_PLAIN_DTYPE = re.compile(r"[?]|[biufcSU]\d{1,4}")
# What the unpickler and the stand-ins raise on bytes that make no sense.
_NONSENSE = (
    pickle.UnpicklingError,
    EOFError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Sealed(type):
    """Classes that a pickle cannot alter: its BUILD instruction would set attributes on them."""

    def __setstate__(cls, state: object) -> None:
        raise pickle.UnpicklingError(f"it tries to change {cls.__name__}")


class StandIn(metaclass=_Sealed):
    """What a name of the simulator's became, with the arguments it was called with."""

    args: tuple[Any, ...]

    def __new__(cls, *args: Any) -> "StandIn":  # __init__ is not called by every instruction
        self = super().__new__(cls)
        self.args = args
        return self

    def __setstate__(self, state: object) -> None:
        """State is not needed: a partial's arguments, for one."""


class SizeRange(StandIn):
    """Smallest and largest size, each (x, y, z) in metres."""


class ProfilePedia(StandIn):
    """Outline seen from above, by number."""


class ReplaceFunction(StandIn):
    """How the simulator fills in a template; nothing a reader needs."""


class Partial(StandIn):
    """A function with some arguments fixed."""


class _ArrayClass(StandIn):
    """The name `numpy.ndarray`."""


class _DType(metaclass=_Sealed):
    """Plain numbers and strings only: no objects, no fields."""

    def __init__(self, code: object, align: object = False, copy: object = False) -> None:
        if not isinstance(code, str) or not _PLAIN_DTYPE.fullmatch(code):
            raise pickle.UnpicklingError(f"it holds an array of dtype {code!r}")
        self.value = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.value = self.value.newbyteorder(state[1])  # the rest says nothing about plain kinds


class _Array(metaclass=_Sealed):
    """Becomes an array when its state has come."""

    value: np.ndarray

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, data = state
        self.value = _array(data, dtype, shape, "F" if fortran else "C")


class _Reconstruct(metaclass=_Sealed):
    """Protocols up to 4: an empty array, filled by its state later."""

    def __new__(cls, kind: object, shape: object, code: object) -> Any:
        return _Array()


class _FromBuffer(metaclass=_Sealed):
    """Protocol 5: an array at once."""

    def __new__(cls, data: Any, dtype: Any, shape: Any, order: Any) -> Any:
        array = _Array()
        array.value = _array(data, dtype, shape, order)
        return array


class _Scalar(metaclass=_Sealed):
    def __new__(cls, dtype: Any, data: Any) -> Any:
        return _array(data, dtype, (), "C")[()]


def _array(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    if not isinstance(data, bytes | bytearray) or not isinstance(dtype, _DType):
        raise pickle.UnpicklingError("it holds an array that is not plain bytes")
    plain = isinstance(shape, tuple) and all(isinstance(n, int) and n >= 0 for n in shape)
    if not plain or math.prod(shape) * dtype.value.itemsize != len(data):
        raise pickle.UnpicklingError(f"{len(data)} bytes for an array {dtype.value} {shape}")
    return np.frombuffer(bytes(data), dtype.value).reshape(shape, order=order)


_CORES = ("numpy.core", "numpy._core")  # NumPy 1 and 2
_NAMES: dict[str, Any] = {
    "numpy.ndarray": _ArrayClass,
    "numpy.dtype": _DType,
    **{f"{core}.multiarray._reconstruct": _Reconstruct for core in _CORES},
    **{f"{core}.multiarray.scalar": _Scalar for core in _CORES},
    **{f"{core}.numeric._frombuffer": _FromBuffer for core in _CORES},
    **{f"builtins.{kind.__name__}": kind for kind in (dict, frozenset, list, set, tuple)},
    "collections.OrderedDict": OrderedDict,
    "functools.partial": Partial,
}
_SIMULATOR_NAMES = {"definitions.SizeRange": SizeRange, "profiles.ProfilePedia": ProfilePedia}


class _Refused(pickle.UnpicklingError):
    """A name outside the list."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        match = _SIMULATOR.fullmatch(full)
        short = match[1] if match else full
        if match and short.startswith("replace_fns."):
            return ReplaceFunction
        try:
            return (_SIMULATOR_NAMES if match else _NAMES)[short]
        except KeyError:
            raise _Refused(f"refers to {full}, which no trajectory needs") from None


def read_pickle(path: Path) -> Any:
    """What the file holds: containers, numbers, strings, arrays and `StandIn`s.

    Arrays are read-only. Protocols 3 to 5 are understood, written by NumPy 1 or 2, and the names
    of vima_bench.md section 9 under both of the simulator's module prefixes.

    Raises:
        BadEpisode: The file is missing or cut short, or refers to anything else, which is named.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise BadEpisode(str(path), problem, "Fetch the trajectory again") from error
    try:
        _check_memo(data)
        return _unwrap(_Unpickler(io.BytesIO(data)).load(), {})
    except _Refused as error:
        remedy = "It may run code where it is opened without care: delete it, take the original"
        raise BadEpisode(str(path), str(error), remedy) from error
    except _NONSENSE as error:
        problem = f"is cut short or damaged ({error or type(error).__name__})"
        raise BadEpisode(str(path), problem, "Fetch the trajectory again") from error


def _check_memo(data: bytes) -> None:
    """Parts are numbered as they come, but the unpickler makes room for any number, up to 64 GB."""
    for before, (instruction, number, _) in enumerate(pickletools.genops(data)):
        if instruction.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(number or 0) > before:
            raise pickle.UnpicklingError(f"part {number} after {before} instructions")


def _unwrap(value: Any, seen: dict[int, tuple[Any, Any]]) -> Any:
    """The same with arrays in place of `_Array`s: tuples made anew, the others changed in place.

    `seen`, id -> (before, after), keeps parts that are shared, or hold themselves, from costing
    more than once, and their ids from being given away meanwhile.
    """
    if isinstance(value, _Array):
        return value.value
    if not isinstance(value, dict | list | tuple):
        return value
    if id(value) not in seen:
        seen[id(value)] = value, value
        if isinstance(value, tuple):
            seen[id(value)] = value, tuple(_unwrap(item, seen) for item in value)
        else:
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in list(pairs):
                value[key] = _unwrap(item, seen)
    return seen[id(value)][1]
