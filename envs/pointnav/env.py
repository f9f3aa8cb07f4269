"""PointNav in the embedded simulator as a Gymnasium environment."""

from collections.abc import Sequence
from pathlib import Path

from uio2_agent.envs.pointnav.embedded import EmbeddedSimulator
from uio2_agent.envs.pointnav.episode_files import ALL_SCENES, RAISE, SKIP, load_episodes
from uio2_agent.envs.pointnav.episode_sources import (
    ApartmentEpisodes,
    EpisodeSource,
    GeneratedEpisodes,
    ListedEpisodes,
    playable,
)
from uio2_agent.envs.pointnav.navigation import Navigation
from uio2_agent.envs.pointnav.simulator import Simulator
from uio2_agent.envs.pointnav.task import named_task
from uio2_agent.errors import BadSetting

Names = str | Path | Sequence[str | Path]

DEFAULT_SCENES = "data/scene_datasets"


class PointNav(Navigation):
    """New episodes in flats or scenes, or those of a file; `Navigation` says what is seen and told.

    With neither `scene` nor `episodes`, every seed is a new furnished flat and an episode in it.
    Without a navmesh beside a scene, made for the task's body, one is baked and kept in memory.

    Args:
        scene: `.glb` or `.gltf` file, or several that take turns: new episodes there.
        episodes: Main file of a split (`…/val/val.json.gz`); seed n means its n-th episode, and
            evaluation seeds count from `FIRST_EVALUATION_SEED`.
        apartment: Size of new flats: "small", "medium" or "large".
        scenes_dir: Where the scene ids of the file lead to; `data/scene_datasets/` is stripped.
            Default: the folder `data/scene_datasets` here.
        content_scenes: Only the file's episodes in these scenes; "*" is all.
        on_bad_episode: "raise", or "skip": bad ones are named in the log and left out. This looks
            into every scene before the first episode.
        task: "v1" or "v2".
        size: Height and width in pixels, or one number for both, instead of the task's.
        sensors: What is observed (`task.SENSORS`), instead of the task's. Without "rgb" and
            "depth" nothing is drawn, and steps take microseconds.
        noise: Whether cameras and wheels err, instead of the task's.
        max_steps: Instead of the task's.
        texture_filter: "mipmap", or "nearest", which is faster.
        oracle: Tell the greedy follower's action in the info.
        render_mode: None or "rgb_array".

    Raises:
        BadEpisode: A file, or an episode in it, that cannot be used.
        BadSetting, UnknownName: An argument that cannot be.
    """

    def __init__(
        self,
        scene: Names | None = None,
        episodes: str | Path | None = None,
        apartment: str = "medium",
        scenes_dir: str | Path | None = None,
        content_scenes: Sequence[str] = ALL_SCENES,
        on_bad_episode: str = RAISE,
        task: str = "v1",
        size: int | Sequence[int] | None = None,
        sensors: Sequence[str] | None = None,
        noise: bool | None = None,
        max_steps: int | None = None,
        texture_filter: str = "mipmap",
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
        simulator = EmbeddedSimulator(settings, texture_filter)
        source: EpisodeSource = ApartmentEpisodes(apartment)
        if scene is not None and episodes is not None:
            want = "None beside episodes, which name their scenes; choose with content_scenes"
            raise BadSetting("scene", scene, want)
        if scene is not None:
            paths = [scene] if isinstance(scene, (str, Path)) else scene
            source = GeneratedEpisodes([str(path) for path in paths])
        if episodes is not None:
            source = listed(episodes, scenes_dir, content_scenes, on_bad_episode, simulator)
        super().__init__(simulator, settings, source, oracle, render_mode)


def listed(
    episodes: str | Path,
    scenes_dir: str | Path | None,
    content_scenes: Sequence[str],
    on_bad_episode: str,
    simulator: Simulator,
) -> ListedEpisodes:
    """The episodes of a split; with `on_bad_episode="skip"` those that can be played."""
    folder = DEFAULT_SCENES if scenes_dir is None else scenes_dir
    found = load_episodes(episodes, folder, content_scenes, on_bad_episode)
    if on_bad_episode == SKIP:
        found = playable(found, simulator)
    return ListedEpisodes(found)
