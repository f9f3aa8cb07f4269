"""The dispatcher: finds the verb, lists what it knows, imports nothing before it must."""

import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from omegaconf import OmegaConf

import uio2_agent
from uio2_agent.launch import conf
from uio2_agent.launch import main as dispatcher
from uio2_agent.launch.main import VERBS, main

ROOT = Path(uio2_agent.__file__).resolve().parent.parent


def left_with(arguments: list[str]) -> str | int | None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return left.value.code


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_module(verb):
    assert find_spec(VERBS[verb][0]) is not None


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_verb_with_one_line(flag, capsys):
    assert left_with([flag]) == 0
    lines = capsys.readouterr().out.splitlines()
    for verb, (_, what) in VERBS.items():
        assert any(line.split() == [*verb.split(), *what.split()] for line in lines)


def test_nothing_asked_is_answered_with_the_usage(capsys):
    assert left_with([]) == 2
    assert capsys.readouterr().out.startswith("usage: uio2")


def test_an_unknown_verb_is_answered_with_the_known_ones(capsys):
    assert left_with(["rolout", "episodes=3"]) == 2
    told = capsys.readouterr().err
    assert "'rolout'" in told and "Did you mean 'rollout'?" in told and "demo" in told


def test_version(capsys):
    main(["--version"])
    assert capsys.readouterr().out == f"uio2-agent {uio2_agent.__version__}\n"


def help_of(verb: str) -> dict[str, str]:
    name = VERBS[verb][0].rpartition(".")[2]
    config = OmegaConf.load(Path(str(conf.__file__)).parent / f"{name}.yaml")
    return {**config.hydra.help}


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_says_what_it_does_with_examples_that_can_be_typed(
    verb, capsys, monkeypatch
):
    told = help_of(verb)
    assert told["app_name"] == f"uio2 {verb}" and told["header"].strip()
    examples = [line for line in told["footer"].splitlines() if line.startswith("  uio2 ")]
    assert examples[0].startswith(f"  uio2 {verb} ")
    for line in examples:
        monkeypatch.setattr(sys, "argv", ["uio2"])
        main([*shlex.split(line)[1:], "--cfg", "job"])  # refuses what the verb would
        assert capsys.readouterr().out


@pytest.fixture
def verbs(monkeypatch, tmp_path):
    """Two verbs, one the beginning of the other, that print what they were called as."""
    code = "import sys\ndef main():\n    print(__name__, sys.argv)\n"
    for name in ("uio2_test_short", "uio2_test_long"):
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = {"robot": ("uio2_test_short", "x"), "robot run": ("uio2_test_long", "x")}
    monkeypatch.setattr(dispatcher, "VERBS", known)
    monkeypatch.setattr(sys, "argv", ["uio2"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["robot", "a=1"], "uio2_test_short ['uio2 robot', 'a=1']"),
        (["robot", "run", "a=1", "--cfg", "job"], None),
        (["robot", "keys", "+a=1"], "uio2_test_short ['uio2 robot', 'keys', '+a=1']"),
    ],
)
def test_leading_bare_words_choose_the_longest_known_verb(verbs, capsys, arguments, told):
    main(arguments)
    told = told or "uio2_test_long ['uio2 robot run', 'a=1', '--cfg', 'job']"
    assert capsys.readouterr().out.strip() == told


def test_help_of_the_dispatcher_loads_neither_torch_nor_an_environment():
    code = (
        "import sys; from uio2_agent.launch.main import usage; usage();"
        "print([m for m in ('torch', 'pybullet', 'gymnasium', 'numba') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
