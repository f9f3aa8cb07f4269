"""PointNav in the real habitat-sim as a Gymnasium environment."""

from collections.abc import Sequence
from pathlib import Path

from uio2_agent.envs.pointnav.episode_files import ALL_SCENES, RAISE, SKIP, load_episodes
from uio2_agent.envs.pointnav.episode_sources import (
    ApartmentEpisodes,
    EpisodeSource,
    GeneratedEpisodes,
    ListedEpisodes,
    playable,
)
from uio2_agent.envs.pointnav.habitat.datasets import find_scene, split_file, with_scenes
from uio2_agent.envs.pointnav.habitat.gpu_probe import AUTO
from uio2_agent.envs.pointnav.habitat.simulator import COMPUTE, HabitatSimulator
from uio2_agent.envs.pointnav.navigation import Navigation
from uio2_agent.envs.pointnav.task import DEPTH, RGB, named_task
from uio2_agent.errors import BadSetting

Names = str | Path | Sequence[str | Path]


class HabitatPointNav(Navigation):
    """`uio2/PointNav-v0`, simulated by habitat-sim; `Navigation` says what is seen and told.

    Scenes may have Basis and KTX2 textures here. Colours and depth only: semantic sensors are out
    of scope. One environment with cameras per process can be live; use subprocesses for more.

    Args:
        scene: Scene's file, or several that take turns: new episodes there. Looked up as it is
            and in `scenes_dir`. With neither `scene` nor episodes every seed is a new flat, the
            one of `uio2/PointNav-v0`.
        episodes: Main file of a split (`…/val/val.json.gz`); seed n means its n-th episode, and
            evaluation seeds count from `FIRST_EVALUATION_SEED`.
        dataset: Or a standard dataset below `data/datasets/pointnav` (`datasets.DATASETS`), such
            as "gibson/v1".
        split: Of `dataset`.
        apartment: Size of new flats: "small", "medium" or "large".
        scenes_dir: Where scene ids lead to; `data/scene_datasets/` is stripped. Default: the
            folder `data/scene_datasets` here.
        content_scenes: Only the file's episodes in these scenes; "*" is all.
        on_bad_episode: "raise", or "skip": bad ones are named in the log and left out. This looks
            into every scene before the first episode.
        task: "v1" or "v2".
        size: Height and width in pixels, or one number for both, instead of the task's.
        sensors: What is observed (`task.SENSORS`), instead of the task's. Without "rgb" and
            "depth" there is no renderer.
        noise: Whether cameras and wheels err, instead of the task's. The noise is ours.
        max_steps: Instead of the task's.
        navmesh: "compute" or "beside"; see `HabitatSimulator`.
        gpu_device_id: Index, -1 for whatever EGL offers, or "auto".
        scene_dataset: A `.scene_dataset_config.json`, if scenes need one.
        oracle: Tell the greedy follower's action in the info.
        render_mode: None or "rgb_array", which needs both cameras.

    Raises:
        MissingDependency: habitat-sim is not there; says how to get it.
        SimulatorBusy: A second live environment with cameras in this process.
        BadScene, BadEpisode: A file, or an episode in it, that cannot be used, or is not there.
        BadSetting, UnknownName: An argument that cannot be.
    """

    def __init__(
        self,
        scene: Names | None = None,
        episodes: str | Path | None = None,
        dataset: str | None = None,
        split: str = "val",
        apartment: str = "medium",
        scenes_dir: str | Path | None = None,
        content_scenes: Sequence[str] = ALL_SCENES,
        on_bad_episode: str = RAISE,
        task: str = "v1",
        size: int | Sequence[int] | None = None,
        sensors: Sequence[str] | None = None,
        noise: bool | None = None,
        max_steps: int | None = None,
        navmesh: str = COMPUTE,
        gpu_device_id: int | str = AUTO,
        scene_dataset: str | Path | None = None,
        oracle: bool = False,
        render_mode: str | None = None,
    ) -> None:
        if isinstance(size, int):
            size = (size, size)
        settings = named_task(
            task,
            size=None if size is None else tuple(size),
            sensors=None if sensors is None else tuple(sensors),
            noise=noise,
            max_steps=max_steps,
        )
        seen = (RGB, DEPTH) if render_mode else settings.sensors
        cameras = [name for name in (RGB, DEPTH) if name in seen]
        named = {"scene": scene, "episodes": episodes, "dataset": dataset}
        given = [name for name, value in named.items() if value is not None]
        if len(given) > 1:
            want = f"None beside {given[0]}; episodes and datasets name their scenes"
            raise BadSetting(given[1], named[given[1]], want)
        source: EpisodeSource = ApartmentEpisodes(apartment)
        if scene is not None:
            paths = [scene] if isinstance(scene, (str, Path)) else scene
            source = GeneratedEpisodes([find_scene(path, scenes_dir) for path in paths])
        if dataset is not None:
            episodes = split_file(dataset, split)
        if episodes is not None:
            found = load_episodes(episodes, None, content_scenes, on_bad_episode)
            source = ListedEpisodes(with_scenes(found, scenes_dir, on_bad_episode))
        simulator = HabitatSimulator(settings, cameras, navmesh, gpu_device_id, scene_dataset)
        try:
            if on_bad_episode == SKIP and isinstance(source, ListedEpisodes):
                source = ListedEpisodes(playable(source.episodes, simulator))
            super().__init__(simulator, settings, source, oracle, render_mode)
        except BaseException:  # else a renderer stays behind, and the next one is refused
            simulator.close()
            raise
