"""OpenGL that does not start is told in the words of who can help; no process ends or hangs.

The packages moderngl and glcontext are stand-ins here, as they fail on other machines.
"""

import os
import sys
from types import ModuleType

import pytest

from uio2_agent.envs.pointnav import gl_context
from uio2_agent.envs.pointnav.gl_context import check_process, load_moderngl, open_context
from uio2_agent.errors import BadSetting, MissingDependency, SimulatorBusy


class Error(Exception):
    """As moderngl's."""


@pytest.fixture
def failing(monkeypatch):
    """Called with what creating a context raises."""

    def install(problem):
        def create_context(**kwargs):
            raise problem

        stand_in = ModuleType("moderngl")
        vars(stand_in).update(create_context=create_context, Error=Error)
        monkeypatch.setitem(sys.modules, "moderngl", stand_in)
        monkeypatch.setitem(sys.modules, "glcontext", ModuleType("glcontext"))
        monkeypatch.setattr(gl_context, "_started_in", None)

    return install


@pytest.mark.parametrize("package", ["moderngl", "glcontext"])
def test_a_missing_package_comes_with_the_command_that_installs_it(monkeypatch, package):
    monkeypatch.setitem(sys.modules, "glcontext", ModuleType("glcontext"))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency, match=r'pip install "uio2-agent\[gl\]"'):
        load_moderngl()


def test_a_missing_library_comes_with_the_system_packages_that_have_it(failing):
    failing(Exception("libEGL.so.1 not loaded"))
    with pytest.raises(MissingDependency, match="'libEGL.so.1'.*libegl1.*rasteriser"):
        open_context()


def test_a_device_that_is_not_there_is_refused_with_the_number_there_are(failing):
    failing(Exception("requested device index 3, but found 2 devices"))
    with pytest.raises(BadSetting, match="gl_device is 3.*found 2 devices"):
        open_context(3)


@pytest.mark.parametrize(
    "problem",
    [
        Exception("requested device index 0, but found 0 devices"),
        Exception("eglInitialize failed (0x3001)"),
        ValueError("Requested OpenGL version 330, got version 210"),
        Error("cannot create context"),
    ],
)
def test_a_machine_that_cannot_draw_is_told_what_it_lacks(failing, problem):
    failing(problem)
    with pytest.raises(BadSetting, match="libgl1-mesa-dri") as caught:
        open_context()
    assert str(problem) in str(caught.value) and caught.value.__cause__ is problem


def test_what_is_a_fault_of_ours_is_not_explained_away(failing):
    failing(TypeError("unexpected keyword"))
    with pytest.raises(TypeError, match="unexpected keyword"):
        open_context()


@pytest.mark.parametrize("device", [-1, 0.0, "0", None, True])
def test_what_is_no_index_never_reaches_the_driver(device):
    with pytest.raises(BadSetting, match="gl_device"):
        open_context(device)


def test_a_fork_of_a_process_that_drew_is_refused_rather_than_left_hanging(failing, monkeypatch):
    failing(AssertionError("it got as far as the driver"))
    monkeypatch.setattr(gl_context, "_started_in", os.getpid() + 1)
    for call in (check_process, open_context):
        with pytest.raises(SimulatorBusy, match="spawn"):
            call()
