"""A protocol's page: levels × tasks, published rows only where they belong, failures as films."""

import re

import numpy as np
import pytest

from uio2_agent.evaluation import clips, report_matrix, sounds
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.matrix import matrix
from uio2_agent.evaluation.protocol import Run
from uio2_agent.evaluation.provenance import provenance
from uio2_agent.evaluation.published import VIMA_BENCH
from uio2_agent.evaluation.report_matrix import caveats, page

EASY, HARD = "placement_generalization", "novel_task_generalization"
CELLS = {Cell(EASY, "rotate"): 8, Cell(EASY, "twist"): 3, Cell(HARD, "follow_<motion>"): 0}


def run(folder, **facts) -> Run:
    episodes = {
        cell: [
            Episode(
                episode=n,
                seed=900_000 + n,
                task=cell.task,
                success=n < won,
                prompt=f"Do <{n}>",
                error="RemoteLost: <gone>" if n == 9 else None,
            )
            for n in range(10)
        ]
        for cell, won in CELLS.items()
    }
    sound = sounds.encode([np.full((2**18, 2), 3277, np.int16)])
    clip = clips.Clip(clips.encode([np.zeros((8, 12, 3), np.uint8)]), sound)
    clips.keep(Cell(EASY, "rotate").folder(folder), 8, clip)
    clips.keep(Cell(EASY, "rotate").folder(folder), 0, clip)  # a success is no failure
    told = {"execution": "closed loop", "ablation": "none", "published": None, **facts}
    return Run(folder, {**told, **matrix(episodes), "provenance": provenance({})}, episodes)


def test_every_cell_shows_rate_and_counts_and_missing_ones_are_empty(tmp_path):
    text = page(run(tmp_path), "vima4: nano")
    body = text[text.index('class="matrix"') :]
    body = body[: body.index("</table>")]
    assert body.count("<tr>") == 4 and body.count('class="none"') == 3
    assert "<b>80 %</b><small>8 / 10</small>" in body and "<b>0 %</b>" in body
    assert "<th>placement</th><th>novel task</th>" in body
    assert body.count("1 error<") == 3
    assert "follow &lt;motion&gt;" in body


def test_colour_says_how_often(tmp_path):
    alphas = re.findall(r"rgb\(47 111 222 / ([\d.]+)\)", page(run(tmp_path), "x"))
    assert [float(a) for a in alphas] == pytest.approx([0.73, 0.31, 0.06], abs=0.01)


def test_levels_and_their_mean_have_bars(tmp_path):
    text = page(run(tmp_path), "x")
    assert text.count('class="bar"') == 3
    assert "<b>55.0 %</b>" in text and "<b>27.5 %</b>" in text and "mean of the levels" in text


def test_films_of_failures_are_inside_and_nothing_is_loaded(tmp_path):
    text = page(run(tmp_path), "x")
    assert text.count("<figure") == 1 and "Do &lt;8&gt;" in text
    assert "placement · rotate: 2 of 10 failed" in text
    assert "seed 900009: RemoteLost: &lt;gone&gt;" in text
    assert not re.search(r"https?://|@import|url\(|<script", text)


def test_a_failures_long_sound_is_named_as_seen_from_the_page(tmp_path):
    text = page(run(tmp_path / "run"), "x", folder=tmp_path)
    (source,) = re.findall(r'<audio controls preload="none" src="([^"]+)"', text)
    assert source == f"run/cells/{EASY}/rotate/clips/000008.wav"
    assert (tmp_path / source).is_file()


def test_published_rows_stand_beside_the_real_benchmark_only(tmp_path):
    ours = page(run(tmp_path), "x")
    assert "UIO-2" not in ours and "Not comparable with published" in ours
    real = page(run(tmp_path, published=VIMA_BENCH, execution="one-shot"), "x")
    row = real[real.index("<b>placement</b>") :]
    row = row[: row.index("</tr>")]
    assert [f"<td>{figure}</td>" in row for figure in ("66.9", "70.3", "71.3")] == [True] * 3
    assert "VIMA 72.6, VIMA-IMG 42.5" in real and "Not comparable" not in real


def test_caveats_say_what_was_played():
    assert caveats({"published": [1], "execution": "one-shot"}) == []
    (loop,) = caveats({"published": [1], "execution": "closed loop"})
    assert "one-shot (policy.replan=plan); this run is not" in loop
    assert "spoilt on purpose: words" in caveats({"published": None, "ablation": "words"})[1]


def test_sections_and_title_are_in_the_file(tmp_path):
    report_matrix.write(tmp_path / "r.html", run(tmp_path), "a & b", ["<h2>Paired test</h2>"])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<h1>a &amp; b</h1>" in text and "<h2>Paired test</h2>" in text
    assert text.endswith("</html>\n")
