"""Whole protocols: `uio2 rollout protocol=vima4 env=tabletop policy=unified workers=2`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.evaluation import report_matrix
from uio2_agent.evaluation.cells import select
from uio2_agent.evaluation.finished import Finished, check_alike, read
from uio2_agent.evaluation.player import Parts
from uio2_agent.evaluation.processes import Pool, Processes
from uio2_agent.evaluation.protocol import Plan, Run, evaluate_cells
from uio2_agent.evaluation.provenance import provenance, usable_cores
from uio2_agent.evaluation.published import VIMA_BENCH
from uio2_agent.evaluation.report import REPORT_FILE
from uio2_agent.evaluation.rows import check_settings
from uio2_agent.interface import ABLATIONS
from uio2_agent.launch import tables
from uio2_agent.launch.findings import findings
from uio2_agent.launch.players import (
    INTACT,
    cell_env,
    execution,
    fingerprint,
    make_cell_env,
    make_cell_policy,
)
from uio2_agent.launch.progress import progress

ALL = "all"  # every ablation, and the intact prompt to compare with
EXECUTORS = ("local", "ray")
_SETTINGS = ("env", "policy", "checkpoint", "seed")  # those that decide what happens


def vima4() -> dict[str, list[str]]:
    """VIMA-Bench's four levels and the tasks of each, 42 pairs (vima_bench.md §7)."""
    return {level: [*tasks] for level, tasks in LEVELS.items()}


def play_protocol(cfg: DictConfig) -> bool:
    """Play, write and print everything; `cfg` is a `RolloutConfig` with a protocol.

    Returns:
        Whether every run has an episode that ended without an error.

    Raises:
        UnknownName: No such level, task, ablation or executor.
        BadSetting: A number that makes no sense, or an environment without levels and tasks.
        BadInput: `against` is no run of the same episodes.
    """
    rival = read(Path(cfg.against)) if cfg.against else None
    runs = {kind: _play(variant, rival) for kind, variant in variants(cfg)}
    (_, run), *others = runs.items()
    tables.print_matrix(cfg.name, run.result)
    tables.print_reasons(e for r in runs.values() for cell in r.episodes.values() for e in cell)
    spoilt = {kind: other.episodes for kind, other in others}
    sections = findings(cfg.name, run.folder, run.result, run.episodes, spoilt, rival)
    page = run.folder / REPORT_FILE
    report_matrix.write(page, run, f"{cfg.protocol.name}: {cfg.name}", sections)
    tables.print_page(page)
    return all(run.result["errors"] < run.result["episodes"] for run in runs.values())


def variants(cfg: DictConfig) -> Iterator[tuple[str, DictConfig]]:
    """The run asked for, or with `ablation=all` the intact one and below its folder the others.

    Raises `UnknownName`.
    """
    if cfg.ablation not in (INTACT, *ABLATIONS, ALL):
        raise UnknownName("ablation", cfg.ablation, (INTACT, *ABLATIONS, ALL))
    if cfg.ablation != ALL:
        yield cfg.ablation, cfg
        return
    for kind in (INTACT, *ABLATIONS):
        changed: dict[str, Any] = {"ablation": kind}
        if kind != INTACT:
            changed["output_dir"] = str(Path(cfg.output_dir) / "ablations" / kind)
            changed["clips"] = 0
        variant = OmegaConf.merge(cfg, changed)
        assert isinstance(variant, DictConfig)
        yield kind, variant


def _play(cfg: DictConfig, rival: Finished | None) -> Run:
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    check_settings(cfg.num_envs, cfg.vectorization)
    if cfg.episodes != cfg.episodes_per_task:
        want = f"left alone: with a protocol say episodes_per_task={cfg.episodes}"
        raise BadSetting("episodes", cfg.episodes, want)
    cells = select(instantiate(config["protocol"]["levels"]), config["levels"], config["tasks"])
    checkpoint = fingerprint(config["policy"])
    spoilt = {} if cfg.ablation == INTACT else {"ablation": cfg.ablation}
    shared = {key: config[key] for key in _SETTINGS} | {"checkpoint": checkpoint} | spoilt
    plan = Plan(
        cells={cell: {**shared, "env": cell_env(config["env"], cell)} for cell in cells},
        episodes=cfg.episodes_per_task,
        seed=cfg.seed,
        workers=cfg.workers,
        num_envs=cfg.num_envs,
        episode_timeout_s=cfg.episode_timeout_s,
        clips=cfg.clips,
    )
    if rival is not None:  # before anything is played
        seeds = range(plan.seed, plan.seed + plan.episodes)
        env = {cell: settings["env"] for cell, settings in plan.cells.items()}
        check_alike(env, dict.fromkeys(env, seeds), rival)
    parts = Parts(
        make_env=partial(make_cell_env, config["env"], cfg.ablation),
        make_policy=partial(make_cell_policy, config["policy"], config["env"]),
        seed=cfg.seed,
        num_envs=cfg.num_envs,
        vectorization=cfg.vectorization,
    )
    facts = {
        "protocol": cfg.protocol.name,
        "policy": cfg.name,
        "execution": execution(config["policy"]),
        "ablation": cfg.ablation,
        "published": [*VIMA_BENCH] if comparable(config) else None,
    }
    pool = _pool(cfg, parts)
    name = cfg.name if cfg.ablation == INTACT else f"{cfg.name}, {cfg.ablation} spoilt"
    with progress(name, len(cells) * plan.episodes) as on_episode:
        return evaluate_cells(
            Path(cfg.output_dir),
            plan,
            pool,
            facts=facts,
            origin=provenance(config, checkpoint),
            on_episode=on_episode,
        )


def _pool(cfg: DictConfig, parts: Parts) -> Pool:
    threads = cfg.threads or max(1, usable_cores() // cfg.workers)
    if cfg.executor == "local":
        return Processes(parts, threads)
    if cfg.executor == "ray":
        from uio2_agent.evaluation.cluster import RayActors

        return RayActors(parts, cfg.workers, threads, cfg.gpus_per_worker)
    raise UnknownName("executor", cfg.executor, EXECUTORS)


def comparable(config: dict[str, Any]) -> bool:
    """Whether numbers can stand beside published ones: VIMA-Bench itself, asked as it asks.

    `config` is that of a rollout.
    """
    env = config["env"]
    real = any("VIMABench" in str(env.get(key)) for key in ("id", "env_id"))
    return real and env.get("prompt", "pictures") == "pictures" and config["ablation"] == INTACT
