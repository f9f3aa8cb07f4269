"""PointNav in the embedded simulator as a Gymnasium environment."""

from dataclasses import dataclass

from uio2_agent.envs.pointnav.embedded import EmbeddedSimulator
from uio2_agent.envs.pointnav.episode_sources import EpisodeSource
from uio2_agent.envs.pointnav.navigation import Navigation
from uio2_agent.envs.pointnav.settings import NavigationSettings, keywords_of
from uio2_agent.envs.pointnav.task import Task


@dataclass(frozen=True, kw_only=True)
class PointNavSettings(NavigationSettings):
    """What the embedded simulator can be asked for, beside what all can.

    Attributes:
        texture_filter: "mipmap", or "nearest", which is faster.
        renderer: "rasteriser", or "gl": OpenGL without a window, for GPUs and big scans.
        gl_device: Which of EGL's devices draws, from 0; their order knows nothing of
            CUDA_VISIBLE_DEVICES.
    """

    texture_filter: str = "mipmap"
    renderer: str = "rasteriser"
    gl_device: int = 0

    def world(self) -> tuple[EmbeddedSimulator, Task, EpisodeSource]:
        """What a `Navigation` is made of. Raises as `PointNav`."""
        task = self.chosen_task()
        simulator = EmbeddedSimulator(task, self.texture_filter, self.renderer, self.gl_device)
        return simulator, task, self.episode_source(simulator)


class PointNav(Navigation):
    """New episodes in flats or scenes, or those of a file; `Navigation` says what is seen and told.

    Without a navmesh beside a scene, made for the task's body, one is baked and kept in memory.
    Without cameras among the sensors, steps take microseconds.

    Args:
        settings: By keyword: `PointNav(scene="flat.glb", task="v2")`; see `PointNavSettings` and
            `NavigationSettings`.

    Raises:
        BadEpisode, BadScene: A file, or an episode in it, that cannot be used, or is not there.
        BadSetting, UnknownName: An argument that cannot be.
        MissingDependency: `renderer="gl"` without moderngl; without EGL at the first picture.
    """

    @keywords_of(PointNavSettings)
    def __init__(self, settings: PointNavSettings) -> None:
        super().__init__(*settings.world(), settings.oracle, settings.render_mode)
