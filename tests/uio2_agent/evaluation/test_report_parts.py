"""Figures are written for people, and nothing from outside is taken for HTML."""

import math

import pytest

from uio2_agent.evaluation import report_parts as parts
from uio2_agent.evaluation.clips import Player
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.paired import Paired


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.31, "0.3"), (15, "15.0"), (12345.6, "12 346")]
)
def test_numbers_read_easily(value, text):
    assert parts.number(value) == text


@pytest.mark.parametrize(
    ("mean", "ci95", "text"),
    [(0.844, 0.051, "0.84 ± 0.05"), (123.46, 7.89, "123.5 ± 7.9"), (0.5, None, "0.50")],
)
def test_means_come_with_their_margin(mean, ci95, text):
    assert parts.measured({"mean": mean, "ci95": ci95, "n": 5}) == text
    assert parts.measured(None) == parts.measured({"mean": None, "ci95": None, "n": 0}) == "–"


@pytest.mark.parametrize(("p", "text"), [(1.0, "1"), (0.0214, "0.021"), (3e-9, "<0.0001")])
def test_tiny_probabilities_are_bounds(p, text):
    assert parts.probability(p) == text


def test_differences_have_a_sign():
    assert parts.points(Paired(5, 0, 5, 0))[0] == "-50.0"
    assert parts.points(Paired(0, 0, 0, 4000)) == ("+0.0", "-0.1 … +0.1")
    assert parts.points(Paired(40000, 0, 0, 40000)) == ("+0.0", "+0.0 … +0.0")
    assert parts.points(Paired(0, 0, 0, 0)) == ("–", "–")


def test_what_a_policy_or_an_environment_says_is_text():
    episode = Episode(
        episode=1, seed=2, task="t", success=False, error="<b>", answers=["</script>"]
    )
    card = parts.card("<i>", episode, "data:,")
    assert "<b>&lt;i&gt;</b>" in card and "&lt;b&gt;" in card and "&lt;/script&gt;" in card


def test_a_sound_has_controls_and_its_name_is_text():
    episode = Episode(episode=1, seed=2, task="t", success=True)
    assert "<audio" not in parts.card("", episode, "data:,")
    card = parts.card("", episode, "data:,", Player('a"b.wav', -23.4))
    assert '<audio controls preload="none" src="a&quot;b.wav"></audio>' in card
    assert "as loud as it was heard, the loudest second at −23 dBFS" in card
    assert "nothing was heard" in parts.card("", episode, "data:,", Player("a.wav", -math.inf))


def test_a_document_escapes_its_title():
    assert "<h1>a &lt; b</h1>" in parts.document("a < b", "")
