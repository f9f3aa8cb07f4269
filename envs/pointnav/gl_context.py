"""A private OpenGL context without a window, by EGL: on a GPU, or in software by Mesa.

Made where it draws: EGL does not survive a fork, so workers are spawned, or make their first
renderer after they were forked.
"""

import os
from typing import Any

from uio2_agent.errors import BadSetting, MissingDependency, SimulatorBusy

NEEDED_FOR = 'renderer="gl"'
INSTALL = 'Install it: pip install "uio2-agent[gl]"'
LIBRARIES = (
    "Install OpenGL and EGL (apt: libgl1 libegl1, without a GPU also libgl1-mesa-dri; conda: "
    '-c conda-forge mesalib), or take renderer="rasteriser", which needs neither'
)
_VERSION = 330
# By their own names, as only development packages add names without a number.
_LIBGL, _LIBEGL = "libGL.so.1", "libEGL.so.1"

_started_in: int | None = None  # the process in which EGL was first used


def load_moderngl() -> Any:
    """The package moderngl; EGL is not touched yet.

    Raises:
        MissingDependency: It is not installed.
    """
    try:
        import glcontext  # noqa: F401 - moderngl asks for it only when a context is made
        import moderngl
    except ImportError as problem:
        raise MissingDependency("moderngl", NEEDED_FOR, INSTALL) from problem
    return moderngl


def open_context(device: int = 0) -> Any:
    """A new `moderngl.Context`, OpenGL 3.3 core, that is current nowhere: use it in `with`.

    Args:
        device: Which of EGL's devices, from 0. Their order is the driver's and knows nothing of
            CUDA_VISIBLE_DEVICES; GLCONTEXT_DEVICE_INDEX in the environment has the last word.

    Raises:
        MissingDependency: moderngl, libGL or libEGL are not there.
        BadSetting: No such device, or none that can draw.
        SimulatorBusy: EGL was used before this process was forked; drawing here would hang.
    """
    global _started_in
    check_device(device)
    moderngl = load_moderngl()
    check_process()
    _started_in = os.getpid()
    try:
        context = moderngl.create_context(
            require=_VERSION,
            standalone=True,
            backend="egl",
            libgl=_LIBGL,
            libegl=_LIBEGL,
            device_index=device,
        )
    except Exception as problem:
        # glcontext raises bare exceptions with a sentence, moderngl its own or a ValueError where
        # the OpenGL there is too old; all else is a fault of ours.
        if type(problem) not in (Exception, ValueError, moderngl.Error):
            raise
        raise _explained(str(problem), device) from problem
    context.__exit__(None, None, None)
    return context


def check_device(device: object) -> None:
    """Raises BadSetting for what cannot be the index of a device."""
    if isinstance(device, bool) or not isinstance(device, int) or device < 0:
        raise BadSetting("gl_device", repr(device), "an index of EGL's devices, from 0")


def check_process() -> None:
    """Raises SimulatorBusy where EGL was used before a fork: Mesa's threads are not here."""
    if _started_in not in (None, os.getpid()):
        raise SimulatorBusy(
            "OpenGL",
            "it was in use in the process from which this one was forked",
            "Start workers by spawn or forkserver, or draw in them alone",
        )


def _explained(problem: str, device: int) -> Exception:
    library, _, rest = problem.partition(" ")
    if rest == "not loaded":
        return MissingDependency(library, NEEDED_FOR, LIBRARIES)
    if problem.startswith("requested device index") and not problem.endswith("found 0 devices"):
        return BadSetting("gl_device", device, f"an index of a device that is there ({problem})")
    want = f"one that can draw here; OpenGL did not start: {problem}. {LIBRARIES}"
    return BadSetting("renderer", "gl", want)
