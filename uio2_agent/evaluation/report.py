"""One page that shows a run, or several side by side: numbers with intervals, then episodes.

The page is self-contained: style and pictures are inside, nothing is loaded from anywhere.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from uio2_agent.evaluation import clips
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.report_style import STYLE
from uio2_agent.storage import write_whole

REPORT_FILE = "report.html"


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


def write(path: Path, runs: Sequence[Run], title: str = "Rollout") -> None:
    """Write the page, whole or not at all. Raises `CannotWrite`."""
    write_whole(path, page(runs, title).encode())


def page(runs: Sequence[Run], title: str = "Rollout") -> str:
    groups = list(dict.fromkeys(run.group for run in runs))
    episodes = "".join(_episodes(group, [r for r in runs if r.group == group]) for group in groups)
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>{_origin(runs[0])}"
        f"{_table(runs)}{episodes}{_details(runs)}</main></body></html>\n"
    )


def percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.0f} %"


def interval(bounds: Sequence[float]) -> str:
    return f"{100 * bounds[0]:.0f} – {100 * bounds[1]:.0f} %"


def _origin(run: Run) -> str:
    origin = run.result["provenance"]
    machine = origin["machine"]
    facts = [
        f"uio2-agent {origin['uio2_agent']}",
        origin["date"][:16].replace("T", " ") + " UTC",
        f"{machine['processor']}, {machine['cores']} cores",
    ]
    return f'<p class="origin">{escape(" · ".join(facts))}</p>'


def _table(runs: Sequence[Run]) -> str:
    grouped = any(run.group for run in runs)
    head = (["prompt"] if grouped else []) + ["policy", "task", "success", "95 % interval", ""]
    head += ["episodes", "errors", "mean steps", "env steps/s", "decisions/s"]
    rows = []
    for run in runs:
        tasks = run.result["per_task"]
        lines = [("all" if len(tasks) > 1 else next(iter(tasks), ""), run.result)]
        lines += [*tasks.items()] if len(tasks) > 1 else []
        for number, (task, numbers) in enumerate(lines):
            speed = run.result if number == 0 else {}
            cells = ([escape(run.group)] if grouped else []) + [
                f"<b>{escape(run.name)}</b>" if number == 0 else "",
                escape(task),
                f"<b>{percent(numbers['success_rate'])}</b>",
                interval(numbers["wilson95"]),
                _bar(numbers["success_rate"], numbers["wilson95"]),
                str(numbers["episodes"]),
                f'<span class="bad">{numbers["errors"]}</span>' if numbers["errors"] else "0",
                _number(numbers["metrics"].get("steps", {}).get("mean")),
                _number(speed.get("env_steps_per_s")),
                _number(speed.get("decisions_per_s")),
            ]
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    titles = "".join(f"<th>{name}</th>" for name in head)
    return (
        f'<div class="wide"><table><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="note">The bar spans Wilson’s 95 % interval, the mark is the rate observed.</p>'
    )


def _bar(rate: float | None, bounds: Sequence[float]) -> str:
    low, high = (100 * bound for bound in bounds)
    mark = "" if rate is None else f'<b style="left:{100 * rate:.1f}%"></b>'
    span = f'<i style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
    return f'<div class="bar">{span}{mark}</div>'


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.1f}"


def _episodes(group: str, runs: Sequence[Run]) -> str:
    """Every episode with a clip; those of several runs in one row, under one prompt."""
    shown: dict[int, list[str]] = {}
    prompts: dict[int, str] = {}
    for run in runs:
        for episode in run.episodes:
            if uri := clips.data_uri(run.folder, episode.episode):
                name = run.name if len(runs) > 1 else ""
                shown.setdefault(episode.episode, []).append(_card(name, episode, uri))
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


def _card(name: str, episode: Episode, uri: str) -> str:
    word, kind = _verdict(episode)
    steps = f"{episode.steps} step{'' if episode.steps == 1 else 's'}"
    facts = f"episode {episode.episode} · seed {episode.seed} · {steps}"
    title = f"<b>{escape(name)}</b> " if name else ""
    error = f'<p class="bad">{escape(episode.error)}</p>' if episode.error else ""
    return (
        f'<figure class="{kind}"><img src="{uri}" alt="{escape(facts)}">'
        f'<figcaption>{title}<span class="verdict">{word}</span>'
        f'<span class="facts">{facts}</span>{error}{_answers(episode)}</figcaption></figure>'
    )


def _answers(episode: Episode) -> str:
    if not episode.answers:
        return ""
    lines = "\n".join(f"{n}: {text}" for n, text in enumerate(episode.answers, start=1))
    return f"<details><summary>answers</summary><pre>{escape(lines)}</pre></details>"


def _verdict(episode: Episode) -> tuple[str, str]:
    if episode.success:
        return "success", "success"
    if episode.error:
        return "error", "failure"
    return ("failure" if episode.failure else "out of steps"), "failure"


def _details(runs: Sequence[Run]) -> str:
    return "<h2>Provenance</h2>" + "".join(_detail(run) for run in runs)


def _detail(run: Run) -> str:
    name = " · ".join(part for part in (run.group, run.name) if part)
    text = json.dumps(run.result["provenance"], indent=2, ensure_ascii=False)
    return f"<details><summary>{escape(name)}</summary><pre>{escape(text)}</pre></details>"


def table_rows(runs: Sequence[Run]) -> Iterator[tuple[str, ...]]:
    """Group, name, success, interval, errors, episodes of every run, for a terminal's table."""
    for run in runs:
        numbers = run.result
        yield (
            run.group,
            run.name,
            percent(numbers["success_rate"]),
            interval(numbers["wilson95"]),
            str(numbers["errors"]),
            str(numbers["episodes"]),
        )
