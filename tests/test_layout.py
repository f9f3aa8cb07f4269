"""The house: where things lie and which way imports run."""

import ast
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("envs", "policies", "model", "launch")
ALLOWED = {  # room -> rooms it may import, besides itself and the core
    "core": set(),
    "envs": set(),
    "model": set(),
    "policies": {"model"},
    "launch": {"envs", "policies", "model"},
}
HEAVY = {"torch", "pybullet", "habitat_sim", "vima_bench"}
BANNED_NAMES = {"utils", "helpers", "common", "misc"}


def sources() -> list[Path]:
    tops = [ROOT / "uio2_agent", *(ROOT / room for room in ROOMS)]
    return [
        Path(folder) / name
        for top in tops
        for folder, _, names in os.walk(top)  # does not follow the links
        for name in names
        if name.endswith(".py")
    ]


def room_of(path: Path) -> str:
    top = path.relative_to(ROOT).parts[0]
    return "core" if top == "uio2_agent" else top


def imports(path: Path) -> list[tuple[str, bool]]:
    """Imported modules, and whether the import runs when the file itself is imported."""
    tree = ast.parse(path.read_text())
    inside = {
        n
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for n in ast.walk(outer)
    }
    guarded = {
        n
        for outer in ast.walk(tree)
        if isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.dump(outer.test)
        for n in ast.walk(outer)
    }
    found = []
    for node in ast.walk(tree):
        at_import = node not in inside and node not in guarded
        if isinstance(node, ast.Import):
            found += [(alias.name, at_import) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "", at_import))
    return found


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_listed_packages_are_those_on_disk():
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    tops = [ROOT / "uio2_agent", *(ROOT / room for room in ROOMS)]
    folders = [Path(f) for top in tops for f, _, names in os.walk(top) if "__init__.py" in names]
    on_disk = set()
    for folder in folders:
        parts = folder.relative_to(ROOT).parts
        on_disk.add(".".join(parts if parts[0] == "uio2_agent" else ("uio2_agent", *parts)))
    assert sorted(listed) == sorted(on_disk)


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_linked_into_the_package(room):
    link = ROOT / "uio2_agent" / room
    assert link.is_symlink()
    assert os.readlink(link) == f"../{room}"


def test_imports_run_downwards():
    wrong = []
    for path in sources():
        room = room_of(path)
        for module, _ in imports(path):
            parts = module.split(".")
            other = parts[1] if parts[0] == "uio2_agent" and len(parts) > 1 else None
            if other in ROOMS and other != room and other not in ALLOWED[room]:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_heavy_packages_are_imported_where_used():
    wrong = []
    for path in sources():
        for module, at_import in imports(path):
            top = module.split(".")[0]
            torch_room = top == "torch" and room_of(path) in ("model", "policies", "launch")
            if top in HEAVY and at_import and not torch_room:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_files_are_short_and_have_telling_names():
    paths = sources() + list((ROOT / "tests").rglob("*.py"))
    long = [p for p in paths if len(p.read_text().splitlines()) > 400]
    shadowing = [
        p
        for p in sources()
        if p.stem in BANNED_NAMES or (p.stem in sys.stdlib_module_names and p.stem != "__init__")
    ]
    assert not long
    assert not shadowing


def test_every_test_file_mirrors_a_source_file():
    mirrored = {
        ROOT / "tests" / p.relative_to(ROOT).parent / f"test_{p.stem.strip('_')}.py"
        for p in sources()
    }  # `__init__.py` has its tests in `test_init.py`
    tests = [p for p in (ROOT / "tests").rglob("test_*.py") if p.parent != ROOT / "tests"]
    assert not [str(p.relative_to(ROOT)) for p in tests if p not in mirrored]


@pytest.mark.parametrize("room", ROOMS)
def test_a_second_copy_of_a_room_is_refused(room, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.delitem(sys.modules, room, raising=False)
    with pytest.raises(ImportError, match=f"import this room as uio2_agent.{room}"):
        __import__(room)
