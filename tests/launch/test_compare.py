"""`uio2 compare`: folders in, a table out."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import uio2_agent
from uio2_agent.evaluation.ledger import Episode, Ledger

ROOT = Path(uio2_agent.__file__).resolve().parent.parent


def uio2_compare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    return subprocess.run(
        [sys.executable, "-m", "uio2_agent.launch.main", "compare", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "140"},
        capture_output=True,
        text=True,
    )


def run(folder: Path, won: str, task: str = "twist") -> None:
    with Ledger(folder, {"env": {"level": "easy", "task": task}}) as ledger:
        for n, letter in enumerate(won):
            episode = Episode(episode=n, seed=900_000 + n, task=task, success=letter == "+")
            ledger.append(episode)


def test_two_bare_words_are_the_runs_whatever_their_names(tmp_path):
    run(tmp_path / "it's a", "+++++++-")
    run(tmp_path / "b", "-------+")
    done = uio2_compare(tmp_path, "it's a", "b", "output=out/paired.json")
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if "twist" in line]
    assert re.split(r"\s{2,}", row.strip())[1:6] == ["87.5 %", "12.5 %", "7", "1", "+75.0"]
    told = json.loads((tmp_path / "out" / "paired.json").read_text())
    assert told["overall"]["p"] == 2 * 9 / 2**8 and (told["a"], told["b"]) == ("it's a", "b")
    assert sorted(os.listdir(tmp_path)) == ["b", "it's a", "out"]


def test_runs_that_cannot_be_compared_are_one_line(tmp_path):
    run(tmp_path / "a", "++")
    run(tmp_path / "b", "++", task="rotate")
    for words, told in ((("a", "b"), "easy/twist"), (("a", "c"), "the folder of a run")):
        done = uio2_compare(tmp_path, *words)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith("uio2 compare: ") and told in done.stderr


def test_a_missing_run_is_named(tmp_path):
    done = uio2_compare(tmp_path, "a")
    assert done.returncode == 1 and "b" in done.stderr and "Traceback" not in done.stderr
