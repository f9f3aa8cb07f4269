"""Pieces of work for the workers of a protocol, and what a worker says about them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from uio2_agent.errors import AgentError
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.clips import Clip
from uio2_agent.evaluation.ledger import Episode

# Small enough that workers end together, large enough that making environments costs little.
_LARGEST = 48
_PER_WORKER = 8


@dataclass(frozen=True)
class Shard:
    """Some episodes of one cell, played by one worker.

    Attributes:
        cell: Whose.
        numbers: Of the episodes, in the order they are begun.
        filmed: Whether their clips are wanted.
    """

    cell: Cell
    numbers: tuple[int, ...]
    filmed: bool = False


@dataclass(frozen=True)
class Ready:
    """The policy is loaded: the first episodes of the shard begin now."""


@dataclass(frozen=True)
class Played:
    """One episode is over; `clip` is its film if one was asked for."""

    episode: Episode
    clip: Clip | None = None


@dataclass(frozen=True)
class Finished:
    """The shard is done; `effort` has the fields of `rollout.Effort`."""

    effort: Mapping[str, float]


@dataclass(frozen=True)
class Failed:
    """Something that would fail in every episode; the run cannot go on."""

    error: AgentError


@dataclass(frozen=True)
class Died:
    """The worker is gone, with whatever it was playing."""

    reason: str


Message = Ready | Played | Finished | Failed | Died


def cut(missing: Mapping[Cell, Sequence[int]], workers: int, num_envs: int) -> list[Shard]:
    """Episodes still to play -> shards, none larger than lets `workers` end together."""
    total = sum(len(numbers) for numbers in missing.values())
    size = max(num_envs, min(_LARGEST, math.ceil(total / (_PER_WORKER * workers))))
    return [
        Shard(cell, tuple(numbers[start : start + size]))
        for cell, numbers in missing.items()
        for start in range(0, len(numbers), size)
    ]
