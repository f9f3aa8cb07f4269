"""What the README tells a newcomer to type exists and runs."""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module

from uio2_agent.launch.main import VERBS, usage

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def fenced(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    """Words of every line of the bash blocks that calls the program, without its name."""
    lines = "\n".join(fenced("bash")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] for line in words if line[:1] == [program]]


def verb_of(words: list[str]) -> str:
    """The bare words a command line begins with."""
    return " ".join(w for w in words if re.fullmatch(r"[a-z_]+", w))


@pytest.mark.parametrize("code", fenced("python"))
def test_python_runs_as_it_stands_and_says_something(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not list(tmp_path.iterdir())


def test_there_is_python_of_at_most_a_dozen_lines():
    code = fenced("python")
    assert code
    assert len([line for line in code[0].splitlines() if line.strip()]) <= 12


def test_a_newcomer_is_told_the_two_commands_and_every_target_exists():
    told = {word for words in commands("make") for word in words}
    assert {"demo", "test"} <= told
    assert told <= TARGETS


@pytest.mark.parametrize("words", commands("uio2"), ids=" ".join)
def test_every_command_line_names_a_verb_and_settings_it_has(words):
    verb = verb_of(words)
    assert verb in VERBS
    import_module(VERBS[verb][0])  # puts its schema into the store
    with initialize_config_module("uio2_agent.launch.conf", version_base="1.3"):
        compose(verb.replace(" ", "_"), [w for w in words if "=" in w])


def test_every_verb_is_listed_and_no_other():
    named = {
        verb_of(words.split())
        for words in re.findall(r"`uio2 ([^`]*)`", README)
        if not words.startswith("<")
    }
    assert named == set(VERBS)
    assert all(verb in usage() for verb in VERBS)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_relative_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    broken = [x for x in links if x and "://" not in x and not (ROOT / x).exists()]
    assert not broken


def test_folders_and_files_named_in_code_marks_exist():
    named = re.findall(
        r"`((?:uio2_agent|envs|policies|model|launch|tests|benchmarks)/[^`*\s]*)`", README
    )
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]
