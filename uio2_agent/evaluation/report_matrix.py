"""The page of a protocol: tasks × levels, levels with intervals, tests, and films of failures."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from uio2_agent.evaluation import clips
from uio2_agent.evaluation import report_parts as parts
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.protocol import Run
from uio2_agent.evaluation.report_tests import shown
from uio2_agent.storage import write_whole

_CELL = "47 111 222"  # the colour of success; how much of it says how often
_WHITE_FROM = 0.6  # above this rate the figure is written white


def write(path: Path, run: Run, title: str, sections: Sequence[str] = ()) -> None:
    """Write the page, whole or not at all. Raises `CannotWrite`."""
    write_whole(path, page(run, title, sections, path.parent).encode())


def page(run: Run, title: str, sections: Sequence[str] = (), folder: Path = Path()) -> str:
    """The page that will lie in `folder`.

    `sections` are HTML of `report_tests`, shown between numbers and failures.
    """
    result = run.result
    return parts.document(
        title,
        parts.origin(result["provenance"])
        + _headline(result)
        + _levels(result)
        + _matrix(result)
        + "".join(sections)
        + _failures(run, folder)
        + "<h2>Provenance</h2>"
        + parts.details("settings, versions, machine", result["provenance"]),
    )


def caveats(result: Mapping[str, Any]) -> list[str]:
    """What a reader must know to take the numbers for what they are."""
    told = []
    if result.get("published") is None:
        told.append(
            "Not comparable with published VIMA-Bench numbers: another simulator, or other prompts."
        )
    elif result.get("execution") != "one-shot":
        told.append(
            "Unified-IO 2’s published rows are one-shot (policy.replan=plan); this run is not."
        )
    if result.get("ablation", "none") != "none":
        told.append(f"The prompt was spoilt on purpose: {result['ablation']}.")
    return told


def _headline(result: Mapping[str, Any]) -> str:
    tiles = [
        (parts.percent(result["success_rate"], 1), "success, mean of the levels"),
        (parts.interval(result["interval95"]), "95 % interval"),
        (str(result["episodes"]), f"episodes in {_count(result)} cells"),
        (str(result["errors"]), "errors"),
        (str(result.get("execution", "–")), "execution"),
    ]
    shown_tiles = "".join(
        f"<div><b>{escape(value)}</b><span>{escape(what)}</span></div>" for value, what in tiles
    )
    notes = "".join(parts.note(line) for line in caveats(result))
    return f'<div class="tiles">{shown_tiles}</div>{notes}'


def _count(result: Mapping[str, Any]) -> int:
    return sum(len(tasks) for tasks in result["cells"].values())


def _levels(result: Mapping[str, Any]) -> str:
    rows = []
    whole = {"tasks": "", **result}
    for level, numbers in [*result["levels"].items(), ("mean of the levels", whole)]:
        rows.append(
            [
                f"<b>{escape(shown(level))}</b>",
                f"<b>{parts.percent(numbers['success_rate'], 1)}</b>",
                parts.interval(numbers["interval95"]),
                parts.bar(numbers["success_rate"], numbers["interval95"]),
                str(numbers["tasks"]),
                str(numbers["episodes"]),
                parts.count_of_errors(numbers["errors"]),
                *(
                    f"{row['levels'][level]:.1f}"
                    for row in _beside(result)
                    if level in row["levels"]
                ),
                *(f"{row['mean']:.1f}" for row in _beside(result) if level not in result["levels"]),
            ]
        )
    names = [escape(row["name"]) for row in _beside(result)]
    head = ["level", "success", "95 % interval", "", "tasks", "episodes", "errors", *names]
    said = (
        "A level is the unweighted mean of its tasks; its interval (Wilson’s of each task, carried "
        "over to the mean) says how much other seeds would change it, not other tasks."
    )
    means = [
        f"{row['name']} {row['mean']:.1f}"
        for row in result.get("published") or []
        if not row["levels"]
    ]
    if means:
        said += f" Published means of the four levels only: {', '.join(means)}."
    return f"<h2>Levels</h2>{parts.table(head, rows, 'levels')}{parts.note(said)}"


def _beside(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Published rows by level, if the run can stand beside them."""
    return [row for row in result.get("published") or [] if row["levels"]]


def _matrix(result: Mapping[str, Any]) -> str:
    cells = result["cells"]
    tasks = dict.fromkeys(task for level in cells.values() for task in level)
    rows = []
    for task in tasks:
        row = "".join(_cell(cells[level].get(task)) for level in cells)
        rows.append(f"<tr><th>{escape(shown(task))}</th>{row}</tr>")
    head = "".join(f"<th>{escape(shown(level))}</th>" for level in cells)
    return (
        '<h2>Tasks</h2><div class="wide"><table class="matrix">'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        + parts.note("Successes of episodes; hover for Wilson’s 95 % interval.")
    )


def _cell(numbers: Mapping[str, Any] | None) -> str:
    if numbers is None or numbers["success_rate"] is None:
        return '<td class="none"></td>'
    rate = numbers["success_rate"]
    kind = ' class="full"' if rate >= _WHITE_FROM else ""
    errors = numbers["errors"]
    wrong = f'<em class="bad">{errors} error{"" if errors == 1 else "s"}</em>' if errors else ""
    return (
        f'<td{kind} style="background:rgb({_CELL} / {0.06 + 0.84 * rate:.2f})" '
        f'title="{parts.interval(numbers["wilson95"])}"><b>{parts.percent(rate)}</b>'
        f"<small>{numbers['successes']} / {numbers['episodes']}</small>{wrong}</td>"
    )


def _failures(run: Run, page_folder: Path) -> str:
    blocks = []
    for cell, episodes in run.episodes.items():
        folder = cell.folder(run.folder)
        cards = [
            _card(episode, uri, clips.player(folder, episode.episode, page_folder))
            for episode in episodes
            if not episode.success and (uri := clips.data_uri(folder, episode.episode))
        ]
        fell = [escape(f"seed {e.seed}: {e.error}") for e in episodes if e.error]
        errors = f'<p class="bad">{"<br>".join(fell)}</p>' if fell else ""
        if cards or fell:
            failed = sum(not episode.success for episode in episodes)
            name = f"{shown(cell.level)} · {shown(cell.task)}: {failed} of {len(episodes)} failed"
            inside = f'{errors}<div class="single">{"".join(cards)}</div>'
            blocks.append(
                f'<details class="failures"><summary>{escape(name)}</summary>{inside}</details>'
            )
    return f"<h2>Failures</h2>{''.join(blocks)}" if blocks else ""


def _card(episode: Episode, uri: str, sound: clips.Player | None) -> str:
    return (
        f'<section class="episode"><p class="prompt">{escape(episode.prompt)}</p>'
        f'<div class="cards">{parts.card("", episode, uri, sound)}</div></section>'
    )
