"""Is A better than B? `uio2 compare runs/a runs/b`: an exact paired test on the same episodes."""

import sys
from dataclasses import dataclass
from pathlib import Path

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig

from uio2_agent.evaluation.finished import compare, read
from uio2_agent.launch.failures import told_plainly
from uio2_agent.launch.tables import print_comparison
from uio2_agent.storage import make_folder, write_json


@dataclass
class CompareConfig:
    """Two finished runs, rollouts or protocols.

    Attributes:
        a: Folder of the one; the first bare word.
        b: Folder of the other; the second.
        output: Where to write the numbers as JSON; null is nowhere.
    """

    a: str = MISSING
    b: str = MISSING
    output: str | None = None


ConfigStore.instance().store("compare_schema", CompareConfig)


def main() -> None:
    words = [word for word in sys.argv[1:] if "=" not in word and not word.startswith("-")]
    named = dict(zip(words, ("a", "b"), strict=False))
    sys.argv[1:] = [f"{named[w]}={_quoted(w)}" if w in named else w for w in sys.argv[1:]]
    _main()


@hydra.main(version_base="1.3", config_path="conf", config_name="compare")
@told_plainly()
def _main(cfg: DictConfig) -> None:
    folders = Path(cfg.a), Path(cfg.b)  # both are asked for before either is read
    comparison = compare(*map(read, folders))
    print_comparison(comparison, cfg.a, cfg.b)
    if cfg.output is not None:
        path = Path(cfg.output)
        make_folder(path.parent)
        write_json(path, {"a": cfg.a, "b": cfg.b, **comparison.numbers()})


def _quoted(word: str) -> str:
    """As Hydra's grammar wants what may hold any character."""
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
