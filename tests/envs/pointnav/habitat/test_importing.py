"""habitat-sim is found, or what to do is told."""

import os
import sys
from types import ModuleType

import pytest

from uio2_agent.envs.pointnav.habitat.importing import CONDA, load
from uio2_agent.errors import MissingDependency


def test_without_it_conda_and_another_interpreter_are_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "habitat_sim", None)
    with pytest.raises(MissingDependency) as told:
        load()
    for words in (f"{sys.executable} has none", CONDA, "uio2/Remote-v0", "env.python="):
        assert words in str(told.value)
    assert "fails" not in str(told.value)


def test_a_wheel_without_its_other_half_is_told_of(monkeypatch, tmp_path):
    (tmp_path / "habitat_sim.py").write_text("import no_such_magnum")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "habitat_sim", raising=False)
    with pytest.raises(MissingDependency, match="It fails to import: .*no_such_magnum.*"):
        load()


def test_one_that_is_too_old_is_known_by_what_it_lacks(monkeypatch):
    old = ModuleType("habitat_sim")
    vars(old).update(Simulator=object, __version__="0.3.3")
    monkeypatch.setitem(sys.modules, "habitat_sim", old)
    with pytest.raises(MissingDependency, match="lacks .*CameraSensorSpec.*update it"):
        load()


def test_one_that_cannot_be_told_of_a_navmesh_is_too_old(fake, monkeypatch):
    monkeypatch.setattr(fake, "SimulatorConfiguration", object)  # as before 0.2.5
    with pytest.raises(MissingDependency, match=r"lacks SimulatorConfiguration\.navmesh_settings:"):
        load()


def test_it_is_quiet_unless_asked_to_talk(fake, monkeypatch):
    monkeypatch.delenv("HABITAT_SIM_LOG", raising=False)
    monkeypatch.setenv("MAGNUM_LOG", "verbose")
    assert load() is fake
    assert (os.environ["HABITAT_SIM_LOG"], os.environ["MAGNUM_LOG"]) == ("quiet", "verbose")
