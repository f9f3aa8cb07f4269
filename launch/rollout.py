"""Play episodes: `uio2 rollout env=tabletop env.prompt=words policy=unified episodes=100`.

Interrupt it and give the same command with the same `output_dir` to go on. Whole protocols are
played with `protocol=vima4`, see `launch/protocol.py`.
"""

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf

from uio2_agent.errors import BadSetting
from uio2_agent.evaluation import report
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.finished import cell_of, check_alike, read
from uio2_agent.evaluation.ledger import Ledger
from uio2_agent.evaluation.provenance import provenance
from uio2_agent.evaluation.report import REPORT_FILE, Run
from uio2_agent.evaluation.rows import check_settings
from uio2_agent.evaluation.run import check_episodes, evaluate
from uio2_agent.interface import FIRST_EVALUATION_SEED
from uio2_agent.launch import tables
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.launch.findings import findings
from uio2_agent.launch.players import INTACT, fingerprint, make_env, make_policy
from uio2_agent.launch.progress import progress
from uio2_agent.launch.protocol import play_protocol, variants

# What is measured; all else is how it is carried out, and a resumed run may differ in it.
_MEASURED = ("env", "policy", "checkpoint", "seed")
# Settings of a protocol; without one they would do nothing.
_PROTOCOL = (
    *("levels", "tasks", "episodes_per_task", "workers", "threads", "executor"),
    *("gpus_per_worker", "episode_timeout_s"),
)


@dataclass
class RolloutConfig:
    """What can be set; `env`, `policy` and `protocol` are config groups.

    Attributes:
        env: Makes one environment.
        policy: Makes the policy.
        checkpoint: For policies that have weights: a shipped name, a folder or a hub id.
        episodes: How many are played.
        seed: Of the first episode; episode i has seed + i.
        num_envs: How many are played at once, by each worker.
        vectorization: "sync", all in one process, or "async", a process each.
        clips: The first so many episodes are shown in the report; of a protocol, so many failures
            of every cell.
        output_dir: Everything is written below it; a run found there is continued.
        name: The policy's, in the report.
        ablation: What of the prompt is spoilt: none, pictures, words, nonsense; or all, to play
            all four and test whether the policy reads its prompt.
        against: Folder of another run of the same episodes, to be compared with by a paired test.
        protocol: Levels and tasks to be played; the settings below are a protocol's.
        levels: Only these; null is all.
        tasks: Only these; null is all.
        episodes_per_task: Of every pair of level and task.
        workers: Processes, or Ray actors, that play at once.
        threads: Of each worker; null is its share of the cores.
        executor: Where workers are: "local", or "ray".
        gpus_per_worker: GPUs that Ray reserves for each.
        episode_timeout_s: An episode that takes longer counts as an error; null is no limit.
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
    ablation: str = INTACT
    against: str | None = None
    protocol: Any = None
    levels: list[str] | None = None
    tasks: list[str] | None = None
    episodes_per_task: int | None = None
    workers: int | None = None
    threads: int | None = None
    executor: str | None = None
    gpus_per_worker: float | None = None
    episode_timeout_s: float | None = None


ConfigStore.instance().store("rollout_schema", RolloutConfig)


@hydra.main(version_base="1.3", config_path="conf", config_name="rollout")
@told_plainly()
def main(cfg: DictConfig) -> None:
    if 0 <= cfg.seed < FIRST_EVALUATION_SEED:
        note = f"note: seeds below {FIRST_EVALUATION_SEED} are those that training draws from"
        print(note, file=sys.stderr)
    with says_how_to_go_on(cfg.output_dir):
        ended = play_all(cfg) if cfg.protocol is None else play_protocol(cfg)
    if not ended:
        print(f"{sys.argv[0]}: every episode ended in an error", file=sys.stderr)
        raise SystemExit(1)


def play_all(cfg: DictConfig) -> bool:
    """One rollout, or its ablations; compared with another run if asked for; printed.

    Returns:
        Whether every run has an episode that ended without an error.
    """
    for key in _PROTOCOL:
        if cfg[key] is not None:
            raise BadSetting(key, cfg[key], "left out without a protocol, e.g. protocol=vima4")
    rival = read(Path(cfg.against)) if cfg.against else None
    if rival is not None:  # before anything is played
        env, seeds = dict(cfg.env), range(cfg.seed, cfg.seed + cfg.episodes)
        check_alike({cell_of(env): env}, {cell_of(env): seeds}, rival)
    runs = {kind: play(variant) for kind, variant in variants(cfg)}
    (_, run), *others = runs.items()
    page = run.folder / REPORT_FILE
    tables.print_runs([*runs.values()], page)
    cell = Cell("", cfg.name)
    spoilt = {kind: {cell: other.episodes} for kind, other in others}
    sections = findings(cfg.name, run.folder, run.result, {cell: run.episodes}, spoilt, rival)
    if sections:
        report.write(page, [*runs.values()], f"uio2-agent: {cfg.name}", sections)
    return all(run.result["errors"] < run.result["episodes"] for run in runs.values())


def play(cfg: DictConfig) -> Run:
    """Carry out one rollout, `cfg` being a `RolloutConfig`, and write its files."""
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    check_settings(cfg.num_envs, cfg.vectorization)
    check_episodes(cfg.episodes, cfg.seed)
    checkpoint = fingerprint(config["policy"])
    settings = {key: config[key] for key in _MEASURED} | {"checkpoint": checkpoint}
    intact = cfg.ablation == INTACT
    if not intact:
        settings["ablation"] = cfg.ablation
    with Ledger(Path(cfg.output_dir), settings) as ledger:
        policy = make_policy(config["policy"], partial(make_env, config["env"]))
        with progress(cfg.name, cfg.episodes) as on_episode:
            outcome = evaluate(
                partial(make_env, config["env"], cfg.ablation),
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
        group = "" if intact else f"{cfg.ablation} spoilt"
        run = Run(cfg.name, ledger.folder, outcome, ledger.first(cfg.episodes), group)
    report.write(run.folder / REPORT_FILE, [run], title=f"uio2-agent: {cfg.name}")
    return run
