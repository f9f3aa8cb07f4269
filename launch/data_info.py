"""What a folder of episodes holds: `uio2 data info source=…`."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf
from rich.progress import Progress

from uio2_agent.errors import BadEpisode
from uio2_agent.launch.failures import told_plainly
from uio2_agent.trajectories.inspection import Inspection, Summary, size_on_disk


@dataclass
class InfoConfig:
    source: str = MISSING


ConfigStore.instance().store("data_info_schema", InfoConfig)


def info(cfg: InfoConfig) -> list[str]:
    """Count the episodes of `source` by task, level, view and length -> lines to print.

    Raises:
        BadEpisode: There is nothing to read in `source`.
    """
    inspection = Inspection(cfg.source, thorough=False)
    summary, unreadable = Summary(), 0
    with Progress() as progress:
        for found in progress.track(inspection, description="counting"):
            if isinstance(found, BadEpisode):
                unreadable += 1
            else:
                summary.add(found)
    megabytes = size_on_disk(Path(cfg.source)) / 1e6
    lines = [
        f"{cfg.source}: {inspection.kind}, {megabytes:.1f} MB",
        f"episodes  {summary.episodes}",
        f"tasks     {_counts(summary.tasks)}",
        f"levels    {_counts(summary.levels)}",
        f"views     {_counts(summary.views)}",
        f"steps     {_counts(summary.steps)}",
    ]
    if unreadable:
        told = "uio2 data verify source=… names them"
        lines.append(f"corrupted {unreadable}, not counted above; {told}")
    return lines


def _counts(counter: Counter[Any]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counter.items()))


@hydra.main(version_base="1.3", config_path="conf", config_name="data_info")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    print("\n".join(info(settings)))
