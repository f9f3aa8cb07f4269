"""Compiled functions can be imported where nothing may be written."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from uio2_agent.envs import compilation
from uio2_agent.envs.compilation import VARIABLE, find_place

# A file where a folder should be keeps everybody from writing, root as well.
CODE = """
import sys
from pathlib import Path
from uio2_agent.envs.compilation import find_place
if {find}:
    find_place(Path({folder!r}))
sys.path.insert(0, {folder!r})
import twice
print(twice.twice(21), twice.twice.stats.cache_path)
"""
TWICE = "from numba import njit\n\n\n@njit(cache=True)\ndef twice(x):\n    return 2 * x\n"


@pytest.fixture
def nowhere(tmp_path, monkeypatch) -> Path:
    (tmp_path / "twice.py").write_text(TWICE)
    (tmp_path / "__pycache__").touch()
    (tmp_path / "home").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(compilation, "_held", [])
    return tmp_path


@pytest.mark.parametrize("find", [False, True])
def test_where_nothing_can_be_written_it_is_a_temporary_folder(nowhere, find):
    code = CODE.format(find=find, folder=str(nowhere))
    done = subprocess.run([sys.executable, "-Bc", code], capture_output=True, text=True, timeout=99)
    if not find:  # so it would be
        assert "cannot cache function" in done.stderr
        return
    assert done.stdout.startswith("42 ") and VARIABLE in done.stderr
    assert not Path(done.stdout.split()[1]).exists()  # gone with the process


def test_it_is_left_to_numba_where_something_can_be(nowhere, monkeypatch, caplog):
    with caplog.at_level(logging.WARNING):
        monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere / "cache"))
        find_place(nowhere)
        assert (nowhere / "cache" / "numba").is_dir() and not os.environ[VARIABLE]
        find_place(nowhere / "code")
        monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere / "home"))
        monkeypatch.setenv(VARIABLE, "chosen")
        find_place(nowhere)
    assert os.environ[VARIABLE] == "chosen" and not caplog.records
