"""A checkout is found, imported as it is, and the world around it is as before."""

import sys
from types import ModuleType

import pytest

from uio2_agent.envs.vima_bench import checkout
from uio2_agent.envs.vima_bench.checkout import VARIABLE, find, load
from uio2_agent.errors import BadSetting, MissingDependency

pytestmark = pytest.mark.usefixtures("without_vima_bench")

SOURCE = """
import gym, kornia, torch, torch.nn
import importlib_resources
from gym.spaces import Box
from . import tasks
print("[INFO] noise")
with importlib_resources.files("vima_bench.tasks") as folder:
    FOLDER = str(folder)
Wrapper, Module, Tensor, torch_module = gym.Wrapper, torch.nn.Module, torch.Tensor, torch
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A checkout that imports what the benchmark does."""
    monkeypatch.setattr(checkout, "PACKAGES", {"json": "json"})
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    package = tmp_path / "vima_bench"
    (package / "tasks" / "assets" / "ur5").mkdir(parents=True)
    (package / "tasks" / "assets" / "ur5" / "ur5.urdf").write_text("<robot/>")
    (package / "tasks" / "__init__.py").write_text("")
    (package / "__init__.py").write_text(SOURCE)
    return tmp_path


def test_without_one_every_step_to_get_it_is_told():
    with pytest.raises(MissingDependency) as told:
        load()
    for step in (
        "git clone https://github.com/vimalabs/VIMABench",
        f"export {VARIABLE}=",
        "[vima]",
    ):
        assert step in str(told.value)


@pytest.mark.parametrize("how", ["argument", "variable", "installed"])
def test_it_is_found_by_argument_by_variable_or_installed(folder, how, monkeypatch):
    if how == "variable":
        monkeypatch.setenv(VARIABLE, str(folder))
    if how == "installed":
        monkeypatch.syspath_prepend(str(folder))
    named = folder if how == "argument" else None
    assert find(named) == folder
    assert load(named).FOLDER.startswith(str(folder))


def test_a_folder_that_is_none_is_named(tmp_path, monkeypatch):
    with pytest.raises(BadSetting, match="checkout is .*ur5.urdf"):
        find(tmp_path)
    monkeypatch.setenv(VARIABLE, "/nowhere")
    with pytest.raises(BadSetting, match=f"{VARIABLE} is /nowhere"):
        find()


def test_an_install_that_left_the_assets_out_is_told_of(folder, monkeypatch):
    (folder / "vima_bench/tasks/assets/ur5/ur5.urdf").unlink()
    monkeypatch.syspath_prepend(str(folder))
    with pytest.raises(MissingDependency, match="without its assets"):
        load()


def test_all_missing_packages_are_told_at_once(folder, monkeypatch):
    packages = {"json": "json", "no_such_one": "package-one", "no_such_two": "package-two"}
    monkeypatch.setattr(checkout, "PACKAGES", packages)
    with pytest.raises(MissingDependency, match="pip install package-one package-two"):
        load(folder)


def test_what_stood_in_is_gone_afterwards_and_nothing_was_printed(folder, capfd):
    before, path = set(sys.modules), list(sys.path)
    module = load(folder)
    assert set(sys.modules) - before == {"vima_bench", "vima_bench.tasks"}
    assert sys.path == path
    assert capfd.readouterr().out == ""
    assert load(folder) is module and load() is module


def test_gymnasium_stands_in_for_gym_even_beside_a_real_one(folder, monkeypatch):
    import gymnasium

    real = ModuleType("gym")
    monkeypatch.setitem(sys.modules, "gym", real)
    assert load(folder).Wrapper is gymnasium.Wrapper
    assert sys.modules["gym"] is real


def test_a_loaded_torch_is_handed_on_and_stays(folder, monkeypatch):
    torch, nn = ModuleType("torch"), ModuleType("torch.nn")
    vars(torch).update(Tensor=int, nn=nn)
    vars(nn).update(Module=float)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch.nn", nn)
    assert load(folder).torch_module is torch
    assert sys.modules["torch"] is torch and sys.modules["torch.nn"] is nn


def test_a_broken_import_leaves_no_half_behind(folder):
    source = folder / "vima_bench" / "__init__.py"
    source.write_text(SOURCE + "raise RuntimeError('broken')")
    with pytest.raises(RuntimeError, match="broken"):
        load(folder)
    assert not [name for name in sys.modules if name.startswith("vima_bench")]
    source.write_text(SOURCE + "# mended")
    assert load(folder).Module


def test_another_checkout_needs_another_process(folder, tmp_path_factory):
    load(folder)
    other = tmp_path_factory.mktemp("other")
    (other / "vima_bench").symlink_to(folder / "vima_bench")
    with pytest.raises(BadSetting, match="another process"):
        load(other)
