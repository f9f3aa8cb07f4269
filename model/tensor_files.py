"""Tensors on disk, read one at a time, so that memory never holds a whole file.

Files are mapped into memory, and what was read stays there until a file is let go. So files are
let go after every `_HELD` bytes, and opened again when they are read again.
"""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from uio2_agent.errors import BadCheckpoint

Shape = tuple[int, ...]

_HELD = 1 << 27
_AGAIN = "Fetch or write the file again; it must be whole"
# Single file and index of every way a release may be stored, the best first.
LAYOUTS = (
    ("model.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
)


class TensorSource(Protocol):
    """Where tensors come from: `shapes` of all there are, and each when it is asked for."""

    path: str
    shapes: dict[str, Shape]

    def read(self, name: str) -> Tensor:
        """One tensor on the CPU; it may share memory with the file and must not be changed."""
        ...


class SafetensorsFile:
    """One safetensors file.

    Raises:
        BadCheckpoint: When it is missing, truncated or foreign.
    """

    def __init__(self, path: str | Path) -> None:
        self.path, self._held = str(path), 0
        self._file: Any = None
        slices = {name: self._opened().get_slice(name) for name in self._opened().keys()}  # noqa: SIM118
        self.shapes: dict[str, Shape] = {k: tuple(s.get_shape()) for k, s in slices.items()}
        self.int8 = {name for name, part in slices.items() if part.get_dtype() == "I8"}

    def read(self, name: str) -> Tensor:
        tensor = self._opened().get_tensor(name)
        self._held += tensor.nbytes
        if self._held > _HELD:
            self.let_go()
        return tensor

    def let_go(self) -> None:
        self._file, self._held = None, 0

    def _opened(self) -> Any:
        if self._file is None:
            try:
                self._file = safe_open(self.path, "pt")
            except (OSError, SafetensorError) as problem:
                raise BadCheckpoint(self.path, f"cannot be read ({problem})", _AGAIN) from problem
        return self._file


class TorchFile:
    """One file of `torch.save`, of which nothing but tensors is ever unpickled.

    Raises:
        BadCheckpoint: When it is missing, truncated, no state dict, or holds more than tensors.
    """

    def __init__(self, path: str | Path) -> None:
        self.path, self._held = str(path), 0
        self._tensors: dict[str, Tensor] | None = None
        self.shapes: dict[str, Shape] = {k: tuple(t.shape) for k, t in self._opened().items()}

    def read(self, name: str) -> Tensor:
        tensor = self._opened()[name]
        self._held += tensor.nbytes
        if self._held > _HELD:
            self.let_go()
        return tensor

    def let_go(self) -> None:
        self._tensors, self._held = None, 0

    def _opened(self) -> dict[str, Tensor]:
        if self._tensors is None:
            self._tensors = self._load()
        return self._tensors

    def _load(self) -> dict[str, Tensor]:
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True, mmap=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as problem:
            line = str(problem).strip().split("\n")[0]
            raise BadCheckpoint(self.path, f"cannot be read ({line})", _AGAIN) from problem
        tensors = content.values() if isinstance(content, dict) else [None]
        if not all(isinstance(tensor, Tensor) for tensor in tensors):
            raise BadCheckpoint(self.path, "is no dict of tensors", "Give a saved state dict")
        return content


class Shards:
    """Several files as one; no more is held of all of them than of one."""

    def __init__(self, path: str, files: list[SafetensorsFile | TorchFile]) -> None:
        self.path, self._files, self._held = path, files, 0
        self._home = {name: file for file in files for name in file.shapes}
        self.shapes = {name: file.shapes[name] for name, file in self._home.items()}

    def read(self, name: str) -> Tensor:
        tensor = self._home[name].read(name)
        self._held += tensor.nbytes
        if self._held > _HELD:
            self._held = 0
            for file in self._files:
                file.let_go()
        return tensor


def open_weights(folder: Path) -> TensorSource:
    """The weights of a folder, in any of the `LAYOUTS`.

    Raises:
        BadCheckpoint: When there are none, one of several is missing, or a file is damaged.
    """
    for single, index in LAYOUTS:
        kind = SafetensorsFile if single.endswith(".safetensors") else TorchFile
        if (folder / index).is_file():
            return Shards(str(folder), [kind(path) for path in _indexed(folder / index)])
        if (folder / single).is_file():
            return kind(folder / single)
    looked = " nor ".join(name for layout in LAYOUTS for name in layout)
    raise BadCheckpoint(str(folder), f"has neither {looked}", "Give the folder of a release")


def _indexed(index: Path) -> Iterator[Path]:
    """The files an index names, all of them there."""
    try:
        content: Any = json.loads(index.read_text(encoding="utf-8"))
        names = sorted(set(content["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BadCheckpoint(str(index), f"is no index of weights ({problem})", _AGAIN) from problem
    for name in names:
        # An index from anywhere must not lead out of its folder.
        if not isinstance(name, str) or Path(name).name != name:
            raise BadCheckpoint(
                str(index), f"names the file {name!r}", "Files lie beside the index"
            )
        if not (index.parent / name).is_file():
            raise BadCheckpoint(
                str(index), f"names {name}, which is missing", "Fetch that file too"
            )
        yield index.parent / name
