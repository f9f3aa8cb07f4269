"""Where scenes and episodes of the standard datasets, and of ours, lie.

The layout is that of habitat_pointnav.md §9, §10; "flats" is what `uio2 scenes` writes.
"""

import logging
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uio2_agent.envs.pointnav.episode_files import DATASET_PREFIX, RAISE
from uio2_agent.envs.pointnav.episodes import PointNavEpisode
from uio2_agent.envs.pointnav.scene_names import is_apartment
from uio2_agent.errors import BadEpisode, BadScene, UnknownName

_LOG = logging.getLogger(__name__)

SCENES_DIR = Path(DATASET_PREFIX)
EPISODES_DIR = Path("data/datasets/pointnav")

_TOOL = "python -m habitat_sim.utils.datasets_download --data-path data/ --uids"
_ZIPS = "https://dl.fbaipublicfiles.com/habitat/data/datasets/pointnav"


@dataclass(frozen=True)
class Dataset:
    """How to get the episodes of a dataset, all below `EPISODES_DIR`."""

    folder: str
    episodes: str


DATASETS = {
    dataset.folder: dataset
    for dataset in (
        Dataset("habitat-test-scenes/v1", f"{_TOOL} habitat_test_pointnav_dataset"),
        Dataset("gibson/v1", f"{_ZIPS}/gibson/v1/pointnav_gibson_v1.zip"),
        Dataset("gibson/v2", f"{_ZIPS}/gibson/v2/pointnav_gibson_v2.zip"),
        Dataset("mp3d/v1", f"{_ZIPS}/mp3d/v1/pointnav_mp3d_v1.zip"),
        Dataset("hm3d/v1", f"{_ZIPS}/hm3d/v1/pointnav_hm3d_v1.zip"),
        Dataset("flats/v1", "uio2 scenes split=val task=v1"),
        Dataset("flats/v2", "uio2 scenes split=val task=v2"),
    )
}

# First folder of a scene id -> how its scenes are laid out, and how to get them.
SCENES = {
    "habitat-test-scenes": ("{scene}.glb", f"{_TOOL} habitat_test_scenes"),
    "gibson": (
        "{Scene}.glb",
        "agree to its terms (github.com/StanfordVL/GibsonEnv#database), then unpack it there",
    ),
    "mp3d": (
        "{id}/{id}.glb",
        "agree to its terms (niessner.github.io/Matterport), then download_mp.py --task habitat",
    ),
    "hm3d": (
        "{split}/00ddd-{id}/{id}.basis.glb",
        f"get a token (matterport.com/habitat-matterport-3d-research-dataset), then {_TOOL} "
        "hm3d_val_habitat_v0.2 --username TOKEN_ID --password TOKEN_SECRET",
    ),
    "flats": ("{split}/apartment-{size}-{seed}.glb", "write them again: uio2 scenes split=val"),
}

_GLB_HEADER = struct.Struct("<4sII")


def split_file(dataset: str, split: str = "val", folder: str | Path = EPISODES_DIR) -> Path:
    """The main file of a split of a dataset, `{dataset}/{split}/{split}.json.gz`.

    Args:
        dataset: One of `DATASETS`, such as "gibson/v1", or any folder that is laid out alike.
        split: Such as "val".
        folder: Which holds the datasets' folders.

    Raises:
        UnknownName: No such dataset; or no such split of one that is there.
        BadEpisode: The dataset is not there; names the path and how to get it.
    """
    home = Path(folder) / dataset
    path = home / split / f"{split}.json.gz"
    if path.is_file():
        return path
    splits = [p.name for p in sorted(home.glob("*")) if (p / f"{p.name}.json.gz").is_file()]
    if splits:
        raise UnknownName(f"split of {home}", split, splits)
    if dataset not in DATASETS:
        raise UnknownName("PointNav dataset", dataset, DATASETS)
    remedy = f"Get the episodes: {DATASETS[dataset].episodes}; or give episodes=, the file's path"
    raise BadEpisode(str(path), "is not there", remedy)


def find_scene(scene_id: str | Path, scenes_dir: str | Path | None = None) -> str:
    """The scene's file: below `scenes_dir`, or as it is named. Names of our flats stay.

    Args:
        scene_id: As episodes have it, with or without `data/scene_datasets/`.
        scenes_dir: Default: the folder `data/scene_datasets` here, after the file of that name.

    Raises:
        BadScene: No such file, with the path that was expected and how to get it; or it is cut
            short.
    """
    name = str(scene_id)
    if is_apartment(name):
        return name
    below = SCENES_DIR if scenes_dir is None else Path(scenes_dir)
    expected = below / name.removeprefix("./").removeprefix(DATASET_PREFIX)
    places = [expected, Path(name)]
    for path in reversed(places) if scenes_dir is None else places:
        if path.is_file():
            _check_glb(path)
            return str(path)
    problem = "is not there" if expected == Path(name) else f"is not there, nor is {name}"
    raise BadScene(str(expected), problem, _how_to_get(expected, below))


def with_scenes(
    episodes: Sequence[PointNavEpisode],
    scenes_dir: str | Path | None = None,
    on_bad_episode: str = RAISE,
) -> list[PointNavEpisode]:
    """The episodes with the files of their scenes.

    With "skip", those of scenes that cannot be used are left out and the scenes named in the log.

    Raises:
        BadScene: One cannot be used and `on_bad_episode` is "raise"; or none can.
    """
    files: dict[str, str] = {}
    problem: BadScene | None = None
    for scene_id in dict.fromkeys(episode.scene_id for episode in episodes):
        try:
            files[scene_id] = find_scene(scene_id, scenes_dir)
        except BadScene as error:
            if on_bad_episode == RAISE:
                raise
            _LOG.warning("skipped all episodes in %s: %s", error.path, error.problem)
            problem = problem or error
    if problem is not None and not files:
        raise problem
    return [replace(e, scene_id=files[e.scene_id]) for e in episodes if e.scene_id in files]


def _how_to_get(expected: Path, scenes_dir: Path) -> str:
    top = expected.relative_to(scenes_dir).parts[0] if expected.is_relative_to(scenes_dir) else ""
    known = SCENES.get(top)
    if known is None:
        found = f"its place in scenes_dir, which is {scenes_dir}"
        return f"Give the path of a .glb or .gltf file, or {found}"
    layout, way = known
    return (
        f"Scenes of {top} lie at {scenes_dir / top}/{layout}: {way}. Or give another scenes_dir, "
        "or choose those you have with content_scenes"
    )


def _check_glb(path: Path) -> None:
    """What is cut short, a download say, is not told so by habitat-sim."""
    if path.suffix != ".glb":
        return
    with path.open("rb") as file:
        start = file.read(_GLB_HEADER.size)
    size = path.stat().st_size
    again = "Copy or download it again"
    if len(start) < _GLB_HEADER.size:
        raise BadScene(str(path), f"has only {size} bytes", again)
    magic, _, length = _GLB_HEADER.unpack(start)
    if magic != b"glTF":
        raise BadScene(str(path), "is no binary glTF file", again)
    if length > size:
        raise BadScene(str(path), f"is cut short: {size} of {length} bytes", again)
