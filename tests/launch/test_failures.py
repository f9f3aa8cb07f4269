"""What a person is told."""

import sys
from pathlib import Path

import pytest
from hydra.utils import instantiate

from uio2_agent.errors import BadSetting
from uio2_agent.launch import main as console
from uio2_agent.launch.failures import explain, told_plainly

LIMIT = {"_target_": "uio2_agent.envs.counting.Counting", "limit": 0}


@pytest.fixture(autouse=True)
def command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["uio2 rollout"])
    monkeypatch.delenv("UIO2_TRACEBACK", raising=False)


def test_our_own_error_is_one_line_and_status_1(capsys):
    with pytest.raises(SystemExit) as left, told_plainly():
        raise BadSetting("episodes", 0, "at least 1")
    assert left.value.code == 1
    assert capsys.readouterr().err == "uio2 rollout: episodes is 0, expected at least 1\n"


def test_our_own_error_inside_an_instantiate_is_found(capsys):
    with pytest.raises(SystemExit), told_plainly():
        instantiate(LIMIT)
    assert capsys.readouterr().err == "uio2 rollout: limit is 0, expected at least 2\n"


def test_a_traceback_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("UIO2_TRACEBACK", "1")
    with pytest.raises(BadSetting), told_plainly():
        raise BadSetting("episodes", 0, "at least 1")


def test_a_fault_of_ours_is_not_hidden():
    assert explain(ZeroDivisionError("x")) is None
    with pytest.raises(ZeroDivisionError), told_plainly():
        raise ZeroDivisionError("x")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("verb", ["rollout", "record", "scenes"])  # Hydra or we make the folder
def test_a_folder_that_cannot_be_is_one_line_and_no_fault_of_ours(verb, capsys):
    with pytest.raises(SystemExit) as left:
        console.main([verb, "output_dir=/proc/x"])
    assert left.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(f"uio2 {verb}: cannot write /proc/x") and told.count("\n") == 1


def test_a_file_of_ours_that_is_missing_is_not_hidden(tmp_path):
    with pytest.raises(FileNotFoundError), told_plainly():
        (tmp_path / "none").read_text()


def test_what_hydra_advises_and_a_schema_refuses_is_not_repeated(capsys):
    with pytest.raises(SystemExit):
        console.main(["scenes", "env=pointnav"])
    told = capsys.readouterr().err
    assert "Could not override 'env'" in told and "append" not in told


def test_works_as_a_decorator(capsys):
    @told_plainly()
    def fails(what):
        raise BadSetting(what, 0, "more")

    for what in ("first", "second"):
        with pytest.raises(SystemExit):
            fails(what)
        assert what in capsys.readouterr().err
