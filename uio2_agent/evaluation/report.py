"""One page that shows a run, or several side by side: numbers with intervals, then episodes.

The page is self-contained: style and pictures are inside, nothing is loaded from anywhere. Only
long sounds stay the files they are, in the runs' folders (`clips.player`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from uio2_agent.evaluation import clips
from uio2_agent.evaluation import report_parts as parts
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.interface import ABLATED
from uio2_agent.storage import write_whole

REPORT_FILE = "report.html"
_EVERYWHERE = ("steps", "reward", ABLATED)  # metrics that are not of an environment's own


@dataclass(frozen=True)
class Run:
    """What a report shows of a run.

    Attributes:
        name: Usually the policy's; unique within its group.
        folder: Where its clips are.
        result: What `result.json` holds.
        episodes: Its ledger.
        group: Runs of a group played the same episodes and are shown side by side.
    """

    name: str
    folder: Path
    result: Mapping[str, Any]
    episodes: Sequence[Episode]
    group: str = ""


def write(
    path: Path, runs: Sequence[Run], title: str = "Rollout", sections: Sequence[str] = ()
) -> None:
    """Write the page, whole or not at all. Raises `CannotWrite`."""
    write_whole(path, page(runs, title, sections, path.parent).encode())


def page(
    runs: Sequence[Run],
    title: str = "Rollout",
    sections: Sequence[str] = (),
    folder: Path = Path(),
) -> str:
    """The page that will lie in `folder`.

    `sections` are HTML of `report_tests`, shown between numbers and episodes.
    """
    groups = list(dict.fromkeys(run.group for run in runs))
    episodes = "".join(
        _episodes(group, [r for r in runs if r.group == group], folder) for group in groups
    )
    provenance = "".join(
        parts.details(
            " · ".join(part for part in (run.group, run.name) if part), run.result["provenance"]
        )
        for run in runs
    )
    return parts.document(
        title,
        f"{parts.origin(runs[0].result['provenance'])}{_table(runs)}{''.join(sections)}{episodes}"
        f"<h2>Provenance</h2>{provenance}",
    )


def _table(runs: Sequence[Run]) -> str:
    grouped = any(run.group for run in runs)
    head = (["prompt"] if grouped else []) + ["policy", "task", "success", "95 % interval", ""]
    metrics = metric_names(runs)
    head += [escape(spoken(name)) for name in metrics]
    head += ["episodes", "errors", "mean steps", "env steps/s", "decisions/s"]
    rows = []
    for run in runs:
        tasks = run.result["per_task"]
        lines = [("all" if len(tasks) > 1 else next(iter(tasks), ""), run.result)]
        lines += [*tasks.items()] if len(tasks) > 1 else []
        for line, (task, numbers) in enumerate(lines):
            speed = run.result if line == 0 else {}
            rows.append(
                ([escape(run.group)] if grouped else [])
                + [
                    f"<b>{escape(run.name)}</b>" if line == 0 else "",
                    escape(task),
                    f"<b>{parts.percent(numbers['success_rate'])}</b>",
                    parts.interval(numbers["wilson95"]),
                    parts.bar(numbers["success_rate"], numbers["wilson95"]),
                    *(parts.measured(numbers["metrics"].get(name)) for name in metrics),
                    str(numbers["episodes"]),
                    parts.count_of_errors(numbers["errors"]),
                    parts.number(numbers["metrics"].get("steps", {}).get("mean")),
                    parts.number(speed.get("env_steps_per_s")),
                    parts.number(speed.get("decisions_per_s")),
                ]
            )
    said = "The bar spans Wilson’s 95 % interval, the mark is the rate observed."
    if metrics:
        said += " Metrics are means over the episodes without error, ± half their 95 % interval."
    return parts.table(head, rows) + parts.note(said)


def _episodes(group: str, runs: Sequence[Run], page_folder: Path) -> str:
    """Every episode with a clip; those of several runs in one row, under one prompt."""
    shown: dict[int, list[str]] = {}
    prompts: dict[int, str] = {}
    for run in runs:
        for episode in run.episodes:
            if uri := clips.data_uri(run.folder, episode.episode):
                name = run.name if len(runs) > 1 else ""
                sound = clips.player(run.folder, episode.episode, page_folder)
                shown.setdefault(episode.episode, []).append(parts.card(name, episode, uri, sound))
                prompts.setdefault(episode.episode, episode.prompt)
    if not shown:
        return ""
    heading = f"Episodes: {escape(group)}" if group else "Episodes"
    blocks = "".join(
        f'<section class="episode"><p class="prompt">{escape(prompts[number])}</p>'
        f'<div class="cards">{"".join(cards)}</div></section>'
        for number, cards in sorted(shown.items())
    )
    kind = "several" if len(runs) > 1 else "single"
    return f'<h2>{heading}</h2><div class="{kind}">{blocks}</div>'


def table_rows(runs: Sequence[Run]) -> Iterator[tuple[str, ...]]:
    """Group, name, success, interval, errors, episodes of every run, for a terminal's table."""
    for run in runs:
        numbers = run.result
        yield (
            run.group,
            run.name,
            parts.percent(numbers["success_rate"]),
            parts.interval(numbers["wilson95"]),
            str(numbers["errors"]),
            str(numbers["episodes"]),
        )


def metric_names(runs: Sequence[Run]) -> list[str]:
    """What the environments of these runs measure of their own, in alphabetical order."""
    return sorted({name for run in runs for name in run.result["metrics"]} - {*_EVERYWHERE})


def metric_rows(runs: Sequence[Run]) -> Iterator[tuple[str, ...]]:
    """Group, name, and each of `metric_names` with its interval, for a terminal's table."""
    for run in runs:
        numbers = run.result["metrics"]
        cells = (parts.measured(numbers.get(name)) for name in metric_names(runs))
        yield (run.group, run.name, *cells)


def spoken(metric: str) -> str:
    return metric.replace("_", " ")
