"""Keep VIMA's trajectories as episodes of ours.

`uio2 data convert source=vima_v6 output_dir=data/vima` fills `data/vima/<view>/<task>/`. Folders
are independent: several processes may convert different tasks to the same `output_dir`.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf
from rich.progress import Progress

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.interface import VIEWS
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.trajectories.conversion import Converted, convert_trajectories
from uio2_agent.trajectories.vima import OLD_TASK_NAMES, TASKS, VimaFolder

VIEWS_OF = {"top": ("top",), "front": ("front",), "both": VIEWS}
ON_BAD_EPISODE = ("raise", "skip")


@dataclass
class ConvertConfig:
    source: str = MISSING
    output_dir: str = "data/vima"
    view: str = "top"
    tasks: list[str] = field(default_factory=list)
    limit: int | None = None
    on_bad_episode: str = "raise"


ConfigStore.instance().store("data_convert_schema", ConvertConfig)


def convert(cfg: ConvertConfig) -> list[Converted]:
    """One folder for each view and task; what is there already is kept.

    Raises:
        BadEpisode: No trajectories, or one of them is corrupted and `on_bad_episode` is "raise".
        BadSetting: No trajectory is of one of `tasks`, or `limit` is less than 1.
        UnknownName: A view, task or `on_bad_episode` nobody knows.
        RunMismatch: A folder holds the episodes of another source.
        CannotWrite: The disk is full; what was finished is kept.
    """
    by_task = choose(cfg)
    results = []
    with Progress() as progress:
        for view in VIEWS_OF[cfg.view]:
            for task, paths in by_task.items():
                bar = progress.add_task(f"{view} {task}", total=len(paths))
                results.append(
                    convert_trajectories(
                        paths,
                        Path(cfg.output_dir) / view / task,
                        view,
                        skip=cfg.on_bad_episode == "skip",
                        advance=partial(progress.advance, bar),
                    )
                )
    return results


def choose(cfg: ConvertConfig) -> dict[str, list[Path]]:
    """The trajectories asked for, by today's names of their tasks.

    Those in folders of no task stand under the folder's name: they will turn out corrupted.
    """
    for kind, got, known in (
        ("view", cfg.view, VIEWS_OF),
        ("on_bad_episode", cfg.on_bad_episode, ON_BAD_EPISODE),
        *(("task", task, (*TASKS, *OLD_TASK_NAMES)) for task in cfg.tasks),
    ):
        if got not in known:
            raise UnknownName(kind, got, known)
    if cfg.limit is not None and cfg.limit < 1:
        raise BadSetting("limit", cfg.limit, "at least 1 of each task, or null for all")
    by_task: dict[str, list[Path]] = {}
    for path in VimaFolder(Path(cfg.source).resolve()).paths:
        by_task.setdefault(_today(path.resolve().parent.name), []).append(path)
    wanted = {_today(task) for task in cfg.tasks} or {*by_task}
    for task in sorted(wanted - {*by_task}):
        raise BadSetting("tasks", task, f"some of {', '.join(by_task)}, which {cfg.source} has")
    return {task: paths[: cfg.limit] for task, paths in by_task.items() if task in wanted}


def _today(name: str) -> str:
    return OLD_TASK_NAMES.get(name, name)


@hydra.main(version_base="1.3", config_path="conf", config_name="data_convert")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    with says_how_to_go_on(settings.output_dir):
        results = convert(settings)
    for result in results:
        left_out = f", skipped {len(result.skipped)}" if result.skipped else ""
        print(f"{result.folder}: episodes {result.episodes}{left_out}")
        for name, problem in result.skipped.items():
            print(f"  skipped {name}: {problem}")
