"""The environment in this interpreter, or in the one that conda made for habitat-sim."""

from pathlib import Path
from typing import Any

import gymnasium as gym

import uio2_agent.envs  # noqa: F401  registers the ids

ENV_ID = "uio2/HabitatPointNav-v0"


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
        MissingDependency: habitat-sim is not in that interpreter.
        BadSetting: No such interpreter.
    """
    if python is None:
        return gym.make(ENV_ID, disable_env_checker=True, render_mode=render_mode, **kwargs)
    return gym.make(
        "uio2/Remote-v0",
        disable_env_checker=True,
        env_id=ENV_ID,
        env_kwargs=kwargs,
        python=str(Path(python).expanduser()),
        timeout_s=timeout_s,
        start_timeout_s=start_timeout_s,
        render_mode=render_mode,
    )
