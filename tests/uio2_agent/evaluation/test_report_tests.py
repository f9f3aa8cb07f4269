"""Tests on a page and on a terminal say who won how often, and how sure one is."""

from uio2_agent.evaluation.ablation import ablations
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.finished import Comparison
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.paired import Paired
from uio2_agent.evaluation.report_tests import (
    ablation_rows,
    ablation_section,
    comparison_rows,
    comparison_section,
    shown,
)

CELL = Cell("novel_task_generalization", "twist")
OTHER = Cell("placement_generalization", "twist")


def test_names_are_for_people():
    assert shown("novel_task_generalization") == "novel task"
    assert shown("visual_manipulation") == "visual manipulation"


def test_one_cell_is_one_row():
    rows = [*comparison_rows(Comparison({CELL: Paired(10, 9, 1, 0)}))]
    assert [row[0] for row in rows] == ["twist"]
    assert rows[0][1:6] == ("95.0 %", "55.0 %", "9", "1", "+40.0") and rows[0][7] == "0.021"


def test_several_are_summed_and_levels_told_apart():
    cells = {CELL: Paired(1, 0, 0, 1), OTHER: Paired(0, 2, 0, 0)}
    names = [row[0] for row in comparison_rows(Comparison(cells))]
    assert names == ["all episodes", "novel task", "placement"]


def test_a_section_escapes_names_and_tells_notes():
    comparison = Comparison({CELL: Paired(1, 0, 0, 1)}, ["prompt: <words> in A"])
    text = comparison_section(comparison, "a<b", "c&d")
    assert "A: a&lt;b" in text and "B: c&amp;d" in text and "prompt: &lt;words&gt; in A" in text


def test_ablations_have_a_row_and_a_verdict_each():
    def played(won):
        return {CELL: [Episode(episode=n, seed=n, task="t", success=won) for n in range(8)]}

    table = ablations(played(True), {"nonsense": played(False), "pictures": played(True)})
    rows = [*ablation_rows(table)]
    assert rows[0][:6] == ("nonsense", "100.0 %", "0.0 %", "8", "0", "+100.0")
    assert rows[0][-2:] == ("0", "reads its words (p = 0.0078)")
    assert "no sign that it reads its pictures" in ablation_section(table)
