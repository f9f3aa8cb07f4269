"""Which GPU habitat-sim can draw on, found out in a child: the wrong one ends the process.

There is no exception then; the process is gone with exit code 1 (habitat_pointnav.md §2).
"""

import functools
import subprocess
import sys

from uio2_agent.envs.pointnav.habitat.importing import load
from uio2_agent.errors import BadSetting

AUTO = "auto"
FIRST_GPU, ANY = 0, -1  # -1 takes whatever EGL offers, also Mesa without a GPU
TIMEOUT_S = 120.0

# It leaves at once: what may go wrong at the end of an interpreter is not what is asked.
_CHILD = """
import os, sys
sys.path[:] = {path!r}
from {module} import draw_nothing
draw_nothing({gpu})
os._exit(0)
"""
_TAIL = 400  # characters of what a dead child said


def choose_gpu(wanted: int | str = AUTO) -> int:
    """A `gpu_device_id` with which a renderer comes up on this machine.

    Args:
        wanted: An index, -1 for whatever EGL offers, or "auto": the first NVIDIA GPU, else -1.

    Raises:
        BadSetting: No such thing, or drawing there would end the process; says what to do.
    """
    if wanted != AUTO and (isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < ANY):
        raise BadSetting("gpu_device_id", repr(wanted), f'an index, {ANY}, or "{AUTO}"')
    said = ""
    for gpu in (FIRST_GPU, ANY) if wanted == AUTO else (int(wanted),):
        problem = why_not(gpu)
        if problem is None:
            return gpu
        said = problem
    remedy = (
        f"one that EGL can draw on ({AUTO!r} looks for it). habitat-sim would end this process: "
        f"{said}. Without a GPU it needs Mesa (conda: -c conda-forge mesalib, apt: libegl1 "
        "libgl1-mesa-dri) and the headless build; without rgb and depth among the sensors it "
        "needs neither"
    )
    raise BadSetting("gpu_device_id", repr(wanted), remedy)


@functools.cache
def why_not(gpu: int) -> str | None:
    """None if a child of this interpreter could draw there, else how it ended. Asked once."""
    code = _CHILD.format(path=sys.path, module=__name__, gpu=gpu)
    try:
        child = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return f"a trial with {gpu} gave no answer within {TIMEOUT_S:g} s"
    if child.returncode == 0:
        return None
    said = " ".join(child.stdout.split())[-_TAIL:]
    return f"a trial with {gpu} ended with exit code {child.returncode}: {said or 'without a word'}"


def draw_nothing(gpu: int) -> None:
    """Start a renderer in an empty scene and draw; depth only, since textures take seconds."""
    habitat_sim = load()
    settings = habitat_sim.SimulatorConfiguration()
    settings.scene_id = "NONE"
    settings.gpu_device_id = gpu
    camera = habitat_sim.CameraSensorSpec()
    camera.uuid = "depth"
    camera.sensor_type = habitat_sim.SensorType.DEPTH
    camera.resolution = [8, 8]
    agent = habitat_sim.AgentConfiguration(sensor_specifications=[camera])
    simulator = habitat_sim.Simulator(habitat_sim.Configuration(settings, [agent]))
    simulator.get_sensor_observations()
    simulator.close()
