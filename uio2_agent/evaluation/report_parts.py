"""Pieces that all report pages are made of: HTML as text, with what comes from outside escaped."""

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from uio2_agent.evaluation.clips import Player
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.paired import Paired
from uio2_agent.evaluation.report_style import STYLE


def document(title: str, body: str) -> str:
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )


def percent(rate: float | None, digits: int = 0) -> str:
    return "–" if rate is None else f"{100 * rate:.{digits}f} %"


def interval(bounds: Sequence[float]) -> str:
    return f"{100 * bounds[0]:.0f} – {100 * bounds[1]:.0f} %"


def probability(p: float) -> str:
    return f"{p:.2g}" if p >= 1e-4 else "<0.0001"


def points(paired: Paired) -> tuple[str, str]:
    """The difference of two rates in percentage points, and its interval."""
    if paired.difference is None:
        return "–", "–"
    low, high = map(_signed, paired.interval95)
    return _signed(paired.difference), f"{low} … {high}"


def _signed(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:+.1f}"  # + 0.0 makes a plain zero of a negative one


def table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Cells are HTML already."""
    titles = "".join(f"<th>{name}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    opening = f'<table class="{kind}">' if kind else "<table>"
    return (
        f'<div class="wide">{opening}<thead><tr>{titles}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def origin(provenance: Mapping[str, Any]) -> str:
    machine = provenance["machine"]
    facts = [
        f"uio2-agent {provenance['uio2_agent']}",
        provenance["date"][:16].replace("T", " ") + " UTC",
        f"{machine['processor']}, {machine['cores']} cores",
    ]
    return f'<p class="origin">{escape(" · ".join(facts))}</p>'


def bar(rate: float | None, bounds: Sequence[float]) -> str:
    low, high = (100 * bound for bound in bounds)
    mark = "" if rate is None else f'<b style="left:{100 * rate:.1f}%"></b>'
    span = f'<i style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
    return f'<div class="bar">{span}{mark}</div>'


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.1f}"


def measured(numbers: Mapping[str, Any] | None) -> str:
    """What `intervals.mean_ci95` returns: the mean ± half of its 95 % interval."""
    if numbers is None or numbers["mean"] is None:
        return "–"
    digits = 2 if abs(numbers["mean"]) < 10 else 1
    margin = "" if numbers["ci95"] is None else f" ± {numbers['ci95']:.{digits}f}"
    return f"{numbers['mean']:.{digits}f}{margin}"


def count_of_errors(errors: int) -> str:
    return f'<span class="bad">{errors}</span>' if errors else "0"


def card(name: str, episode: Episode, uri: str, sound: Player | None = None) -> str:
    """One episode's clip, and sound if any, with how it ended and what the policy answered."""
    word, kind = _verdict(episode)
    steps = f"{episode.steps} step{'' if episode.steps == 1 else 's'}"
    facts = f"episode {episode.episode} · seed {episode.seed} · {steps}"
    title = f"<b>{escape(name)}</b> " if name else ""
    error = f'<p class="bad">{escape(episode.error)}</p>' if episode.error else ""
    heard = "" if sound is None else _audio(sound)
    return (
        f'<figure class="{kind}"><img src="{uri}" alt="{escape(facts)}">{heard}'
        f'<figcaption>{title}<span class="verdict">{word}</span>'
        f'<span class="facts">{facts}</span>{error}{_answers(episode)}</figcaption></figure>'
    )


def _audio(sound: Player) -> str:
    level = f"{sound.loudest:.0f}".replace("-", "−") + " dBFS"
    said = f"as loud as it was heard, the loudest second at {level}"
    if sound.loudest == -math.inf:
        said = "nothing was heard"
    return (
        f'<audio controls preload="none" src="{escape(sound.source)}"></audio>'
        f'<p class="level">{said}</p>'
    )


def details(name: str, provenance: Mapping[str, Any]) -> str:
    text = json.dumps(provenance, indent=2, ensure_ascii=False)
    return f"<details><summary>{escape(name)}</summary><pre>{escape(text)}</pre></details>"


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
