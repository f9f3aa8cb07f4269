"""PointNav in the real habitat-sim as a Gymnasium environment."""

from dataclasses import dataclass
from pathlib import Path

from uio2_agent.envs.pointnav.habitat.gpu_probe import AUTO
from uio2_agent.envs.pointnav.habitat.simulator import COMPUTE, HabitatSimulator
from uio2_agent.envs.pointnav.navigation import Navigation
from uio2_agent.envs.pointnav.settings import NavigationSettings, keywords_of
from uio2_agent.envs.pointnav.task import DEPTH, RGB


@dataclass(frozen=True, kw_only=True)
class HabitatSettings(NavigationSettings):
    """What habitat-sim can be asked for, beside what all can.

    Pictures to look at (`render_mode`) need both cameras, hence a renderer.

    Attributes:
        navmesh: "compute" or "beside"; see `HabitatSimulator`.
        gpu_device_id: Index, -1 for whatever EGL offers, or "auto".
        scene_dataset: A `.scene_dataset_config.json`, if scenes need one.
    """

    navmesh: str = COMPUTE
    gpu_device_id: int | str = AUTO
    scene_dataset: str | Path | None = None


class HabitatPointNav(Navigation):
    """`uio2/PointNav-v0`, simulated by habitat-sim; `Navigation` says what is seen and told.

    Scenes may have Basis and KTX2 textures here. Colours and depth only: semantic sensors are out
    of scope. The noise is ours. One environment with cameras per process can be live; use
    subprocesses for more.

    Args:
        settings: By keyword, as for `PointNav`; see `HabitatSettings` and `NavigationSettings`.

    Raises:
        MissingDependency: habitat-sim is not there; says how to get it.
        SimulatorBusy: A second live environment with cameras in this process.
        BadScene, BadEpisode: A file, or an episode in it, that cannot be used, or is not there.
        BadSetting, UnknownName: An argument that cannot be.
    """

    @keywords_of(HabitatSettings)
    def __init__(self, settings: HabitatSettings) -> None:
        task = settings.chosen_task()
        seen = (RGB, DEPTH) if settings.render_mode else task.sensors
        cameras = [name for name in (RGB, DEPTH) if name in seen]
        gpu, dataset = settings.gpu_device_id, settings.scene_dataset
        simulator = HabitatSimulator(task, cameras, settings.navmesh, gpu, dataset)
        try:
            source = settings.episode_source(simulator)
            super().__init__(simulator, task, source, settings.oracle, settings.render_mode)
        except BaseException:  # else a renderer stays behind, and the next one is refused
            simulator.close()
            raise
