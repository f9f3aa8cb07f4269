"""A protocol in a folder: all its cells played by workers, then what they amount to.

`cells/<level>/<task>/` is a run like any other, with its ledger, its `result.json` and films of
failures. `result.json` beside `cells` is about all of them:

* what was asked for: `protocol`, `policy`, `execution` ("one-shot" or "closed loop"), `ablation`,
  `published` (rows to stand beside it, or None where the numbers cannot be compared);
* what came of it: `success_rate, interval95, episodes, successes, errors, levels, cells`, see
  `matrix.matrix`; `env_steps_per_s, decisions_per_s` (per second of one worker), `provenance`;
* where asked for: `ablations` (`ablation.ablations`), `against` (`finished.Comparison.numbers`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uio2_agent.errors import BadSetting
from uio2_agent.evaluation import clips
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.ledger import Episode, Ledger
from uio2_agent.evaluation.matrix import matrix
from uio2_agent.evaluation.processes import Pool
from uio2_agent.evaluation.result import RESULT_FILE, rate, result
from uio2_agent.evaluation.run import check_episodes
from uio2_agent.evaluation.schedule import Schedule
from uio2_agent.evaluation.shards import Finished, Shard, cut
from uio2_agent.storage import write_json


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the cells of a protocol are played.

    Attributes:
        cells: Each with the settings its ledger is kept under.
        episodes: Of every cell.
        seed: Of episode 0 of every cell.
        workers: How many play at once.
        num_envs: Episodes a worker plays at once.
        episode_timeout_s: Wall-clock limit of an episode, or None.
        clips: Failures per cell that are played again for the report.
    """

    cells: Mapping[Cell, Mapping[str, Any]]
    episodes: int
    seed: int
    workers: int = 1
    num_envs: int = 1
    episode_timeout_s: float | None = None
    clips: int = 0

    def __post_init__(self) -> None:
        check_episodes(self.episodes, self.seed)
        for name, least in (("workers", 1), ("num_envs", 1), ("clips", 0)):
            if getattr(self, name) < least:
                raise BadSetting(name, getattr(self, name), f"at least {least}")
        if self.episode_timeout_s is not None and not self.episode_timeout_s > 0:
            raise BadSetting("episode_timeout_s", self.episode_timeout_s, "more than 0, or null")


@dataclass(frozen=True)
class Run:
    """A protocol that is done.

    Attributes:
        folder: Where everything is.
        result: What its `result.json` holds.
        episodes: Of every cell.
    """

    folder: Path
    result: Mapping[str, Any]
    episodes: Mapping[Cell, Sequence[Episode]]


def evaluate_cells(
    folder: Path,
    plan: Plan,
    pool: Pool,
    *,
    facts: Mapping[str, Any] | None = None,
    origin: Mapping[str, Any] | None = None,
    on_episode: Callable[[Episode], None] = lambda episode: None,
) -> Run:
    """Play what the ledgers below `folder` lack and write results; resumable like `run.evaluate`.

    Args:
        folder: Of the whole.
        plan: What is played.
        pool: Plays it; closed here.
        facts: Further entries of the result.
        origin: Becomes `provenance` in the results.
        on_episode: Told of every episode, first of those already in a ledger.

    Raises:
        RunMismatch: A cell's folder holds a run with other settings.
        WorkerLost, AgentError: As `schedule.Schedule`; what is finished is kept.
        CannotWrite: The disk is full; the ledgers are intact.
    """
    with _closing(pool), _ledgers(folder, plan) as ledgers:
        for ledger in ledgers.values():
            for known in ledger.first(plan.episodes):
                on_episode(known)
        _play(plan, pool, ledgers, on_episode)
        _film(plan, pool, ledgers)
        episodes = {cell: ledger.first(plan.episodes) for cell, ledger in ledgers.items()}
        for cell, ledger in ledgers.items():
            own = result(episodes[cell], ledger.effort, origin or {})
            write_json(ledger.folder / RESULT_FILE, own)
        effort = _sum(ledger.effort for ledger in ledgers.values())
    outcome = {
        **(facts or {}),
        **matrix(episodes),
        "env_steps_per_s": rate(effort, "env_steps", "env_seconds"),
        "decisions_per_s": rate(effort, "decisions", "policy_seconds"),
        "provenance": dict(origin or {}),
    }
    write_json(folder / RESULT_FILE, outcome)
    return Run(folder, outcome, episodes)


@contextmanager
def _closing(pool: Pool) -> Iterator[None]:
    try:
        yield
    finally:
        pool.close()


@contextmanager
def _ledgers(folder: Path, plan: Plan) -> Iterator[dict[Cell, Ledger]]:
    with ExitStack() as stack:
        yield {
            cell: stack.enter_context(Ledger(cell.folder(folder), settings))
            for cell, settings in plan.cells.items()
        }


def _play(
    plan: Plan,
    pool: Pool,
    ledgers: Mapping[Cell, Ledger],
    on_episode: Callable[[Episode], None],
) -> None:
    missing = {
        cell: [number for number in range(plan.episodes) if number not in ledger]
        for cell, ledger in ledgers.items()
    }
    for cell, told in _schedule(plan, pool, cut(missing, plan.workers, plan.num_envs)):
        if isinstance(told, Finished):
            ledgers[cell].add_effort(told.effort)
        else:
            ledgers[cell].append(told.episode)
            on_episode(told.episode)


def _film(plan: Plan, pool: Pool, ledgers: Mapping[Cell, Ledger]) -> None:
    """Play the first failures of every cell once more, now that one knows which they are.

    The same seed is the same episode. What fell over is not tried again, and what succeeds this
    time (only a clock in the environment could do that) is not shown as a failure.
    """
    shards = []
    for cell, ledger in ledgers.items():
        failed = [e for e in ledger.first(plan.episodes) if not e.success and e.error is None]
        shown = [e.episode for e in failed[: plan.clips]]
        if wanted := tuple(number for number in shown if not clips.kept(ledger.folder, number)):
            shards.append(Shard(cell, wanted, filmed=True))
    for cell, told in _schedule(plan, pool, shards):
        if not isinstance(told, Finished) and told.clip and not told.episode.success:
            clips.keep(ledgers[cell].folder, told.episode.episode, told.clip)


def _schedule(plan: Plan, pool: Pool, shards: Sequence[Shard]) -> Schedule:
    return Schedule(
        pool,
        shards,
        workers=plan.workers,
        num_envs=plan.num_envs,
        seed=plan.seed,
        episode_timeout_s=plan.episode_timeout_s,
    )


def _sum(efforts: Iterator[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for effort in efforts:
        for name, amount in effort.items():
            total[name] = total.get(name, 0) + amount
    return total
