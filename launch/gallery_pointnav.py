"""Flats, or scenes of your own, in one picture: `uio2 gallery pointnav output=flats.png`.

Of each episode a map with the shortest way, and what is seen on the way.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import hydra
import numpy as np
from hydra.core.config_store import ConfigStore
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from rich.progress import track

from uio2_agent.envs.pointnav.episodes import PointNavEpisode
from uio2_agent.envs.pointnav.navigation import Navigation
from uio2_agent.envs.pointnav.pictures import grey
from uio2_agent.envs.pointnav.scene_names import open_scene
from uio2_agent.envs.pointnav.scenes.apartment import chosen_sizes
from uio2_agent.envs.pointnav.task import DEPTH, RGB, named_task
from uio2_agent.envs.pointnav.topdown import TopDownMap, legend
from uio2_agent.envs.rendering import drawing
from uio2_agent.errors import BadSetting
from uio2_agent.interface import FIRST_EVALUATION_SEED, ORACLE_ACTION
from uio2_agent.launch.failures import told_plainly
from uio2_agent.storage import make_folder, whole

_GAP = 6


@dataclass
class GalleryPointnavConfig:
    """What can be set.

    Attributes:
        output: The picture, a .png.
        count: How many episodes.
        seed: Of the first one; the others follow.
        columns: Episodes side by side.
        views: Seen on the way of each, from its start to its goal.
        pixels: Height of a view.
        sizes: Of new flats: "small", "medium" or "large", or a list of them, in turn.
        scene: A `.glb` or `.gltf`, or a list of them, instead of new flats.
        episodes: Or the main file of a split.
        scenes_dir: Where its scene ids lead to.
        task: "v1" or "v2".
    """

    output: str = "runs/flats.png"
    count: int = 6
    seed: int = FIRST_EVALUATION_SEED
    columns: int = 2
    views: int = 4
    pixels: int = 160
    sizes: Any = field(default_factory=lambda: ["small", "medium", "large"])
    scene: Any = None
    episodes: str | None = None
    scenes_dir: str | None = None
    task: str = "v1"

    def __post_init__(self) -> None:
        self.sizes = chosen_sizes(self.sizes)


ConfigStore.instance().store("gallery_pointnav_schema", GalleryPointnavConfig)


@dataclass(frozen=True)
class Walk:
    """An episode and what the oracle saw.

    rgb (n, H, W, 3) uint8, depth (n, H, W, 1) in [0, 1], places (n, 3); of its start, its end and
    steps evenly between them. way (m, 3): corners of the shortest, trail (steps + 1, 3).
    """

    episode: PointNavEpisode
    way: NDArray[np.float64]
    trail: NDArray[np.float64]
    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    places: NDArray[np.float64]
    metrics: dict[str, float]


def gallery(cfg: GalleryPointnavConfig) -> Path:
    """Walk every episode and write the picture.

    Raises:
        BadEpisode, BadScene: A file, or an episode in it, that cannot be used.
        BadSetting: A number below one, or `output` is no .png.
        UnknownName: No such task.
        CannotWrite: The disk is full.
    """
    path = Path(cfg.output)
    for name in ("count", "columns", "views", "pixels"):
        if getattr(cfg, name) < 1:
            raise BadSetting(name, getattr(cfg, name), "at least 1")
    if cfg.seed < 0:
        raise BadSetting("seed", cfg.seed, "a whole number, 0 or more")
    if path.suffix != ".png":
        raise BadSetting("output", cfg.output, "a file name that ends in .png")
    with ExitStack() as held:
        envs = [held.enter_context(closing(env)) for env in _environments(cfg)]
        cells = []
        for i in track(range(cfg.count), description="gallery"):
            env = envs[i % len(envs)]
            seen = walk(env, cfg.seed + i, cfg.views)
            cells.append(cell(seen, env.simulator.pathfinder.triangles()))
    sheet = drawing.tile(cells, columns=min(cfg.columns, len(cells)), border=_GAP)
    signs = legend()
    below = np.full((signs.shape[0] + _GAP, sheet.shape[1], 3), 255, np.uint8)
    wide = min(signs.shape[1], sheet.shape[1])
    below[: signs.shape[0], :wide] = signs[:, :wide]
    make_folder(path.parent)
    with whole(path) as part, part.open("wb") as file:
        Image.fromarray(np.concatenate([sheet, below])).save(file, "PNG", optimize=True)
    return path


def _environments(cfg: GalleryPointnavConfig) -> Iterator[Navigation]:
    """One for every size of new flats, or one for the scenes that were given."""
    height, width = named_task(cfg.task).size
    given = cfg.scene is not None or cfg.episodes is not None
    flats: list[dict[str, Any]] = [{}] if given else [{"apartment": size} for size in cfg.sizes]
    for flat in flats:
        env = gym.make(
            "uio2_agent.envs:uio2/PointNav-v0",
            scene=cfg.scene,
            episodes=cfg.episodes,
            scenes_dir=cfg.scenes_dir,
            task=cfg.task,
            size=(cfg.pixels, round(cfg.pixels * width / height)),
            sensors=(RGB, DEPTH),
            noise=False,
            oracle=True,
            disable_env_checker=True,
            **flat,
        ).unwrapped
        assert isinstance(env, Navigation)
        yield env


def walk(env: Navigation, seed: int, views: int) -> Walk:
    """The oracle's walk of an episode; `views` pictures of it, fewer if it is shorter."""
    observation, info = env.reset(seed=seed)
    start = env.episode.start.position
    way = env.simulator.pathfinder.path(start, env.episode.goal_positions).points
    seen = [(observation, info)]
    over = False
    while not over:
        observation, _, terminated, truncated, info = env.step(info[ORACLE_ACTION])
        seen.append((observation, info))
        over = terminated or truncated
    kept = [seen[i] for i in np.unique(np.linspace(0, len(seen) - 1, views).round().astype(int))]
    return Walk(
        episode=env.episode,
        way=way,
        trail=np.stack([i["position"] for _, i in seen]),
        rgb=np.stack([o[RGB] for o, _ in kept]),
        depth=np.stack([o[DEPTH] for o, _ in kept]),
        places=np.stack([i["position"] for _, i in kept]),
        metrics=info["metrics"],
    )


