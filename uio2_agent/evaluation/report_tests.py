"""Sections of a report about tests: against another run, and whether the prompt is read."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from uio2_agent.evaluation import report_parts as parts
from uio2_agent.evaluation.finished import Comparison
from uio2_agent.evaluation.paired import Paired

_PAIRED = (
    "A minus B in percentage points, on the same seeds, with Newcombe’s paired 95 % interval; p is "
    "McNemar’s exact test on the episodes in which only one of them succeeded."
)


def shown(level: str) -> str:
    """A level's or a task's name for people."""
    return level.removesuffix("_generalization").replace("_", " ")


def comparison_rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """What, success of A, of B, only A, only B, difference, interval, p; also for a terminal."""
    if len(comparison.cells) > 1:
        yield "all episodes", *_paired(comparison.overall)
        if len(comparison.levels) > 1:
            for level, paired in comparison.levels.items():
                yield shown(level), *_paired(paired)
    else:
        for cell, paired in comparison.cells.items():
            yield shown(cell.task or "all"), *_paired(paired)


def comparison_section(comparison: Comparison, a: str, b: str) -> str:
    head = ["", f"A: {escape(a)}", f"B: {escape(b)}", "only A", "only B"]
    rows = [[escape(cell) for cell in row] for row in comparison_rows(comparison)]
    notes = "".join(parts.note(line) for line in comparison.notes)
    return (
        "<h2>Paired test</h2>"
        + parts.table([*head, "difference", "95 % interval", "p"], rows)
        + parts.note(_PAIRED)
        + notes
    )


def ablation_rows(ablations: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Kind, what `_paired` says of intact and spoilt, left out, verdict; also for a terminal."""
    for kind, numbers in ablations.items():
        counts = numbers["paired"]["overall"]
        paired = Paired(*(counts[key] for key in ("both", "only_a", "only_b", "neither")))
        yield kind, *_paired(paired), str(numbers["left_out"]), numbers["verdict"]


def ablation_section(ablations: Mapping[str, Mapping[str, Any]]) -> str:
    head = ["spoilt", "intact", "spoilt", "only intact", "only spoilt", "difference"]
    rows = [
        [escape(cell) for cell in row[:-1]] + [f"<b>{escape(row[-1])}</b>"]
        for row in ablation_rows(ablations)
    ]
    said = (
        "The same episodes with the prompt spoilt: its pictures change places, its words change "
        "places, or every word is a made-up one. Intact minus spoilt in percentage points, pooled "
        "over episodes; those with nothing to spoil are left out. No sign of a difference is no "
        "proof that there is none: the interval says how large it could be."
    )
    return (
        "<h2>Does it read its prompt?</h2>"
        + parts.table([*head, "95 % interval", "p", "left out", ""], rows, "ablations")
        + parts.note(said)
    )


def _paired(paired: Paired) -> tuple[str, ...]:
    n = paired.n
    rate_a = (paired.both + paired.only_a) / n if n else None
    rate_b = (paired.both + paired.only_b) / n if n else None
    return (
        parts.percent(rate_a, 1),
        parts.percent(rate_b, 1),
        str(paired.only_a),
        str(paired.only_b),
        *parts.points(paired),
        parts.probability(paired.p),
    )
