"""Cells -> levels -> one number, as VIMA's authors average: over tasks, then over levels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.intervals import weighted95
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.result import summary

Cells = Mapping[Cell, Sequence[Episode]]


def matrix(cells: Cells) -> dict[str, Any]:
    """`success_rate, interval95, episodes, successes, errors, levels, cells`.

    `success_rate` is the unweighted mean of the levels', a level's that of its tasks'; their
    `interval95` are of those means (`intervals.weighted95`). `levels[level]` has the same numbers
    and `tasks`, how many there are. `cells[level][task]` is what `result.summary` says of a run.
    None stands for a rate of something in which no episode was played.
    """
    by_level: dict[str, dict[str, Sequence[Episode]]] = {}
    for cell, episodes in cells.items():
        by_level.setdefault(cell.level, {})[cell.task] = episodes
    levels = {level: _level(list(tasks.values())) for level, tasks in by_level.items()}
    weights = {level: 1 / (len(by_level) * len(tasks)) for level, tasks in by_level.items()}
    strata = [(weights[cell.level], _successes(e), len(e)) for cell, e in cells.items()]
    return {
        "success_rate": _mean([numbers["success_rate"] for numbers in levels.values()]),
        "interval95": [*weighted95(strata)],
        **_counts(list(cells.values())),
        "levels": levels,
        "cells": {
            level: {task: summary(episodes) for task, episodes in tasks.items()}
            for level, tasks in by_level.items()
        },
    }


def _level(tasks: Sequence[Sequence[Episode]]) -> dict[str, Any]:
    rates = [_successes(episodes) / len(episodes) if episodes else None for episodes in tasks]
    strata = [(1 / len(tasks), _successes(episodes), len(episodes)) for episodes in tasks]
    return {
        "success_rate": _mean(rates),
        "interval95": [*weighted95(strata)],
        "tasks": len(tasks),
        **_counts(tasks),
    }


def _counts(tasks: Sequence[Sequence[Episode]]) -> dict[str, int]:
    episodes = [episode for part in tasks for episode in part]
    return {
        "episodes": len(episodes),
        "successes": _successes(episodes),
        "errors": sum(episode.error is not None for episode in episodes),
    }


def _successes(episodes: Sequence[Episode]) -> int:
    return sum(episode.success for episode in episodes)


def _mean(rates: Sequence[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(rates) else None
