"""Episode files as habitat-lab lays them out (habitat_pointnav.md §9).

`<root>/<split>/<split>.json.gz` holds `{"episodes": […]}`; files of a folder `content` beside it,
one per scene, are added.
"""

import gzip
import json
import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from uio2_agent.envs.pointnav.episodes import PointNavEpisode, from_json, to_json
from uio2_agent.envs.pointnav.scene_names import is_apartment
from uio2_agent.errors import BadEpisode, BadSetting, UnknownName
from uio2_agent.storage import make_folder, write_whole

_LOG = logging.getLogger(__name__)

DATASET_PREFIX = "data/scene_datasets/"  # what published scene ids begin with
CONTENT_PATTERN = "{data_path}/content/{scene}.json.gz"
ALL_SCENES = ("*",)
RAISE, SKIP = ON_BAD_EPISODE = ("raise", "skip")

_WHOLE = "Give a split's main file, JSON, plain or gzipped; fetch it again if it is damaged"


def load_episodes(
    path: str | Path,
    scenes_dir: str | Path | None = None,
    content_scenes: Sequence[str] = ALL_SCENES,
    on_bad_episode: str = RAISE,
) -> list[PointNavEpisode]:
    """All episodes of a split, in the order of the files.

    Args:
        path: The split's main file, `.json.gz` or `.json`.
        scenes_dir: A leading `data/scene_datasets/` of scene ids is replaced by this folder, other
            ids but those of our flats are joined to it; they stay as they are if not given.
        content_scenes: Names of scenes (file names without endings), or "*" for all.
        on_bad_episode: "raise", or "skip" to name bad ones in the log and go on. A file that
            cannot be read at all is always an error.

    Raises:
        BadEpisode: A file that is missing or broken, an episode with an unknown key or a value
            that cannot be, or no episode at all.
        UnknownName: A scene of `content_scenes` that is not there; no such `on_bad_episode`.
    """
    path = Path(path)
    if on_bad_episode not in ON_BAD_EPISODE:
        raise UnknownName("on_bad_episode", on_bad_episode, ON_BAD_EPISODE)
    if isinstance(content_scenes, str):
        raise BadSetting("content_scenes", repr(content_scenes), "a list of names of scenes")
    if not content_scenes:
        raise BadSetting("content_scenes", "empty", 'names of scenes, or "*" for all')
    main = _read(path)
    found = list(_episodes(main, path, on_bad_episode))
    files = _content(path, main.get("content_scenes_path", CONTENT_PATTERN))
    known = {_scene_of(e.scene_id) for e in found} | {_scene_of(file.name) for file in files}
    for name in content_scenes:
        if name not in ("*", *known):
            raise UnknownName("scene of the episodes", name, known)
    found = [e for e in found if _wanted(_scene_of(e.scene_id), content_scenes)]
    for file in files:
        if _wanted(_scene_of(file.name), content_scenes):
            found += _episodes(_read(file), file, on_bad_episode)
    if not found:
        raise BadEpisode(str(path), "holds no episode", "Give the main file of another split")
    if scenes_dir is None:
        return found
    return [replace(e, scene_id=_joined(e.scene_id, Path(scenes_dir))) for e in found]


def save_episodes(
    episodes: Sequence[PointNavEpisode],
    path: str | Path,
    scenes_dir: str | Path | None = None,
    content: bool = False,
) -> None:
    """Write a split; the same episodes make the same bytes.

    Args:
        episodes: In the order to be kept.
        path: The main file; gzipped if it ends in `.gz`.
        scenes_dir: Scene ids inside this folder are written relative to it.
        content: One file per scene in the folder `content`, and an empty main file.

    Raises:
        CannotWrite: The disk is full, or the folder is not ours to write to.
    """
    path = Path(path)
    if scenes_dir is not None:
        episodes = [replace(e, scene_id=_relative(e.scene_id, Path(scenes_dir))) for e in episodes]
    make_folder(path.parent)
    if content:
        make_folder(path.parent / "content")
        groups: dict[str, list[PointNavEpisode]] = {}
        for episode in episodes:
            groups.setdefault(_scene_of(episode.scene_id), []).append(episode)
        for scene, group in groups.items():
            _write(path.parent / "content" / f"{scene}.json.gz", group)
        episodes = []
    _write(path, episodes)


def bad_episode(
    path: str | Path, episode_id: str, problem: str, remedy: str = "Correct it"
) -> BadEpisode:
    """An error that names an episode and its way out."""
    hint = f"{remedy}, or pass on_bad_episode=skip"
    return BadEpisode(f"{path}, episode {episode_id}", problem, hint)


def log_skipped(error: BadEpisode) -> None:
    _LOG.warning("skipped %s: %s", error.path, error.problem)


def _episodes(
    document: dict[str, Any], path: Path, on_bad_episode: str
) -> Iterator[PointNavEpisode]:
    for i, plain in enumerate(document["episodes"]):
        name = plain.get("episode_id", f"number {i}") if isinstance(plain, dict) else f"number {i}"
        try:
            yield from_json(plain, f"{path}, episode {name}")
        except BadEpisode as error:
            if on_bad_episode == RAISE:
                raise
            log_skipped(error)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
        document = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except OSError as error:  # gzip.BadGzipFile is one, too
        raise BadEpisode(str(path), f"cannot be read: {error}", _WHOLE) from error
    except (ValueError, EOFError, zlib.error, RecursionError) as error:
        raise BadEpisode(str(path), f"is broken: {error}", _WHOLE) from error
    if not isinstance(document, dict) or not isinstance(document.get("episodes"), list):
        raise BadEpisode(str(path), "has no list 'episodes'", "Give a PointNav episode file")
    return document


def _content(path: Path, pattern: Any) -> list[Path]:
    """The files of single scenes, sorted by name."""
    if not isinstance(pattern, str) or "{scene}" not in pattern:
        problem = f"'content_scenes_path' is {pattern!r}, expected a text with {{scene}} in it"
        raise BadEpisode(str(path), problem, f"The usual one is {CONTENT_PATTERN}")
    before, ending = pattern.replace("{data_path}", str(path.parent)).split("{scene}", 1)
    folder = Path(before)
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.name.endswith(ending))


def _write(path: Path, episodes: Sequence[PointNavEpisode]) -> None:
    text = json.dumps({"episodes": [to_json(e) for e in episodes]}, allow_nan=False)
    data = text.encode()
    write_whole(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _scene_of(name: str) -> str:
    """`…/17DRP5sb8fy.basis.glb` and `17DRP5sb8fy.json.gz` are files of the same scene."""
    return Path(name).name.split(".")[0]


def _wanted(scene: str, content_scenes: Sequence[str]) -> bool:
    return "*" in content_scenes or scene in content_scenes


def _joined(scene_id: str, scenes_dir: Path) -> str:
    if is_apartment(scene_id):
        return scene_id
    return str(scenes_dir / scene_id.removeprefix(DATASET_PREFIX))


def _relative(scene_id: str, scenes_dir: Path) -> str:
    path = Path(scene_id)
    return path.relative_to(scenes_dir).as_posix() if path.is_relative_to(scenes_dir) else scene_id
