"""VIMA's trajectories kept as shards of canonical episodes; stopped and gone on with at will.

Actions stay as they are, bit for bit; a third number of positions is dropped (see `vima`). Pictures
are decoded here once, so that training sees the same bytes whatever decoder a machine has.

Beside the shards stand `source.json`, what is converted, and for each shard a `.json` of the same
name, the trajectories it was made of and those left out.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uio2_agent.errors import BadEpisode, RunMismatch
from uio2_agent.storage import make_folder, write_json
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.store import EpisodeStore, shard_length, shard_path, write_shard
from uio2_agent.trajectories.vima import read_vima_episode

SHARD = 500  # episodes; what an interruption can cost


@dataclass
class Converted:
    """A filled folder, how many episodes it has, and what was left out: trajectory -> problem."""

    folder: Path
    episodes: int = 0
    skipped: dict[str, str] = field(default_factory=dict)


def convert_trajectories(
    paths: Sequence[Path],
    folder: Path,
    view: str = "top",
    *,
    skip: bool = False,
    advance: Callable[[int], object] = lambda count: None,
) -> Converted:
    """Convert what is missing in `folder`; whole shards there are kept.

    Args:
        paths: Folders of trajectories of one task, all below one folder.
        folder: Where the shards go; later more paths may be given for it.
        view: Whose pictures are kept, "top" or "front".
        skip: Leave out corrupted trajectories. They are tried again by the next conversion.
        advance: Told how many trajectories have been dealt with since it was last called.

    Raises:
        BadEpisode: A trajectory is corrupted and `skip` is false, or a shard in `folder` is.
        RunMismatch: `folder` holds episodes of something else.
        CannotWrite: The disk is full; whole shards are kept.
    """
    paths = [path.absolute() for path in paths]  # ways from here may be too short for a task's name
    result = Converted(make_folder(folder))
    _keep_settings(folder, {"source": str(paths[0].parents[1].resolve()), "view": view})
    for first in range(0, len(paths), SHARD):
        batch = paths[first : first + SHARD]
        beside = shard_path(folder, first).with_suffix(".json")
        made = _read_json(beside)
        if _is_whole(folder, first, batch, view, made) and (skip or not made["skipped"]):
            advance(len(batch))
        else:
            skipped: dict[str, str] = {}
            write_shard(folder, first, _read(batch, view, skip, skipped, advance))
            made = {"trajectories": [_name(path) for path in batch], "skipped": skipped}
            write_json(beside, made)
        result.skipped |= made["skipped"]
    result.episodes = len(EpisodeStore(folder))
    return result


def _read(
    paths: Sequence[Path],
    view: str,
    skip: bool,
    skipped: dict[str, str],
    advance: Callable[[int], object],
) -> Iterator[Episode]:
    for path in paths:
        try:
            yield read_vima_episode(path, view)
        except BadEpisode as error:
            if not skip:
                remedy = f"{error.remedy}; on_bad_episode=skip leaves out what is corrupted"
                raise BadEpisode(error.path, error.problem, remedy) from error
            skipped[_name(path)] = str(error)
        advance(1)


def _is_whole(
    folder: Path, first: int, paths: Sequence[Path], view: str, made: dict[str, Any]
) -> bool:
    """Whether the shard is there, of these trajectories or more, and what it lacks is still bad."""
    names = [_name(path) for path in paths]
    if not made or made["trajectories"][: len(names)] != names:
        return False
    if shard_length(folder, first) + len(made["skipped"]) != len(made["trajectories"]):
        return False
    return not any(_name(path) in made["skipped"] and _reads(path, view) for path in paths)


def _reads(path: Path, view: str) -> bool:
    try:
        read_vima_episode(path, view)
    except BadEpisode:
        return False
    return True


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _keep_settings(folder: Path, now: dict[str, str]) -> None:
    then = _read_json(folder / "source.json")
    keys = sorted(then.keys() | now.keys())
    changed = [
        f"{k}: {then.get(k)} then, {now.get(k)} now" for k in keys if then.get(k) != now.get(k)
    ]
    if then and changed:
        raise RunMismatch(str(folder), changed)
    if not then:
        write_json(folder / "source.json", now)


def _read_json(path: Path) -> dict[str, Any]:
    """Empty if there is no such file."""
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        remedy = "Delete it and convert again"
        raise BadEpisode(str(path), f"cannot be read ({error})", remedy) from error
