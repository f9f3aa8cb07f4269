"""The numbers of a run: `result.json`."""

from collections.abc import Iterable, Mapping
from typing import Any

from uio2_agent.evaluation.intervals import mean_ci95, wilson95
from uio2_agent.evaluation.ledger import Episode

RESULT_FILE = "result.json"


def summary(episodes: Iterable[Episode]) -> dict[str, Any]:
    """`episodes, successes, success_rate, wilson95, errors, metrics` of some episodes.

    `success_rate` is 0–1 over all episodes, those that raised included; None if there are none.
    `metrics` holds `steps`, `reward` and whatever the environment measures, each over the
    episodes that ended properly.
    """
    episodes = list(episodes)
    n, successes = len(episodes), sum(e.success for e in episodes)
    values: dict[str, list[float]] = {}
    for episode in episodes:
        if episode.error is None:
            own = {"steps": episode.steps, "reward": episode.reward, **episode.metrics}
            for name, value in own.items():
                values.setdefault(name, []).append(value)
    return {
        "episodes": n,
        "successes": successes,
        "success_rate": successes / n if n else None,
        "wilson95": [*wilson95(successes, n)],
        "errors": sum(e.error is not None for e in episodes),
        "metrics": {name: mean_ci95(values[name]) for name in sorted(values)},
    }


def result(
    episodes: Iterable[Episode], effort: Mapping[str, float], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """The whole of `result.json`.

    Args:
        episodes: Finished ones.
        effort: Fields of `rollout.Effort`, summed over the run's sittings.
        provenance: As `provenance.provenance` returns it.

    `env_steps_per_s` counts time in the environments' `step` only (pictures for clips included),
    `decisions_per_s` time in the policy only.
    """
    episodes = list(episodes)
    tasks = sorted({episode.task for episode in episodes})
    return {
        **summary(episodes),
        "per_task": {task: summary(e for e in episodes if e.task == task) for task in tasks},
        "env_steps_per_s": rate(effort, "env_steps", "env_seconds"),
        "decisions_per_s": rate(effort, "decisions", "policy_seconds"),
        "provenance": dict(provenance),
    }


def rate(effort: Mapping[str, float], count: str, seconds: str) -> float | None:
    """How many per second; None where no time was spent."""
    return effort[count] / effort[seconds] if effort.get(seconds) else None
