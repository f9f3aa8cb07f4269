"""Where the public benchmark lies, and how its code is imported as it is.

It was written for gym 0.21 and is not maintained; nothing of it is changed or copied. What it
expects of the world around it is provided for the moment of its import (vima_bench.md §1.2).
"""

import contextlib
import importlib
import importlib.resources
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium

from uio2_agent.envs.vima_bench.quiet import quiet_stdout
from uio2_agent.errors import BadSetting, MissingDependency

VARIABLE = "UIO2_VIMA_BENCH"
REPOSITORY = "https://github.com/vimalabs/VIMABench"
NEEDED_FOR = "uio2/VIMABench-v0"
EXTRA = 'pip install "uio2-agent[vima]"'
STEPS = (
    f"Fetch it and say where it is:\n"
    f"  git clone {REPOSITORY}\n"
    f"  export {VARIABLE}=$PWD/VIMABench\n"
    f"  {EXTRA}"
)

# What the benchmark imports and we do not stand in for: module -> its name for pip.
PACKAGES = {
    "pybullet": "pybullet",
    "cv2": "opencv-python-headless",
    "omegaconf": "omegaconf",
    "transforms3d": "transforms3d",
    "einops": "einops",
    "matplotlib": "matplotlib",
}
# A plain install leaves out what is no Python (§1.2 row 4); every scene needs this file.
_ASSET = Path("vima_bench", "tasks", "assets", "ur5", "ur5.urdf")


def load(checkout: str | os.PathLike[str] | None = None) -> ModuleType:
    """The module `vima_bench`, imported at the first call.

    Args:
        checkout: Folder of the checkout. Without it the one that the environment variable
            `UIO2_VIMA_BENCH` names, else an editable install.

    Raises:
        MissingDependency: There is none, or packages it needs are missing; says what to do.
        BadSetting: The folder is no checkout, or another one was imported before.
    """
    folder = find(checkout)
    loaded = sys.modules.get("vima_bench")
    if loaded is None:
        return _import(folder)
    present = Path(str(loaded.__file__)).parents[1]
    if present != folder:
        want = f"{present}, which this process has imported already; use another process"
        raise BadSetting("checkout", folder, want)
    return loaded


def find(checkout: str | os.PathLike[str] | None = None) -> Path:
    """The folder that holds the package `vima_bench`; looks where `load` says, and as it raises."""
    named = checkout or os.environ.get(VARIABLE)
    if named:
        folder = Path(named).expanduser().resolve()
        if not (folder / _ASSET).is_file():
            name = "checkout" if checkout else VARIABLE
            raise BadSetting(name, named, f"a folder with {_ASSET} in it. {STEPS}")
        return folder
    spec = None if "vima_bench" in sys.modules else importlib.util.find_spec("vima_bench")
    origin = spec.origin if spec else getattr(sys.modules.get("vima_bench"), "__file__", None)
    if origin is None:
        raise MissingDependency("vima_bench", NEEDED_FOR, STEPS)
    folder = Path(origin).resolve().parents[1]
    if not (folder / _ASSET).is_file():
        remedy = f"{folder} has it without its assets, as a plain install leaves them out. {STEPS}"
        raise MissingDependency("vima_bench", NEEDED_FOR, remedy)
    return folder


def _import(folder: Path) -> ModuleType:
    _import_packages()
    try:
        with (
            quiet_stdout(),
            warnings.catch_warnings(),
            _modules(_stand_ins()),
            _on_path(folder),
        ):
            warnings.simplefilter("ignore")  # they tell of its code, which we shall not change
            return importlib.import_module("vima_bench")
    finally:
        if "vima_bench" not in sys.modules:  # half of it would be in the way of the next try
            for name in [n for n in sys.modules if n.startswith("vima_bench.")]:
                del sys.modules[name]


def _import_packages() -> None:
    """All at once, so that one message tells of all that is missing."""
    missing = []
    for name, package in PACKAGES.items():
        try:
            with quiet_stdout():  # pybullet tells when it was built
                importlib.import_module(name)
        except ModuleNotFoundError:
            missing.append(package)
    if missing:
        remedy = f"Install them: {EXTRA}, or pip install {' '.join(missing)}"
        if "pybullet" in missing and sys.version_info >= (3, 12):
            remedy += (
                ". There are wheels of pybullet up to Python 3.11: uio2/Remote-v0 plays in another "
                "interpreter, python=/path/to/python3.11"
            )
        raise MissingDependency(", ".join(missing), NEEDED_FOR, remedy)


def _stand_ins() -> dict[str, ModuleType]:
    """What is found under names that the benchmark imports.

    gymnasium is gym. Of torch and kornia only functions make use that no environment calls; a torch
    that is loaded is handed on, one that is not would cost seconds and memory. And Python 3.13
    refuses what the benchmark does with the result of `importlib_resources.files`.
    """
    found = {
        "gym" + name.removeprefix("gymnasium"): module
        for name, module in list(sys.modules.items())
        if name == "gymnasium" or name.startswith("gymnasium.")
    }
    found["importlib_resources"] = _module("importlib_resources", files=_files)
    if "torch" not in sys.modules:
        nn = _module("torch.nn", Module=type("Module", (), {}))
        tensor = type("Tensor", (), {})
        found["torch.nn"] = nn
        found["torch"] = _module(
            "torch", Tensor=tensor, tensor=tensor, is_tensor=lambda x: False, nn=nn
        )
    if "kornia" not in sys.modules:
        found["kornia"] = _module("kornia")
    assert found["gym"] is gymnasium
    return found


def _files(package: str) -> contextlib.AbstractContextManager[Any]:
    return contextlib.nullcontext(importlib.resources.files(package))


def _module(name: str, **members: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(members)
    return module


@contextlib.contextmanager
def _modules(stand_ins: Mapping[str, ModuleType]) -> Iterator[None]:
    """Under these names for a moment; whatever had them, or nothing, is there again afterwards."""
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


@contextlib.contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    """The benchmark imports nothing later, so its other folders need not be found by anybody."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
