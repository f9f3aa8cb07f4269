"""A GPU that would end the process ends a child instead."""

import pytest

from uio2_agent.envs.pointnav.habitat import gpu_probe
from uio2_agent.envs.pointnav.habitat.gpu_probe import choose_gpu, why_not
from uio2_agent.errors import BadSetting

# As habitat-sim's on a machine where only -1 works: gone without an exception. 1 starts and does
# not draw. The end of an interpreter that had it is not a good one.
DEADLY = """
import atexit, os
from types import SimpleNamespace as Anything
atexit.register(os._exit, 139)
class SimulatorConfiguration(Anything):
    navmesh_settings = None
SensorType, errors = Anything(DEPTH=1), Anything(GreedyFollowerError=ValueError)
CameraSensorSpec = AgentConfiguration = SensorSubType = ShortestPath = Anything
ActionSpec = ActuationSpec = AgentState = MultiGoalShortestPath = NavMeshSettings = Anything
Configuration = lambda settings, agents: settings
class Simulator:
    def __init__(self, settings):
        self.gpu = settings.gpu_device_id
        if self.gpu not in (-1, 1):
            print("unable to find EGL device for CUDA device", self.gpu, flush=True)
            os._exit(1)
    def get_sensor_observations(self):
        if self.gpu == 1:
            os._exit(1)
    def close(self):
        pass
"""


@pytest.fixture
def deadly(tmp_path, monkeypatch):
    (tmp_path / "habitat_sim.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(str(tmp_path))
    why_not.cache_clear()
    yield
    why_not.cache_clear()


def test_auto_falls_back_and_a_named_gpu_is_refused(deadly):
    assert choose_gpu() == -1
    with pytest.raises(BadSetting) as told:
        choose_gpu(0)  # asked already: no further child
    for word in ("exit code 1", "EGL device for CUDA device 0", "headless"):
        assert word in str(told.value)
    assert why_not.cache_info().misses == 2
    with pytest.raises(BadSetting, match="exit code 1: without a word"):
        choose_gpu(1)


def test_auto_takes_the_first_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(gpu_probe, "why_not", lambda gpu: None)
    assert choose_gpu() == 0
    assert choose_gpu(3) == 3


def test_nothing_to_draw_on_is_told(monkeypatch):
    monkeypatch.setattr(gpu_probe, "why_not", lambda gpu: f"no libEGL for {gpu}")
    with pytest.raises(BadSetting, match="no libEGL for -1.*Mesa"):
        choose_gpu()


@pytest.mark.parametrize("wanted", ["0", -2, True, 1.0, None])
def test_what_is_no_gpu_is_refused(wanted):
    with pytest.raises(BadSetting, match="gpu_device_id"):
        choose_gpu(wanted)


def test_a_child_that_hangs_is_ended(deadly, monkeypatch):
    monkeypatch.setattr(gpu_probe, "TIMEOUT_S", 0.01)
    assert "no answer" in str(why_not(7))
