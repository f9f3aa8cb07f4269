"""`uio2 demo`: several policies on the same episodes, one table, one page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import uio2_agent

ROOT = Path(uio2_agent.__file__).resolve().parent.parent


def uio2_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    return subprocess.run(
        [sys.executable, "-m", "uio2_agent.launch.main", "demo", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        capture_output=True,
        text=True,
    )


def test_policies_play_the_same_episodes_and_share_a_page(tmp_path):
    options = ["policies=[random,oracle]", "episodes=3", "clips=2", "num_envs=2"]
    done = uio2_demo(tmp_path, *options, "output_dir=a b")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == ["a b"]
    assert "report: a b/report.html" in done.stdout
    rows = [line for line in done.stdout.splitlines() if "│" in line]
    assert len(rows) == 4
    for prompt in ("words", "pictures"):
        results = {
            policy: json.loads((tmp_path / "a b" / prompt / policy / "result.json").read_text())
            for policy in ("random", "oracle")
        }
        assert results["oracle"]["successes"] == 3
        ledgers = [tmp_path / "a b" / prompt / policy / "ledger.jsonl" for policy in results]
        lines = [path.read_text(encoding="utf-8").splitlines() for path in ledgers]
        told = [{json.loads(line)["prompt"] for line in part} for part in lines]
        assert told[0] == told[1]
    page = (tmp_path / "a b" / "report.html").read_text(encoding="utf-8")
    assert page.count("<figure") == 2 * 2 * 2
    assert "Episodes: words" in page and "Episodes: pictures" in page


def test_an_unknown_policy_is_one_line(tmp_path):
    done = uio2_demo(tmp_path, "policies=[orakle]", "output_dir=run")
    assert done.returncode == 1
    assert "orakle" in done.stderr and "Traceback" not in done.stderr
