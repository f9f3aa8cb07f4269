"""Provenance names what would be needed to repeat a run."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import uio2_agent
from uio2_agent.evaluation.provenance import git_state, provenance

ROOT = Path(uio2_agent.__file__).resolve().parent.parent


def test_names_code_libraries_machine_and_settings():
    found = provenance({"seed": 1}, {"name": "nano", "sha256": "ab"})
    assert found["uio2_agent"] == uio2_agent.__version__
    assert found["packages"]["numpy"] == version("numpy")
    assert found["packages"]["gymnasium"] == version("gymnasium")
    assert found["config"] == {"seed": 1} and found["checkpoint"]["sha256"] == "ab"
    assert found["machine"]["cores"] >= 1 and found["machine"]["processor"]
    json.dumps(found, allow_nan=False)


def test_asks_for_versions_without_importing_anything_heavy():
    code = (
        "import sys; from uio2_agent.evaluation.provenance import provenance; provenance({});"
        "print([m for m in ('torch', 'pybullet', 'numba') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_checkout_tells_its_commit_and_whether_it_was_changed(tmp_path):
    def git(*words: str) -> str:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        done = subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "one")
    commit = git("rev-parse", "HEAD")
    assert git_state(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "a").write_text("2")
    assert git_state(tmp_path) == {"commit": commit, "dirty": True}


def test_an_installed_package_has_no_commit(tmp_path):
    assert git_state(tmp_path) is None
