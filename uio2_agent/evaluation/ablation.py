"""Does a policy read its prompt? The same episodes with the prompt spoilt in one way each.

The task, its goals and the oracle stay as they are; only what the policy is told changes. If it
succeeds as often when told nonsense, it does not listen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.finished import Comparison, pair_episodes
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.interface import ABLATED

# Kind -> what one learns about when it is spoilt.
_SPOILT = {
    "pictures": "its pictures",
    "words": "the order of its words",
    "nonsense": "its words",
}
_SIGNIFICANT = 0.05

Episodes = Mapping[Cell, Sequence[Episode]]


def applicable(intact: Episodes, ablated: Episodes) -> tuple[Comparison, int]:
    """Intact (A) against ablated (B), and how many episodes are left out.

    Left out are those whose prompt could not be spoilt: there is nothing to learn from them.
    """
    cells, left_out = {}, 0
    for cell, episodes in ablated.items():
        used = [episode for episode in episodes if episode.metrics.get(ABLATED, 1.0)]
        left_out += len(episodes) - len(used)
        seeds = {episode.seed for episode in used}
        cells[cell] = pair_episodes([e for e in intact[cell] if e.seed in seeds], used)
    return Comparison({cell: paired for cell, paired in cells.items() if paired.n}), left_out


def ablations(intact: Episodes, ablated: Mapping[str, Episodes]) -> dict[str, Any]:
    """`{kind: {success_rate, intact_rate, left_out, paired, reads, verdict}}`, JSON-able.

    Rates are over the episodes whose prompt could be spoilt, pooled; `paired` is
    `Comparison.numbers` of intact (A) against spoilt (B); `reads` is whether A is better beyond
    chance (p < 0.05), None without episodes.
    """
    table = {}
    for kind, episodes in ablated.items():
        comparison, left_out = applicable(intact, episodes)
        overall = comparison.overall
        reads = None
        if overall.n:
            reads = overall.p < _SIGNIFICANT and overall.only_a > overall.only_b
        table[kind] = {
            "intact_rate": (overall.both + overall.only_a) / overall.n if overall.n else None,
            "success_rate": (overall.both + overall.only_b) / overall.n if overall.n else None,
            "left_out": left_out,
            "paired": comparison.numbers(),
            "reads": reads,
            "verdict": _verdict(kind, reads, overall.p),
        }
    return table


def _verdict(kind: str, reads: bool | None, p: float) -> str:
    what = _SPOILT[kind]
    if reads is None:
        return f"no prompt here has {what} to spoil"
    told = f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"
    return f"reads {what} ({told})" if reads else f"no sign that it reads {what} ({told})"
