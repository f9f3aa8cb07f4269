"""Write furnished flats as files: `uio2 scenes output_dir=data split=val count=10 episodes=20`.

Scenes with their navmeshes, and episodes in them, lie where habitat's datasets have theirs
(habitat_pointnav.md §9, §10), so whatever reads those reads these, too.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from uio2_agent.envs.pointnav.bake import bake_navmesh
from uio2_agent.envs.pointnav.episode_files import save_episodes
from uio2_agent.envs.pointnav.episode_generator import generate_episode
from uio2_agent.envs.pointnav.episodes import PointNavEpisode
from uio2_agent.envs.pointnav.gltf_writer import write_glb
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh, write_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.scene_names import apartment_name
from uio2_agent.envs.pointnav.scenes.apartment import SPLITS, apartment, chosen_sizes
from uio2_agent.envs.pointnav.task import named_task
from uio2_agent.errors import BadSetting, RunMismatch, UnknownName
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.storage import make_folder, whole, write_json

MOST_EPISODES = 1000  # in a flat; the seeds of its episodes begin at this many times its own
SETTINGS_FILE = "flats.json"

_NAME = re.compile(r"\w[\w.-]*")


@dataclass
class ScenesConfig:
    """What can be set.

    Attributes:
        output_dir: Gets `scene_datasets/{name}/{split}/` and
            `datasets/pointnav/{name}/{task}/{split}/`.
        name: Of the dataset, all for one task; `env.dataset={name}/{task}` plays it.
        split: "train", "val" or "test"; flats of one are in no other.
        count: How many flats; more may be added later.
        first: Number of the first one within the split.
        sizes: "small", "medium" or "large", or a list of them, in turn.
        episodes: In each flat; 0: scenes alone.
        task: Whose body the navmeshes and episodes are for, "v1" or "v2".
    """

    output_dir: str = "data"
    name: str = "flats"
    split: str = "val"
    count: int = 10
    first: int = 0
    sizes: Any = field(default_factory=lambda: ["medium"])
    episodes: int = 20
    task: str = "v1"

    def __post_init__(self) -> None:
        self.sizes = chosen_sizes(self.sizes)


ConfigStore.instance().store("scenes_schema", ScenesConfig)


@dataclass(frozen=True)
class Written:
    """Folder of the scenes, and main file of the episodes, None without any."""

    scenes: Path
    episodes: Path | None


def write_scenes(cfg: ScenesConfig) -> Written:
    """Write what is not there yet; the same settings make the same bytes.

    Raises:
        BadSetting: A number that cannot be, or seeds beyond the split.
        UnknownName: No such split or task.
        RunMismatch: The folder holds flats of other settings.
        CannotWrite: The disk is full; whole flats are kept.
    """
    _check(cfg)
    task, root = named_task(cfg.task), Path(cfg.output_dir)
    body = NavMeshSettings(agent_radius=task.agent_radius, agent_height=task.agent_height)
    scenes_dir = root / "scene_datasets"
    folder = scenes_dir / cfg.name / cfg.split
    main = root / "datasets" / "pointnav" / cfg.name / cfg.task / cfg.split / f"{cfg.split}.json.gz"
    _keep_settings([folder, main.parent] if cfg.episodes else [folder], cfg)
    missing = []
    for number in range(cfg.first, cfg.first + cfg.count):
        path = _path(folder, cfg, number)
        needed = [path, _beside(path)]
        if cfg.episodes:
            needed += [main, main.parent / "content" / f"{path.stem}.json.gz"]
        if not all(file.exists() for file in needed):
            missing.append(number)
    for number in track(missing, description=f"flats of {cfg.split}", disable=not missing):
        path = _path(folder, cfg, number)
        write_flat(path, _seed(cfg, number), _size(cfg, number), body)
        if cfg.episodes:
            ids = range(number * cfg.episodes, (number + 1) * cfg.episodes)
            found = new_episodes(path, _seed(cfg, number), ids)
            save_episodes(found, main, scenes_dir, content=True)
    return Written(folder, main if cfg.episodes else None)


def write_flat(path: Path, seed: int, size: str, body: NavMeshSettings) -> None:
    """A scene, then its navmesh, which therefore says that the scene is whole."""
    scene = apartment(seed, size)
    write_glb(scene, path)
    with whole(_beside(path)) as part:
        write_navmesh(bake_navmesh(scene, body), part)


def new_episodes(path: Path, seed: int, ids: range) -> list[PointNavEpisode]:
    """Episodes in a flat on disk, on the very navmesh that a reader gets, rounding and all."""
    navmesh = read_navmesh(_beside(path))
    return [
        generate_episode(navmesh, str(path), str(name), seed * MOST_EPISODES + i)
        for i, name in enumerate(ids)
    ]


def _seed(cfg: ScenesConfig, number: int) -> int:
    return SPLITS[cfg.split].start + number


def _size(cfg: ScenesConfig, number: int) -> str:
    return cfg.sizes[number % len(cfg.sizes)]


def _path(folder: Path, cfg: ScenesConfig, number: int) -> Path:
    return folder / f"{apartment_name(_seed(cfg, number), _size(cfg, number))}.glb"


def _beside(scene: Path) -> Path:
    return scene.with_suffix(".navmesh")


def _check(cfg: ScenesConfig) -> None:
    if cfg.split not in SPLITS:
        raise UnknownName("split", cfg.split, SPLITS)
    if not _NAME.fullmatch(cfg.name):
        raise BadSetting("name", cfg.name, "letters, digits, dots, - and _, for a folder")
    if cfg.count < 1:
        raise BadSetting("count", cfg.count, "at least 1")
    if not 0 <= cfg.episodes <= MOST_EPISODES:
        raise BadSetting("episodes", cfg.episodes, f"0 to {MOST_EPISODES}")
    flats = len(SPLITS[cfg.split])
    if not 0 <= cfg.first <= flats - cfg.count:
        want = f"0 to {flats - cfg.count}, since {cfg.split} has {flats} flats and count is "
        raise BadSetting("first", cfg.first, want + str(cfg.count))


def _keep_settings(folders: list[Path], cfg: ScenesConfig) -> None:
    """What the flats of a folder have in common is written beside them; it must not change."""
    now = {"sizes": list(cfg.sizes), "episodes": cfg.episodes, "task": cfg.task}
    new = [folder for folder in folders if not (folder / SETTINGS_FILE).exists()]
    for folder in folders:
        then = now if folder in new else _read_settings(folder / SETTINGS_FILE)
        changed = [f"{k}: {then.get(k)} then, {now[k]} now" for k in now if then.get(k) != now[k]]
        if changed:
            raise RunMismatch(str(folder), changed)
    for folder in new:
        make_folder(folder)
        write_json(folder / SETTINGS_FILE, now)


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_bytes())
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise RunMismatch(str(path.parent), [f"{path.name} there is damaged"])
    return settings


@hydra.main(version_base="1.3", config_path="conf", config_name="scenes")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    with says_how_to_go_on(settings.output_dir):
        written = write_scenes(settings)
    print(f"scenes: {written.scenes}")
    if written.episodes is not None:
        print(f"episodes: {written.episodes}")
