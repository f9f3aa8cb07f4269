"""Runs that are over, read back from their folders, and two of them compared."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uio2_agent.errors import BadEpisode, BadInput
from uio2_agent.evaluation.cells import CELLS_FOLDER, Cell
from uio2_agent.evaluation.ledger import (
    LEDGER_FILE,
    RUN_FILE,
    Episode,
    differences,
    read_lines,
)
from uio2_agent.evaluation.paired import Paired, pair

# Settings of an environment that have no part in what happens in an episode.
_CARRIED_OUT = {"oracle", "render_mode", "disable_env_checker", "python"}
_CARRIED_OUT |= {"timeout_s", "start_timeout_s"}
# What may differ, and is told: the same scenes with the instruction put differently.
_TOLD = {"prompt"}


@dataclass(frozen=True)
class Finished:
    """A run's episodes by cell, and the environment each was played in.

    A plain rollout has a single cell, of the level and task its environment was made with.
    """

    folder: Path
    episodes: Mapping[Cell, Sequence[Episode]]
    env: Mapping[Cell, Mapping[str, Any]]
    ablation: str = "none"


def read(folder: Path) -> Finished:
    """A rollout's or a protocol's folder.

    Raises:
        BadInput: There is no run.
        BadEpisode: A ledger or its settings are damaged.
    """
    within = sorted((folder / CELLS_FOLDER).glob(f"*/*/{LEDGER_FILE}"))
    paths = within or [folder / LEDGER_FILE]
    episodes: dict[Cell, Sequence[Episode]] = {}
    env: dict[Cell, Mapping[str, Any]] = {}
    ablation = "none"
    for path in paths:
        if not path.exists():
            want = "the folder of a run: one with ledger.jsonl, or with cells/"
            raise BadInput("folder", folder, want)
        settings = _settings(path.with_name(RUN_FILE))
        own = dict(settings["env"])
        cell = cell_of(own)
        known, _ = read_lines(path)
        episodes[cell] = [known[number] for number in sorted(known)]
        env[cell] = own
        ablation = settings.get("ablation", "none")
    return Finished(folder, episodes, env, ablation)


def cell_of(env: Mapping[str, Any]) -> Cell:
    """The cell of a rollout in an environment made with these settings."""
    return Cell(str(env.get("level", "")), str(env.get("task", "")))


def _settings(path: Path) -> Mapping[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
        return {**settings, "env": dict(settings["env"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "The ledger beside it cannot be compared without it"
        raise BadEpisode(str(path), f"not readable ({error})", remedy) from error


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same episodes.

    Attributes:
        cells: Paired outcomes of every cell.
        notes: How the runs differ besides the policy.
    """

    cells: Mapping[Cell, Paired]
    notes: Sequence[str] = ()

    @property
    def levels(self) -> dict[str, Paired]:
        return {
            level: total(paired for cell, paired in self.cells.items() if cell.level == level)
            for level in dict.fromkeys(cell.level for cell in self.cells)
        }

    @property
    def overall(self) -> Paired:
        """All episodes together: a pooled rate, where the headline is a mean over levels."""
        return total(self.cells.values())

    def numbers(self) -> dict[str, Any]:
        """`overall, levels {level}, cells {level: {task}}` as `Paired.numbers`, and `notes`."""
        cells: dict[str, dict[str, Any]] = {}
        for cell, paired in self.cells.items():
            cells.setdefault(cell.level, {})[cell.task] = paired.numbers()
        return {
            "overall": self.overall.numbers(),
            "levels": {level: paired.numbers() for level, paired in self.levels.items()},
            "cells": cells,
            "notes": [*self.notes],
        }


def compare(a: Finished, b: Finished) -> Comparison:
    """Pair the episodes of two runs by cell and seed.

    One may be longer than the other: its further episodes are left out, which `notes` tell.

    Raises:
        BadInput: They played other cells, in other environments, or from other seeds.
    """
    notes = check_alike(a.env, {c: [e.seed for e in a.episodes[c]] for c in a.episodes}, b)
    if a.ablation != b.ablation:
        notes.append(f"ablation: {a.ablation} in A, {b.ablation} in B")
    cells = {cell: pair_episodes(a.episodes[cell], b.episodes[cell]) for cell in a.episodes}
    return Comparison(cells, notes)


def check_alike(
    env: Mapping[Cell, Mapping[str, Any]], seeds: Mapping[Cell, Sequence[int]], b: Finished
) -> list[str]:
    """Whether `b` can be compared with a run A in these environments, be it over or to come.

    Returns what is not the same in both and yet no obstacle. Raises as `compare`.
    """
    if env.keys() != b.env.keys():
        told = f"A has {_names(env, b.env)}; B, {b.folder}, has {_names(b.env, env)}"
        raise BadInput("runs to compare", told, "the same levels and tasks in both")
    notes: list[str] = []
    for cell in env:
        found = [*differences(_deciding(env[cell]), _deciding(b.env[cell]), "env")]
        if found:
            raise BadInput("runs to compare", "; ".join(found), "the same environment in both")
        notes += [
            f"{key}: {env[cell].get(key)} in A, {b.env[cell].get(key)} in B"
            for key in sorted(_TOLD)
            if env[cell].get(key) != b.env[cell].get(key)
        ]
        in_a, in_b = {*seeds[cell]}, {episode.seed for episode in b.episodes[cell]}
        if not (in_a <= in_b or in_b <= in_a) or not in_a & in_b:
            got = f"{_range(in_a)} in A, {_range(in_b)} in B"
            raise BadInput(f"seeds of {cell}", got, "the same in both, or more of them in one")
        if in_a != in_b:
            notes.append(f"left out: {_range(in_a ^ in_b)} only in {'A' if in_a > in_b else 'B'}")
    return list(dict.fromkeys(notes))


def pair_episodes(a: Sequence[Episode], b: Sequence[Episode]) -> Paired:
    """Outcomes on the seeds that both have."""
    first, second = ({episode.seed: episode.success for episode in part} for part in (a, b))
    return pair((first[seed], second[seed]) for seed in first if seed in second)


def total(parts: Any) -> Paired:
    """Counts added up."""
    parts = list(parts)
    names = ("both", "only_a", "only_b", "neither")
    return Paired(*(sum(getattr(part, name) for part in parts) for name in names))


def _deciding(env: Mapping[str, Any]) -> dict[str, Any]:
    out = _CARRIED_OUT | _TOLD
    return {
        key: _deciding(value) if isinstance(value, Mapping) else value
        for key, value in env.items()
        if key not in out
    }


def _names(ours: Mapping[Cell, Any], other: Mapping[Cell, Any]) -> str:
    extra = [str(cell) for cell in ours if cell not in other]
    return f"{', '.join(extra[:3])}{' …' if len(extra) > 3 else ''}" if extra else "nothing else"


def _range(seeds: set[int]) -> str:
    return f"{len(seeds)} seeds {min(seeds)} … {max(seeds)}" if seeds else "no seeds"