def cell(seen: Walk, triangles: NDArray) -> NDArray[np.uint8]:
    """The map beside colours and depth on the way, numbered as there, below a title (H, W, 3).

    What is farthest of all that is seen is white.
    """
    names = ["start", *map(str, range(1, len(seen.rgb) - 1)), "end"]
    farthest = max(float(seen.depth.max()), 1e-6)
    views = []
    for name, rgb, depth in zip(names, seen.rgb, seen.depth, strict=False):
        pair = drawing.tile([rgb, grey(depth / farthest)], 1, _GAP // 2)
        views.append(drawing.caption(pair, name))
    row = drawing.tile(views, border=0)
    episode = seen.episode
    start, goals = episode.start, episode.goal_positions
    height = float(start.position[1])
    drawn = TopDownMap(triangles, height, row.shape[0], open_scene(episode.scene_id))
    plan = drawn.picture(
        start, list(goals), start.position, seen.way, list(seen.trail), list(seen.places[1:-1])
    )
    straight = float(np.linalg.norm(goals[0] - start.position))
    text = (
        f"{Path(episode.scene_id).name}: way {length(seen.way):.1f} m, straight {straight:.1f} m; "
        f"the oracle took {len(seen.trail) - 1} steps, SPL {seen.metrics['spl']:.2f}"
    )
    return drawing.caption(np.concatenate([plan, row], axis=1), text, size=14)


def length(way: NDArray[np.float64]) -> float:
    """Metres along the corners (n, 3)."""
    return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())


@hydra.main(version_base="1.3", config_path="conf", config_name="gallery_pointnav")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    print(f"gallery: {gallery(settings)}")
