"""The environment in this interpreter, or in the one that conda made for habitat-sim."""

import re
import subprocess
from pathlib import Path
from typing import Any

import gymnasium as gym

import uio2_agent.envs  # noqa: F401  registers the ids
from uio2_agent.envs.pointnav.habitat.importing import NEEDED_FOR
from uio2_agent.errors import BadSetting, MissingDependency

ENV_ID = "uio2/HabitatPointNav-v0"
OLDEST = (3, 10)
# What the environment imports there, and how it is called where it is installed from.
NEEDS = {
    "gymnasium": "gymnasium",
    "numpy": "numpy",
    "PIL": "pillow",
    "zmq": "pyzmq",
    "msgpack": "msgpack",
}

_QUESTION = f"""
import importlib.util, sys
print(*sys.version_info[:2])
print(*[name for name in {list(NEEDS)} if importlib.util.find_spec(name) is None])
"""
_ANSWER = re.compile(r"(\d+) (\d+)\n(.*)\n")
_ANSWER_S = 60.0
_TAIL = 300  # characters of what is no interpreter


def make(
    python: str | None = None,
    timeout_s: float = 120.0,
    start_timeout_s: float = 300.0,
    render_mode: str | None = None,
    **kwargs: Any,
) -> gym.Env:
    """`gym.make("uio2/HabitatPointNav-v0", …)`, where habitat-sim is.

    The other interpreter is of Python 3.10 or later; it needs gymnasium, numpy, pillow, pyzmq and
    msgpack beside habitat-sim, and no torch, no numba, no PyBullet.

    Args:
        python: Another interpreter, e.g. `~/miniconda3/envs/habitat/bin/python`; None is this one.
        timeout_s: Longest wait for an answer of the other one; a navmesh of a large scene takes
            its time to compute.
        start_timeout_s: Longest wait for it to start.
        render_mode: None or "rgb_array".
        kwargs: Of `HabitatPointNav`.

    Raises:
        MissingDependency: That interpreter lacks habitat-sim or what else is needed there.
        BadSetting: No such interpreter, or too old a one.
    """
    if python is None:
        return gym.make(ENV_ID, disable_env_checker=True, render_mode=render_mode, **kwargs)
    python = str(Path(python).expanduser())
    _check(python)
    return gym.make(
        "uio2/Remote-v0",
        disable_env_checker=True,
        env_id=ENV_ID,
        env_kwargs=kwargs,
        python=python,
        timeout_s=timeout_s,
        start_timeout_s=start_timeout_s,
        render_mode=render_mode,
    )


def _check(python: str) -> None:
    """Whether the environment can be imported there; of habitat-sim it tells by itself."""
    oldest = ".".join(map(str, OLDEST))
    try:
        asked = subprocess.run(
            [python, "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_S,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        want = f"the path of a Python interpreter, {oldest} or later ({problem})"
        raise BadSetting("python", python, want) from problem
    told = _ANSWER.fullmatch(asked.stdout)
    if asked.returncode or told is None:
        said = " ".join((asked.stdout + asked.stderr).split())[-_TAIL:] or "nothing"
        want = f"the path of a Python interpreter, {oldest} or later; this one said: {said}"
        raise BadSetting("python", python, want)
    if (int(told[1]), int(told[2])) < OLDEST:
        want = f"Python {oldest} or later, as habitat-sim's packages are since 0.3.4"
        raise BadSetting("python", f"{python}, Python {told[1]}.{told[2]}", want)
    missing = told[3].split()
    if missing:
        packages = " ".join(NEEDS[name] for name in missing)
        remedy = f"{python} lacks {packages}: {python} -m pip install {packages}"
        raise MissingDependency(NEEDS[missing[0]], NEEDED_FOR, remedy)
