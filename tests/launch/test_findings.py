"""What a test between runs finds is printed, kept in result.json and shown in the report."""

import json

import pytest

from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.finished import read
from uio2_agent.evaluation.ledger import Episode, Ledger
from uio2_agent.evaluation.result import RESULT_FILE, result
from uio2_agent.launch.findings import findings
from uio2_agent.storage import write_json

CELL = Cell("", "counting")


def episodes(won):
    return [Episode(episode=n, seed=n, task="counting", success=n < won) for n in range(10)]


@pytest.fixture
def run(tmp_path):
    """A finished run of ten episodes, `won` of them successes: folder, result, episodes."""

    def finished(name, won):
        folder, played = tmp_path / name, episodes(won)
        with Ledger(folder, {"env": {"_target_": "counting"}, "seed": 0}) as ledger:
            for episode in played:
                ledger.append(episode)
        outcome = result(played, {}, {})
        write_json(folder / RESULT_FILE, outcome)
        return folder, outcome, {CELL: played}

    return finished


def kept(folder):
    return json.loads((folder / RESULT_FILE).read_text())


def test_without_anything_to_test_nothing_is_found_or_written(run):
    folder, outcome, played = run("a", 9)
    assert findings("nano", folder, outcome, played, {}, None) == []
    assert kept(folder) == outcome


def test_a_spoilt_prompt_that_costs_success_shows_that_it_is_read(run, capsys):
    folder, outcome, played = run("a", 10)
    sections = findings("nano", folder, outcome, played, {"words": {CELL: episodes(0)}}, None)
    assert len(sections) == 1 and "words" in sections[0]
    assert kept(folder)["ablations"]["words"]["reads"] is True
    assert kept(folder)["episodes"] == 10
    assert "words" in capsys.readouterr().out


def test_a_rival_is_named_with_what_the_paired_test_says(run, capsys):
    rival, _, _ = run("b", 1)
    folder, outcome, played = run("a", 10)
    (section,) = findings("nano", folder, outcome, played, {}, read(rival))
    assert kept(folder)["against"]["folder"] == str(rival)
    assert str(rival) in section and "nano" in capsys.readouterr().out
