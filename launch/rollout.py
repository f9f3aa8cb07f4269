"""Play episodes: `uio2 rollout env=tabletop env.prompt=words policy=unified episodes=100`.

Interrupt it and give the same command with the same `output_dir` to go on.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import hydra
from hydra.core.config_store import ConfigStore
from hydra.utils import instantiate
from omegaconf import MISSING, DictConfig, OmegaConf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from uio2_agent.errors import BadSetting
from uio2_agent.evaluation import report
from uio2_agent.evaluation.ledger import Episode, Ledger
from uio2_agent.evaluation.provenance import provenance
from uio2_agent.evaluation.report import REPORT_FILE, Run, table_rows
from uio2_agent.evaluation.rows import check_settings
from uio2_agent.evaluation.run import evaluate
from uio2_agent.interface import FIRST_EVALUATION_SEED, Policy
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.policies.checkpoints import find_checkpoint

# How a run is carried out, not what is measured: a resumed run may differ in these.
_CARRIED_OUT = ("episodes", "num_envs", "vectorization", "output_dir", "clips", "name")


@dataclass
class RolloutConfig:
    """What can be set; `env` and `policy` are config groups with their own settings.

    Attributes:
        env: Makes one environment.
        policy: Makes the policy.
        checkpoint: For policies that have weights: a shipped name, a folder or a hub id.
        episodes: How many are played.
        seed: Of the first episode; episode i has seed + i.
        num_envs: How many are played at once.
        vectorization: "sync", all in one process, or "async", a process each.
        clips: The first so many episodes are shown in the report.
        output_dir: Everything is written below it; a run found there is continued.
        name: The policy's, in the report.
    """

    env: Any = MISSING
    policy: Any = MISSING
    checkpoint: str = "nano"
    episodes: int = 100
    seed: int = FIRST_EVALUATION_SEED
    num_envs: int = 4
    vectorization: str = "sync"
    clips: int = 6
    output_dir: str = MISSING
    name: str = MISSING


ConfigStore.instance().store("rollout_schema", RolloutConfig)


@hydra.main(version_base="1.3", config_path="conf", config_name="rollout")
@told_plainly()
def main(cfg: DictConfig) -> None:
    if cfg.seed < FIRST_EVALUATION_SEED:
        note = f"note: seeds below {FIRST_EVALUATION_SEED} are those that training draws from"
        print(note, file=sys.stderr)
    with says_how_to_go_on(cfg.output_dir):
        run = play(cfg)
    print_runs([run], Path(cfg.output_dir) / REPORT_FILE)


def play(cfg: DictConfig) -> Run:
    """Carry out one rollout, `cfg` being a `RolloutConfig`, and write its files."""
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    check_settings(cfg.num_envs, cfg.vectorization)
    if cfg.episodes < 1:
        raise BadSetting("episodes", cfg.episodes, "at least 1")
    make_env: Callable[[], gym.Env] = partial(instantiate, config["env"], _convert_="all")
    checkpoint = fingerprint(config["policy"])
    settings = {key: config[key] for key in config if key not in _CARRIED_OUT}
    with Ledger(Path(cfg.output_dir), {**settings, "checkpoint": checkpoint}) as ledger:
        policy = make_policy(config["policy"], make_env)
        with progress(cfg.name, cfg.episodes) as on_episode:
            outcome = evaluate(
                make_env,
                policy,
                ledger,
                episodes=cfg.episodes,
                seed=cfg.seed,
                num_envs=min(cfg.num_envs, cfg.episodes),
                vectorization=cfg.vectorization,
                clips_wanted=cfg.clips,
                default_task=str(config["env"].get("task", "default")),
                origin=provenance(config, checkpoint),
                on_episode=on_episode,
            )
        run = Run(cfg.name, ledger.folder, outcome, ledger.first(cfg.episodes))
    report.write(run.folder / REPORT_FILE, [run], title=f"uio2-agent: {cfg.name}")
    return run


def make_policy(config: dict[str, Any], make_env: Callable[[], gym.Env]) -> Policy:
    """A policy whose settings have the key `action_space` is given the environment's."""
    if "action_space" not in config:
        return instantiate(config)
    env = make_env()
    try:
        settings = {key: value for key, value in config.items() if key != "action_space"}
        return instantiate(settings, _partial_=True)(action_space=env.action_space)
    finally:
        env.close()


def fingerprint(policy: dict[str, Any]) -> dict[str, str] | None:
    """Name and SHA-256 of a policy's weights; None if it has none. Raises as `find_checkpoint`."""
    if "checkpoint" not in policy:
        return None
    folder, digest = find_checkpoint(policy["checkpoint"]), hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".safetensors", ".json", ".model"):
            digest.update(path.name.encode() + path.read_bytes())
    return {"name": str(policy["checkpoint"]), "sha256": digest.hexdigest()}


@contextmanager
def progress(name: str, episodes: int) -> Iterator[Callable[[Episode], None]]:
    """A bar on stderr; yields what is to be called with every episode that ended."""
    columns = (
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    seen: list[Episode] = []
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=episodes, note="")

        def advance(episode: Episode) -> None:
            seen.append(episode)
            errors = sum(e.error is not None for e in seen)
            note = f"{100 * sum(e.success for e in seen) / len(seen):.0f} % success"
            bar.update(task, advance=1, note=note + (f", {errors} errors" if errors else ""))

        yield advance


def print_runs(runs: Sequence[Run], page: Path) -> None:
    grouped = any(run.group for run in runs)
    table = Table("prompt", "policy", "success", "95 % interval", "errors", "episodes")
    table.columns[0].no_wrap = True
    for row in table_rows(runs):
        table.add_row(*row)
    if not grouped:
        del table.columns[0]
    console = Console()
    console.print(table)
    console.print(f"report: {page}", soft_wrap=True, highlight=False)
