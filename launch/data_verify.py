"""Read every episode of a folder and name the corrupted ones: `uio2 data verify source=…`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf
from rich.progress import Progress

from uio2_agent.errors import BadEpisode, UnknownName
from uio2_agent.launch.data_convert import VIEWS_OF
from uio2_agent.launch.failures import told_plainly
from uio2_agent.trajectories.inspection import Inspection


@dataclass
class VerifyConfig:
    source: str = MISSING
    view: str = "both"


ConfigStore.instance().store("data_verify_schema", VerifyConfig)


def corrupted(inspection: Inspection) -> Iterator[BadEpisode]:
    """What is wrong with each episode that cannot be read."""
    with Progress() as progress:
        for found in progress.track(inspection, description="reading"):
            if isinstance(found, BadEpisode):
                yield found


def verify(cfg: VerifyConfig) -> int:
    """Print a line for each corrupted episode -> how many there are.

    Raises:
        BadEpisode: There is nothing to read in `source`.
        UnknownName: No such view.
    """
    if cfg.view not in VIEWS_OF:
        raise UnknownName("view", cfg.view, VIEWS_OF)
    inspection = Inspection(cfg.source, VIEWS_OF[cfg.view])
    count = 0
    for error in corrupted(inspection):
        count += 1
        print(f"corrupted: {error}")
    print(f"{cfg.source}: {count} of {len(inspection)} corrupted")
    return count


@hydra.main(version_base="1.3", config_path="conf", config_name="data_verify")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    if verify(settings):
        sys.exit(1)
