"""A double in the place of habitat-sim, see `habitat_double`."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uio2_agent.envs.pointnav import actuation
from uio2_agent.envs.pointnav.actuation import Pose
from uio2_agent.envs.pointnav.habitat import gpu_probe
from uio2_agent.envs.pointnav.habitat import simulator as adapter

HERE = str(Path(__file__).parent)
# Of another process; a module may put another object in its place.
ELSEWHERE = f"""
import sys
sys.path.insert(0, {HERE!r})
from habitat_double import FakeHabitatSim
sys.modules[__name__] = FakeHabitatSim()
"""


@pytest.fixture
def double(monkeypatch) -> Any:
    """The class `FakeHabitatSim`."""
    monkeypatch.syspath_prepend(HERE)
    from habitat_double import FakeHabitatSim  # type: ignore[import-not-found]

    return FakeHabitatSim


@pytest.fixture
def fake(double, monkeypatch) -> Any:
    """The double where `habitat_sim` would be, on a machine without an NVIDIA GPU."""
    module = double()
    monkeypatch.setitem(sys.modules, "habitat_sim", module)
    monkeypatch.setattr(
        gpu_probe, "why_not", lambda gpu: None if gpu in module.gpus else "exit code 1"
    )
    monkeypatch.setattr(adapter, "_rendering", None)
    return module


@pytest.fixture
def elsewhere(tmp_path_factory, monkeypatch) -> None:
    """Other processes find the double under the name of habitat-sim."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "habitat_sim.py").write_text(ELSEWHERE)
    monkeypatch.setenv("PYTHONPATH", str(folder))


@pytest.fixture
def start() -> Pose:
    """In the left room, looking along -z."""
    return Pose(np.array([-3.0, 0.2, 2.0]), actuation.yaw_rotation(0.0))
