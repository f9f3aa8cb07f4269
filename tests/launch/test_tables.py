"""Tables fit a terminal, and what stands in them is what was measured."""

import re
from pathlib import Path

import pytest

from uio2_agent.evaluation.ablation import ablations
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.finished import Comparison
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.matrix import matrix
from uio2_agent.evaluation.paired import Paired
from uio2_agent.evaluation.published import VIMA_BENCH
from uio2_agent.evaluation.report import Run
from uio2_agent.evaluation.result import summary
from uio2_agent.launch.tables import print_ablations, print_comparison, print_matrix, print_runs

EASY, HARD = "placement_generalization", "novel_task_generalization"


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def played(won: int, episodes: int = 10) -> list[Episode]:
    return [Episode(episode=n, seed=n, task="t", success=n < won) for n in range(episodes)]


def rows_of(told: str) -> dict[str, tuple[list[str], str]]:
    """First cell -> the others that are not empty, and the whole line."""
    split = [(re.split(r"\s{2,}", line.strip()), line) for line in told.splitlines()]
    return {cells[0]: (cells[1:], line) for cells, line in split}


def test_what_an_environment_measures_is_printed_with_its_interval_a_line_each(capsys):
    names = ("spl", "soft_spl", "distance_to_goal", "collisions", "path_length")
    episodes = [
        Episode(episode=n, seed=n, task="t", success=True, metrics=dict.fromkeys(names, n + 10.0))
        for n in range(4)
    ]
    run = Run("unified", Path("runs"), summary(episodes), episodes)
    print_runs([run, run], Path("runs/report.html"))
    told = capsys.readouterr().out
    for name in names:
        assert rows_of(told)[name.replace("_", " ")][0] == ["11.5 ± 1.3"] * 2
    assert "100 %" in told and "report: runs/report.html" in told
    bare = [Episode(episode=0, seed=0, task="t", success=True)]
    print_runs([Run("unified", Path("runs"), summary(bare), bare)], Path("runs/report.html"))
    assert "means ±" not in capsys.readouterr().out


def test_why_episodes_ended_in_errors_is_told_the_most_frequent_first(capsys):
    said = ["BadScene: a.glb: is not there. [Get] it", "died", *["slow"] * 3, "odd"]
    episodes = [
        Episode(episode=n, seed=n, task="t", success=False, error=reason)
        for n, reason in enumerate(said)
    ]
    run = Run("unified", Path("runs"), summary(episodes), episodes)
    print_runs([run], Path("runs/report.html"))
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if "×" in line] == ["3 × slow", f"1 × {said[0]}", "1 × died"]


def test_the_matrix_has_a_row_per_task_and_the_mean_of_levels(capsys):
    cells = {
        Cell(EASY, "rotate"): played(9),
        Cell(EASY, "pick_in_order_then_restore"): played(4),
        Cell("combinatorial_generalization", "rotate"): played(2),
        Cell("novel_object_generalization", "rotate"): played(3),
        Cell(HARD, "follow_motion"): played(1),
    }
    result = {**matrix(cells), "execution": "one-shot", "published": None, "ablation": "none"}
    print_matrix("nano", result)
    told = capsys.readouterr().out
    rows = rows_of(told)
    assert rows["rotate"][0] == ["90.0", "20.0", "30.0"] and rows["follow motion"][0] == ["10.0"]
    mean, line = rows["nano, one-shot"]
    assert mean == ["65.0", "20.0", "30.0", "10.0", "31.2"]
    assert line.index("10.0") == rows["follow motion"][1].index("10.0")
    assert "50 episodes" in told and "Not comparable" in told and "UIO-2" not in told
    print_matrix("nano", {**result, "published": VIMA_BENCH})
    rows = rows_of(capsys.readouterr().out)
    assert rows["published: UIO-2 L"][0] == ["66.9", "63.8", "57.5", "12.6", "50.2"]
    assert rows["published: VIMA"][0] == ["72.6"]


def test_a_comparison_keeps_its_figures_on_one_line(capsys):
    cells = {Cell(EASY, "rotate"): Paired(900, 90, 10, 0), Cell(HARD, "twist"): Paired(0, 0, 0, 9)}
    print_comparison(Comparison(cells, ["left out: 3 seeds"]), "runs/a", "runs/" + "b" * 90)
    told = capsys.readouterr().out
    (row,) = [line for line in told.splitlines() if "all episodes" in line]
    assert "98.1 %" in row and "+7.9" in row and "<0.0001" in row and "…" in row
    assert "A: runs/a\n" in told and "b" * 90 in told and "note: left out: 3 seeds" in told


def test_ablations_have_figures_and_a_verdict(capsys):
    intact, spoilt = {Cell(EASY, "t"): played(10)}, {Cell(EASY, "t"): played(1)}
    print_ablations(ablations(intact, {"nonsense": spoilt}))
    told = capsys.readouterr().out
    (row,) = [line for line in told.splitlines() if "%" in line and "nonsense" in line]
    assert "100.0 %" in row and "10.0 %" in row and "+90.0" in row
    assert "nonsense spoilt: reads its words (p = 0.0039)" in told
