"""A policy that listens does worse when told nonsense; one that does not, does not."""

import pytest

from uio2_agent.evaluation.ablation import ablations, applicable
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.interface import ABLATIONS

CELL, OTHER = Cell("easy", "push"), Cell("easy", "pull")


def episodes(won: str, ablated: str | None = None, error: str | None = None) -> list[Episode]:
    """`ablated` has a 1 where the prompt was spoilt."""
    return [
        Episode(
            episode=n,
            seed=n,
            task="push",
            success=letter == "+",
            metrics={} if ablated is None else {"ablated": float(ablated[n])},
            error=error,
        )
        for n, letter in enumerate(won)
    ]


def table(intact: str, spoilt: str, ablated: str | None = None, kind: str = "words"):
    ablated = ablated or "1" * len(spoilt)
    return ablations({CELL: episodes(intact)}, {kind: {CELL: episodes(spoilt, ablated)}})[kind]


def test_a_policy_that_fails_without_its_words_reads_them():
    told = table("+" * 10, "-" * 9 + "+", kind="nonsense")
    assert told["reads"] is True and told["verdict"] == "reads its words (p = 0.0039)"
    assert (told["intact_rate"], told["success_rate"]) == (1.0, 0.1)
    assert told["paired"]["overall"]["only_a"] == 9


def test_a_policy_that_does_as_well_shows_no_sign_of_reading():
    told = table("++++++-", "+++++-+")
    assert told["reads"] is False
    assert told["verdict"] == "no sign that it reads the order of its words (p = 1)"


def test_doing_better_without_is_no_sign_of_reading():
    assert table("-" * 12, "+" * 12)["reads"] is False


def test_prompts_that_could_not_be_spoilt_are_left_out():
    told = table("+++-", "-+--", ablated="1011", kind="pictures")
    assert told["left_out"] == 1 and told["paired"]["overall"]["episodes"] == 3
    assert told["intact_rate"] == pytest.approx(2 / 3) and told["success_rate"] == 0.0


def test_a_cell_without_anything_to_spoil_is_left_out_whole():
    intact = {CELL: episodes("++"), OTHER: episodes("+-")}
    spoilt = {CELL: episodes("--", "11"), OTHER: episodes("+-", "00")}
    comparison, left_out = applicable(intact, spoilt)
    assert [*comparison.cells] == [CELL] and left_out == 2
    nothing = ablations(intact, {"pictures": {CELL: episodes("++", "00")}})["pictures"]
    assert nothing["reads"] is None and nothing["intact_rate"] is None
    assert nothing["verdict"] == "no prompt here has its pictures to spoil"


def test_an_episode_that_fell_over_counts():
    spoilt = {CELL: episodes("---", error="Fell: over")}
    comparison, left_out = applicable({CELL: episodes("+++")}, spoilt)
    assert comparison.overall.only_a == 3 and left_out == 0


@pytest.mark.parametrize("kind", ABLATIONS)
def test_every_kind_has_a_verdict(kind):
    assert "p < 0.0001" in table("+" * 30, "-" * 30, kind=kind)["verdict"]
