"""Results as tables on a terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from uio2_agent.evaluation.finished import Comparison
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.report import Run, metric_names, metric_rows, spoken, table_rows
from uio2_agent.evaluation.report_matrix import caveats
from uio2_agent.evaluation.report_parts import interval, percent
from uio2_agent.evaluation.report_tests import ablation_rows, comparison_rows, shown

_TIGHT: dict[str, Any] = {"box": SIMPLE_HEAD, "pad_edge": False, "collapse_padding": True}
_REASONS = 3  # that are printed; the report has them all
_BLANK = "\N{NO-BREAK SPACE}"
_INTERVAL_AND_P = (f"95{_BLANK}% interval", "p")
_PAIRED = ("only A", "only B", f"A{_BLANK}−{_BLANK}B", *_INTERVAL_AND_P)
_DISCORDANT = ("only intact", "only spoilt", "effect", *_INTERVAL_AND_P)


def print_runs(runs: Sequence[Run], page: Path) -> None:
    """Success of every run, why episodes ended in errors, what else was measured, the report."""
    grouped = any(run.group for run in runs)
    table = Table("prompt", "policy", "success", "95 % interval", "errors", "episodes")
    for row in table_rows(runs):
        table.add_row(*row)
    table.columns[0].no_wrap = True
    if not grouped:
        del table.columns[0]
    Console().print(table)
    print_reasons(episode for run in runs for episode in run.episodes)
    if names := metric_names(runs):
        _print_metrics(runs, names, grouped)
    print_page(page)


def print_reasons(episodes: Iterable[Episode]) -> None:
    """Why episodes ended in errors, the most frequent reasons first; nothing if none did."""
    reasons = Counter(e.error for e in episodes if e.error is not None)
    for reason, count in reasons.most_common(_REASONS):
        line = f"{count} × {reason}"
        Console().print(line, soft_wrap=True, highlight=False, markup=False, style="red")


def _print_metrics(runs: Sequence[Run], names: Sequence[str], grouped: bool) -> None:
    """A row for each metric, so that figures stay whole however many there are."""
    rows = [*metric_rows(runs)]
    table = Table("", *(" ".join(row[not grouped : 2]) for row in rows), **_TIGHT)
    for number, name in enumerate(names, start=2):
        table.add_row(spoken(name), *(row[number] for row in rows))
    _print_tight(table)
    Console().print("means ± half their 95 % interval", highlight=False)


def print_page(page: Path) -> None:
    Console().print(f"report: {page}", soft_wrap=True, highlight=False)


def print_matrix(name: str, result: Mapping[str, Any]) -> None:
    """Tasks × levels in percent, levels with intervals, and what was published beside them."""
    levels, cells = result["levels"], result["cells"]
    table = Table(f"success,{_BLANK}%", *(shown(level) for level in levels), "mean", **_TIGHT)
    for task in dict.fromkeys(task for tasks in cells.values() for task in tasks):
        table.add_row(shown(task), *(_cell(cells[level].get(task)) for level in levels))
    table.add_section()
    table.add_row(
        f"{name}, {result['execution']}",
        *(_percent(numbers["success_rate"]) for numbers in levels.values()),
        _percent(result["success_rate"]),
        style="bold",
    )
    intervals = [numbers["interval95"] for numbers in levels.values()]
    table.add_row("95 % interval", *map(_interval, [*intervals, result["interval95"]]))
    for row in result["published"] or ():
        rates = [row["levels"].get(level) for level in levels]
        figures = [f"{rate:.1f}" if rate is not None else "" for rate in rates]
        table.add_row(f"published: {row['name']}", *figures, f"{row['mean']:.1f}", style="dim")
    _print_tight(table)
    errors = f", {result['errors']} of them errors" if result["errors"] else ""
    console = Console()
    console.print(f"{result['episodes']} episodes{errors}", highlight=False)
    for line in caveats(result):
        console.print(f"note: {line}", highlight=False)


def print_comparison(comparison: Comparison, a: str, b: str) -> None:
    """A paired test; `a` and `b` say what the runs are."""
    Console().print(f"A: {a}\nB: {b}", soft_wrap=True, highlight=False)
    table = Table("", "A", "B", *_PAIRED, **_TIGHT)
    for row in comparison_rows(comparison):
        table.add_row(*row)
    _print_tight(table)
    for line in comparison.notes:
        Console().print(f"note: {line}", highlight=False)


def print_ablations(ablations: Mapping[str, Mapping[str, Any]]) -> None:
    table = Table("spoilt", "intact", "spoilt", *_DISCORDANT, "left out", **_TIGHT)
    verdicts = []
    for *row, verdict in ablation_rows(ablations):
        table.add_row(*row)
        verdicts.append(f"{row[0]} spoilt: {verdict}")
    _print_tight(table)
    for line in verdicts:
        Console().print(line, highlight=False)


def _cell(numbers: Mapping[str, Any] | None) -> str:
    if numbers is None or numbers["success_rate"] is None:
        return ""
    wrong = f" ({numbers['errors']} errors)" if numbers["errors"] else ""
    return _percent(numbers["success_rate"]) + wrong


def _percent(rate: float | None) -> str:
    return percent(rate, 1).removesuffix(" %")


def _interval(bounds: Sequence[float]) -> str:
    return interval(bounds).removesuffix(" %").replace(" ", "")


def _print_tight(table: Table) -> None:
    for column in table.columns:
        # Figures stay whole on a narrow terminal: headers take several lines instead.
        column.header = str(column.header).replace(" ", "\n")
        column.no_wrap = True
    Console().print(table)
