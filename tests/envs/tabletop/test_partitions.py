"""The sets of the paper's levels."""

import pytest

from uio2_agent.envs.tabletop import partitions
from uio2_agent.envs.tabletop.catalogue import SHAPES, TEXTURES
from uio2_agent.envs.tabletop.partitions import LEVELS, sets_for
from uio2_agent.errors import UnknownName

EVERY = [(level, task) for level, tasks in LEVELS.items() for task in tasks]


def test_there_are_four_levels_with_13_13_12_and_4_tasks():
    assert [len(tasks) for tasks in LEVELS.values()] == [13, 13, 12, 4]
    assert set(LEVELS["placement_generalization"]) == set(LEVELS["combinatorial_generalization"])
    assert set(LEVELS["novel_task_generalization"]).isdisjoint(LEVELS["placement_generalization"])


@pytest.mark.parametrize(("level", "task"), EVERY)
def test_every_name_is_in_the_catalogue_once(level, task):
    sets = sets_for(task, level)
    for names in (sets.movables, sets.containers):
        assert len(set(names)) == len(names) > 0
        assert set(names) <= set(SHAPES)
    for names in (sets.movable_textures, sets.container_textures):
        assert len(set(names)) == len(names) > 0
        assert set(names) <= set(TEXTURES)


@pytest.mark.parametrize(
    ("names", "count"),
    [("M1", 14), ("ORIENTED_1", 8), ("M3", 5), ("S1", 19), ("S2", 20), ("D1", 24), ("D2", 28)],
)
def test_the_named_sets_have_their_published_sizes(names, count):
    assert len(getattr(partitions, names)) == count


def test_training_and_swapped_textures_share_nothing_and_leave_out_ten_plain_ones():
    assert set(partitions.S1).isdisjoint(partitions.S2)
    assert len({t for t in TEXTURES if "dark" not in t} - {*partitions.S1, *partitions.S2}) == 10


def test_level_two_swaps_the_textures_of_level_one():
    one, two = (sets_for("visual_manipulation", level) for level in list(LEVELS)[:2])
    assert (one.movable_textures, one.container_textures) == (
        two.container_textures,
        two.movable_textures,
    )
    assert (one.movables, one.containers) == (two.movables, two.containers)


def test_default_lists_have_24_25_49_and_66_textures():
    level = "novel_object_generalization"
    usual = sets_for("visual_manipulation", level)
    assert (len(usual.movable_textures), len(usual.container_textures)) == (24, 25)
    assert len(sets_for("rearrange", level).movable_textures) == 49
    assert len(sets_for("novel_adj", level).movable_textures) == 66


def test_turning_tasks_use_no_symmetric_shape():
    for level, task in EVERY:
        if task in ("rotate", "twist"):
            assert {SHAPES[s].symmetry for s in sets_for(task, level).movables} == {360}


def test_an_unknown_level_is_answered_with_the_known_ones():
    with pytest.raises(UnknownName, match="placement_generalization"):
        sets_for("rotate", "placement")


def test_a_task_the_level_lacks_is_answered_with_those_it_has():
    with pytest.raises(UnknownName, match="same_texture"):
        sets_for("rotate", "novel_task_generalization")
