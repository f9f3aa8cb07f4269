"""Every task says what it reads, and does."""

import re
from pathlib import Path

import pytest

import uio2_agent.launch.conf
from uio2_agent.errors import BadInput, UnknownName
from uio2_agent.launch.tasks import TASKS, find_task

HELP = (Path(uio2_agent.launch.conf.__path__[0]) / "predict.yaml").read_text()


def test_help_lists_every_task_with_what_it_reads():
    rows = re.findall(r"^ {8}(\w+) +((?:\w+|\[[^]]*\]|\||,| (?! ))+?)  ", HELP, re.MULTILINE)
    listed = {name: set(re.findall(r"\w+", reads)) for name, reads in rows}
    assert listed == {name: {*task.needs, *task.may} for name, task in TASKS.items()}


def test_a_missing_input_is_named():
    with pytest.raises(BadInput, match=r"text is missing.*task=vqa reads image, text"):
        find_task("vqa").check("vqa", {"image": "a.png"})


def test_an_input_given_in_vain_is_named():
    with pytest.raises(BadInput, match=r"audio is given.*task=detect reads: image, threshold"):
        find_task("detect").check("detect", {"image": "a.png", "audio": "a.wav"})


def test_an_unknown_task_lists_those_there_are():
    with pytest.raises(UnknownName, match="Did you mean 'caption'.*vqa"):
        find_task("captoin")
