"""Cells are chosen by name, in the protocol's order."""

from pathlib import Path

import pytest

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.evaluation.cells import select

KNOWN = {"easy": ["push", "pull"], "hard": ["pull", "twist"]}


def named(*args) -> list[str]:
    return [str(cell) for cell in select(KNOWN, *args)]


def test_all_pairs_come_in_order():
    assert named() == ["easy/push", "easy/pull", "hard/pull", "hard/twist"]


def test_levels_and_tasks_choose_among_them_and_keep_the_order():
    assert named(["hard"]) == ["hard/pull", "hard/twist"]
    assert named(None, ["twist", "pull"]) == ["easy/pull", "hard/pull", "hard/twist"]
    assert named(["easy", "hard"], ["twist"]) == ["hard/twist"]


def test_unknown_names_say_what_was_meant():
    with pytest.raises(UnknownName, match="unknown level 'hrad'. Did you mean 'hard'"):
        named(["hrad"])
    with pytest.raises(UnknownName, match="unknown task 'twisted'. Did you mean 'twist'"):
        named(None, ["twisted"])


def test_a_choice_that_leaves_nothing_is_refused():
    with pytest.raises(BadSetting, match="at least one that has one of these tasks: twist"):
        named(["easy"], ["twist"])
    with pytest.raises(BadSetting):
        named([])


def test_each_has_a_folder_of_its_own():
    folders = {cell.folder(Path("run")) for cell in select(KNOWN)}
    assert len(folders) == 4 and Path("run/cells/hard/twist") in folders
