"""Names are checked before the simulator is started, and become what the benchmark is told."""

from typing import Any

import pytest

from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.vima_bench.levels import IN_WORDS, check, task_kwargs
from uio2_agent.errors import UnknownName

SPECS: dict[str, Any] = {
    "train": {"rotate": {"possible_dragged_obj": ["heart"]}},
    "test": {"novel_task_generalization": {"same_texture": None}},
}


def test_every_task_of_every_level_is_known_and_train_has_those_of_the_first():
    for level, tasks in LEVELS.items():
        for task in tasks:
            check(task, level, "pictures")
    for task in LEVELS["placement_generalization"]:
        check(task, "train", "pictures")


@pytest.mark.parametrize(
    ("task", "level", "prompt", "message"),
    [
        ("rotate", "placement", "pictures", "unknown level 'placement'. Known.*train"),
        ("rotat", "train", "pictures", "Did you mean 'rotate'"),
        ("follow_motion", "train", "pictures", "unknown task"),
        ("rotate", "train", "word", "Did you mean 'words'"),
        ("rearrange", "train", "words", "in words only.*visual_manipulation"),
    ],
)
def test_a_wrong_name_says_which_are_known(task, level, prompt, message):
    with pytest.raises(UnknownName, match=message):
        check(task, level, prompt)


def test_eight_tasks_can_be_told_in_words():
    assert len(IN_WORDS) == 8
    everywhere = {task for tasks in LEVELS.values() for task in tasks}
    assert set(IN_WORDS) <= everywhere


def test_settings_are_the_levels_and_the_words():
    assert task_kwargs(SPECS, "rotate", "train", "words") == {
        "possible_dragged_obj": ["heart"],
        "dragged_obj_express_types": "name",
    }
    assert SPECS["train"]["rotate"] == {"possible_dragged_obj": ["heart"]}


def test_a_task_without_settings_of_its_own_has_none():
    assert task_kwargs(SPECS, "same_texture", "novel_task_generalization", "pictures") == {}
