"""Draw oracle demonstrations and labelled scenes and keep them on disk.

`uio2 record output_dir=data/tabletop`. Untouched scenes need no physics (vima_bench.md 2), so
pictures are drawn straight from what was sampled; later pictures of a demonstration show the
objects where the oracle put them.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import hydra
import numpy as np
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from uio2_agent.envs.tabletop.cameras import project
from uio2_agent.envs.tabletop.catalogue import phrase
from uio2_agent.envs.tabletop.oracle import plan
from uio2_agent.envs.tabletop.prompts import object_picture, prompt_arrays
from uio2_agent.envs.tabletop.renderer import Renderer
from uio2_agent.envs.tabletop.scatter import scatter
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.errors import BadSetting, RunMismatch, UnknownName
from uio2_agent.interface import FIRST_EVALUATION_SEED, VIEWS
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.storage import make_folder, write_json
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.store import shard_length, write_shard

SHARD = 500


@dataclass
class SourceConfig:
    """One folder of episodes.

    They are demonstrations of a task or, with the task "scatter", strewn objects to ask about.
    """

    task: str = "visual_manipulation"
    prompts: list[str] = field(default_factory=lambda: ["pictures", "words"])
    objects: list[int] = field(default_factory=list)  # scatter: how many, in turn
    episodes: int = 1000
    first_seed: int = 0


@dataclass
class RecordConfig:
    output_dir: str = "data/tabletop"
    level: str = "placement_generalization"
    view: str = "top"
    sources: dict[str, SourceConfig] = field(default_factory=dict)


ConfigStore.instance().store("record_schema", RecordConfig)


class Recorder:
    """Episodes of one view."""

    def __init__(self, level: str, view: str) -> None:
        if view not in VIEWS:
            raise UnknownName("view", view, VIEWS)
        self.level, self.view = level, view
        self.renderer = Renderer((view,))
        self.both = Renderer()

    def demonstration(self, task: str, prompt: str, seed: int) -> Episode:
        """The oracle's plan for one seed, with the picture before every step and after the last."""
        scenario = sample(task, self.level, prompt, seed)
        bodies = {b.obj_id: b for b in scenario.bodies}
        moves = plan(scenario)
        scenes = [tuple(bodies.values())]
        for move in moves:
            picked = _nearest(bodies, move.pick)
            bodies[picked.obj_id] = picked.at(*move.place, yaw=picked.yaw + move.turn)
            scenes.append(tuple(bodies.values()))
        actions = [move.action() for move in moves]
        rgb, _, mask = prompt_arrays(scenario.prompt, self.both)
        return Episode(
            frames=np.stack([self.draw(scene)[0] for scene in scenes]),
            actions={k: np.stack([a[k] for a in actions]) for k in actions[0]},
            prompt_text=scenario.prompt.text,
            prompt_pictures=rgb[mask.astype(bool)][:, VIEWS.index(self.view)],
            info=self._info(task, seed) | {"prompt": prompt, "effector": scenario.end_effector},
        )

    def strewn(self, objects: int, seed: int) -> Episode:
        """Labelled objects, each with its picture; nothing is done."""
        bodies = scatter(seed, objects, self.level)
        rgb, segm = self.draw(bodies)
        pictures = [
            self.renderer.render(object_picture(b).bodies, background="empty") for b in bodies
        ]
        centres = [project(self.view, *b.position)[::-1] for b in bodies]
        return Episode(
            frames=rgb[None],
            actions={},
            prompt_text="",
            prompt_pictures=np.stack([rgb[self.view] for rgb, _ in pictures]),
            labels={
                "segm": segm[None],
                "picture_segm": np.stack([segm[self.view] for _, segm in pictures]),
                "ids": np.array([b.obj_id for b in bodies]),
                "places": np.array([[(*b.xy, b.yaw) for b in bodies]], np.float32),
                "pixels": np.array([centres], np.float32),
                "picture_pixel": np.array(project(self.view, 0.5, 0.0)[::-1], np.float32),
            },
            info=self._info("scatter", seed)
            | {
                "objects": [phrase(b.texture, b.shape) for b in bodies],
                "kinds": [[b.shape, b.texture] for b in bodies],
            },
        )

    def draw(self, bodies: tuple[Body, ...]) -> tuple[np.ndarray, np.ndarray]:
        rgb, segm = self.renderer.render(bodies, background="table")
        return rgb[self.view], segm[self.view]

    def _info(self, task: str, seed: int) -> dict[str, Any]:
        return {
            "env": "uio2/Tabletop-v0",
            "task": task,
            "level": self.level,
            "seed": seed,
            "view": self.view,
        }


def record(cfg: RecordConfig) -> dict[str, Path]:
    """Fill every source's folder; whole shards found there are kept -> name to folder.

    Raises:
        BadSetting: Seeds reach into those kept for evaluation, or there is nothing to draw from.
        UnknownName: A task, level, prompt mode or view nobody knows.
        RunMismatch: A folder holds episodes of other settings.
        CannotWrite: The disk is full; whole shards are kept.
    """
    folders = {}
    for name, source in cfg.sources.items():
        _check_source(name, source)
        folder = folders[name] = Path(cfg.output_dir) / name
        _check_settings(folder, cfg, source)
        draw = _drawing(Recorder(cfg.level, cfg.view), source)
        shards = [
            range(start, min(start + SHARD, source.episodes))
            for start in range(0, source.episodes, SHARD)
        ]
        # The last shard of a smaller recording is too short for a larger one and is drawn again.
        missing = [shard for shard in shards if shard_length(folder, shard.start) < len(shard)]
        for shard in track(missing, description=f"recording {name}", disable=not missing):
            write_shard(folder, shard.start, map(draw, shard))
    return folders


def _drawing(recorder: Recorder, source: SourceConfig) -> Callable[[int], Episode]:
    def draw(i: int) -> Episode:
        seed = source.first_seed + i
        if source.task == "scatter":
            return recorder.strewn(source.objects[i % len(source.objects)], seed)
        return recorder.demonstration(source.task, source.prompts[i % len(source.prompts)], seed)

    return draw


def _check_source(name: str, source: SourceConfig) -> None:
    last = source.first_seed + source.episodes - 1
    if last >= FIRST_EVALUATION_SEED:
        raise BadSetting(f"sources.{name} last seed", last, f"below {FIRST_EVALUATION_SEED}")
    needed = "objects" if source.task == "scatter" else "prompts"
    if not getattr(source, needed):
        raise BadSetting(f"sources.{name}.{needed}", "empty", "at least one, used in turn")


def _check_settings(folder: Path, cfg: RecordConfig, source: SourceConfig) -> None:
    """What is recorded in a folder is written beside it; more episodes of the same may be added."""
    now = {"level": cfg.level, "view": cfg.view, **asdict(source)}
    now.pop("episodes")
    path = folder / "source.json"
    if path.exists():
        then = json.loads(path.read_text())
        changed = [f"{k}: {then.get(k)} then, {v} now" for k, v in now.items() if then.get(k) != v]
        if changed:
            raise RunMismatch(str(folder), changed)
        return
    make_folder(folder)
    write_json(path, now)


def _nearest(bodies: dict[int, Body], xy: tuple[float, float]) -> Body:
    return min(bodies.values(), key=lambda b: math.dist(b.xy, xy))


@hydra.main(version_base="1.3", config_path="conf", config_name="record")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    with says_how_to_go_on(cfg.output_dir):
        for name, folder in record(settings).items():
            print(f"{name}: {folder}")
