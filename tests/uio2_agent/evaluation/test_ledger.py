"""The ledger loses nothing, whatever happens while it is written."""

import errno
import json
import os

import pytest

from uio2_agent.errors import BadEpisode, CannotWrite, RunMismatch
from uio2_agent.evaluation import ledger as ledger_module
from uio2_agent.evaluation.ledger import Episode, Ledger, read_lines

SETTINGS = {"env": {"task": "rotate", "sizes": (1, 2)}, "seed": 900_000}


def episode(number: int, **values) -> Episode:
    return Episode(episode=number, seed=900_000 + number, task="t", success=True, **values)


def test_what_is_appended_is_read_back_in_order_of_numbers(tmp_path):
    written = [episode(2, prompt="été “x”\u2028"), episode(0, metrics={"spl": 0.5}), episode(1)]
    with Ledger(tmp_path, SETTINGS) as ledger:
        for one in written:
            ledger.append(one)
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert [*ledger] == sorted(written, key=lambda e: e.episode)
        assert 2 in ledger and 3 not in ledger
        assert [e.episode for e in ledger.first(2)] == [0, 1]


def test_each_line_is_on_disk_before_the_next_episode(tmp_path):
    with Ledger(tmp_path, SETTINGS) as ledger:
        for number in range(3):
            ledger.append(episode(number))
            assert len(ledger.path.read_bytes().splitlines()) == number + 1


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_last_line_cut_short_is_dropped_and_its_episode_played_again(tmp_path, cut):
    with Ledger(tmp_path, SETTINGS) as ledger:
        for number in range(3):
            ledger.append(episode(number))
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole[:-cut])
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert [e.episode for e in ledger] == [0, 1]
        ledger.append(episode(2))
    assert ledger.path.read_bytes() == whole


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(0))
    for bad in (b"{]\n", b'{"episode": 1}\n', b'{"score": 1}\n', b"[]\n"):
        ledger.path.write_bytes(ledger.path.read_bytes().splitlines()[0] + b"\n" + bad)
        with pytest.raises(BadEpisode, match="line 2"):
            Ledger(tmp_path, SETTINGS)


def test_other_settings_are_refused_and_named(tmp_path):
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(0))
    other = {"env": {"task": "rearrange", "sizes": (1, 2)}, "seed": 900_000, "level": "x"}
    with pytest.raises(RunMismatch, match="env.task: 'rotate' there, 'rearrange' asked for") as e:
        Ledger(tmp_path, other)
    assert len(e.value.differences) == 2
    assert len(read_lines(ledger.path)[0]) == 1


def test_settings_under_which_nothing_was_finished_do_not_stand_in_the_way(tmp_path):
    Ledger(tmp_path, {"env": "misspelt"}).close()
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(0))
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert 0 in ledger


def test_a_ledger_without_its_settings_is_refused(tmp_path):
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(0))
    (tmp_path / "run.json").unlink()
    with pytest.raises(RunMismatch, match="without run.json"):
        Ledger(tmp_path, SETTINGS)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"settings": {}}'])
def test_unreadable_settings_are_named(tmp_path, content):
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(0))
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(BadEpisode, match=r"run\.json"):
        Ledger(tmp_path, SETTINGS)


def test_a_full_disk_leaves_whole_lines_only_and_the_run_goes_on(tmp_path, monkeypatch):
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(0))
        real, calls = os.write, []

        def half_then_full(fd, data):
            calls.append(1)
            if len(calls) > 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(fd, data[: len(data) // 2])

        monkeypatch.setattr(ledger_module.os, "write", half_then_full)
        with pytest.raises(CannotWrite, match="disk is full"):
            ledger.append(episode(1))
        monkeypatch.undo()
        assert 1 not in ledger
    assert ledger.path.read_bytes().endswith(b"}\n")
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(1))
        assert [e.episode for e in ledger] == [0, 1]


def test_effort_adds_up_over_sittings(tmp_path):
    for number in range(2):
        with Ledger(tmp_path, SETTINGS) as ledger:
            ledger.append(episode(number))
            ledger.add_effort({"env_steps": 3, "env_seconds": 0.5})
    assert ledger.effort == {"env_steps": 6, "env_seconds": 1.0}


def test_lines_are_plain_json_with_the_fields_of_an_episode(tmp_path):
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(episode(0, error="RuntimeError: x", steps=2, answers=["a"]))
    line = json.loads(ledger.path.read_text())
    assert line["error"] == "RuntimeError: x" and line["steps"] == 2 and line["answers"] == ["a"]
