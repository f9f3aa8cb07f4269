"""What a user may say when making an environment of PointNav, said once for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import wraps
from inspect import Parameter, getdoc, signature
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, get_args

from numpy.typing import NDArray

from uio2_agent.envs.pointnav.datasets import find_scene, split_file, with_scenes
from uio2_agent.envs.pointnav.episode_files import ALL_SCENES, RAISE, SKIP, load_episodes
from uio2_agent.envs.pointnav.episode_sources import (
    ApartmentEpisodes,
    EpisodeSource,
    GeneratedEpisodes,
    ListedEpisodes,
    playable,
)
from uio2_agent.envs.pointnav.noise import read_distortion
from uio2_agent.envs.pointnav.simulator import Simulator
from uio2_agent.envs.pointnav.task import Task, named_task
from uio2_agent.errors import BadEpisode, BadSetting, UnknownName

Names = str | Path | Sequence[str | Path]

# Settings -> what they may be, and how that is said.
_KINDS: tuple[tuple[tuple[str, ...], Any, str], ...] = (
    (("scene",), str | Path | Sequence | None, "the path of a .glb or .gltf file, or several"),
    (("episodes",), str | Path | None, "the path of a split's main file"),
    (("scenes_dir",), str | Path | None, "the path of a folder"),
    (("split",), str | None, "the name of a split"),
    (("size",), int | Sequence | None, "[height, width] in whole pixels"),
    (("sensors",), Sequence | None, "a list of names"),
    (("content_scenes",), Sequence, "a list of names"),
    (("noise",), bool | None, "true or false"),
    (("oracle",), bool, "true or false"),
)

P = ParamSpec("P")
S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class NavigationSettings:
    """What can be asked of every environment of PointNav, whatever simulates it.

    With none of `scene`, `episodes` and `dataset`, every seed is a new furnished flat and an
    episode in it.

    Attributes:
        scene: Scene's file, or several that take turns: new episodes there. Looked up in
            `scenes_dir`, too.
        episodes: Main file of a split (`…/val/val.json.gz`); seed n means its n-th episode, and
            evaluation seeds count from `FIRST_EVALUATION_SEED`.
        dataset: Or a dataset below `data/datasets/pointnav` (`datasets.DATASETS`): "gibson/v1", or
            "flats/v1" as `uio2 scenes` writes it.
        split: Of `dataset`, such as "train". Default: "val".
        apartment: Size of new flats: "small", "medium" or "large".
        scenes_dir: Where scene ids lead to; `data/scene_datasets/` is stripped. Default: the
            folder `data/scene_datasets` here.
        content_scenes: Only the file's episodes in these scenes; "*" is all.
        on_bad_episode: "raise", or "skip": bad ones are named in the log and left out. This looks
            into every scene before the first episode.
        task: "v1" or "v2".
        size: Height and width in pixels, or one number for both, instead of the task's.
        sensors: What is observed (`task.SENSORS`), instead of the task's. Without "rgb" and
            "depth" nothing is drawn.
        noise: Whether cameras and wheels err, instead of the task's.
        depth_distortion: Of the noisy depth camera, a file or an array (`noise.read_distortion`).
            Default: none; that of the challenges is habitat-sim's and not shipped.
        max_steps: Instead of the task's.
        oracle: Tell the greedy follower's action in the info.
        render_mode: None or "rgb_array".
    """

    scene: Names | None = None
    episodes: str | Path | None = None
    dataset: str | None = None
    split: str | None = None
    apartment: str = "medium"
    scenes_dir: str | Path | None = None
    content_scenes: Sequence[str] = ALL_SCENES
    on_bad_episode: str = RAISE
    task: str = "v1"
    size: int | Sequence[int] | None = None
    sensors: Sequence[str] | None = None
    noise: bool | None = None
    depth_distortion: str | Path | NDArray | None = field(default=None, compare=False)
    max_steps: int | None = None
    oracle: bool = False
    render_mode: str | None = None

    def __post_init__(self) -> None:
        for names, kinds, want in _KINDS:
            for name in names:
                value = getattr(self, name)
                if not isinstance(value, kinds):
                    raise BadSetting(name, repr(value), want)
                if isinstance(value, str) and str not in get_args(kinds):  # is a Sequence, too
                    raise BadSetting(name, repr(value), want)
        if isinstance(self.scene, str) and not self.scene:
            raise BadSetting("scene", "empty", "the path of a .glb or .gltf file, or none")

    def chosen_task(self) -> Task:
        """The named task with what was asked for instead.

        Raises:
            BadInput, UnknownName: No such task, or a change that cannot be.
        """
        table, size = self.depth_distortion, self.size
        size = (size, size) if isinstance(size, int) else size
        return named_task(
            self.task,
            size=None if size is None else tuple(size),
            sensors=None if self.sensors is None else tuple(self.sensors),
            noise=self.noise,
            depth_distortion=None if table is None else read_distortion(table),
            max_steps=self.max_steps,
        )

    def episode_source(self, simulator: Simulator) -> EpisodeSource:
        """What seeds mean; the simulator looks into scenes if bad episodes are to be skipped.

        Raises:
            BadEpisode, BadScene: A file that cannot be used, or is not there.
            BadSetting: More than one of `scene`, `episodes` and `dataset`, or `split` without
                `dataset`.
            UnknownName: A name among the settings that nobody knows.
        """
        named = {"scene": self.scene, "episodes": self.episodes, "dataset": self.dataset}
        given = [name for name, value in named.items() if value is not None]
        if len(given) > 1:
            want = f"None beside {given[0]}; episodes and datasets name their scenes"
            raise BadSetting(given[1], named[given[1]], want)
        if self.split is not None and self.dataset is None:
            raise BadSetting("split", self.split, "None without dataset, which it is a part of")
        if self.scene is not None:
            paths = [self.scene] if isinstance(self.scene, (str, Path)) else self.scene
            return GeneratedEpisodes([find_scene(path, self.scenes_dir) for path in paths])
        if not given:
            return ApartmentEpisodes(self.apartment)
        path = self.episodes
        if path is None:
            path = split_file(str(self.dataset), "val" if self.split is None else self.split)
        found = load_episodes(path, None, self.content_scenes, self.on_bad_episode)
        found = with_scenes(found, self.scenes_dir, self.on_bad_episode)
        if self.on_bad_episode == SKIP:
            found = playable(found, simulator)
            if not found:
                remedy = "Give episodes of scenes you have; the log says what is wrong with these"
                raise BadEpisode(str(path), "holds no episode that can be played", remedy)
        return ListedEpisodes(found)


def keywords_of(
    kind: Callable[P, S],
) -> Callable[[Callable[[Any, S], None]], Callable[Concatenate[Any, P], None]]:
    """Let an `__init__` that takes one settings object be called with that one's keywords.

    `gym.make` hands over keywords; `help`, `inspect.signature` and type checkers see them all.

    Args:
        kind: A dataclass; its bases tell their part of the documentation.
    """

    def decorated(init: Callable[[Any, S], None]) -> Callable[Concatenate[Any, P], None]:
        shown = signature(kind)

        @wraps(init)
        def taking_keywords(self: Any, *args: P.args, **kwargs: P.kwargs) -> None:
            for name in kwargs:
                if name not in shown.parameters:
                    raise UnknownName(f"argument of {type(self).__name__}", name, shown.parameters)
            init(self, kind(*args, **kwargs))

        me = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
        whole = shown.replace(parameters=[me, *shown.parameters.values()], return_annotation=None)
        taking_keywords.__signature__ = whole  # type: ignore[attr-defined]
        told = [getdoc(base) or "" for base in getattr(kind, "__mro__", ()) if is_dataclass(base)]
        taking_keywords.__doc__ = "\n\n".join(told)
        return taking_keywords

    return decorated
