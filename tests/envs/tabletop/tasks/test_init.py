"""What holds for the episodes of every task."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from uio2_agent.envs.tabletop import tasks
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.partitions import HELD_OUT_TASKS, LEVELS, TRAIN_TASKS, sets_for
from uio2_agent.envs.tabletop.progress import judge
from uio2_agent.envs.tabletop.scenario import FIRST_OBJECT_ID
from uio2_agent.envs.tabletop.tasks import TASKS, sample
from uio2_agent.errors import SceneUnsolvable, UnknownName

EVERY = [(name, level) for level, names in LEVELS.items() for name in names]
HOME = {name: level for name, level in reversed(EVERY)}  # the first level that has the task


def test_there_are_17_tasks_and_42_pairs_of_task_and_level():
    assert {*TASKS} == {*TRAIN_TASKS, *HELD_OUT_TASKS}
    assert len(TASKS) == 17 and len(EVERY) == 42


@pytest.mark.parametrize(("name", "level"), EVERY)
def test_sampling_never_fails_and_decides_nothing(name, level):
    for seed in range(30):
        scenario = sample(name, level, seed=seed)
        rules = replace(scenario.rules, every_step_counts=False)
        progress = judge(replace(scenario, rules=rules))
        progress.update({body.obj_id: body for body in scenario.bodies})
        assert not progress.over
        if isinstance(progress, Placing):
            assert progress.remaining == scenario.stages


@pytest.mark.parametrize(("name", "level"), EVERY)
def test_objects_start_on_the_table_and_are_of_the_levels_kinds(name, level):
    for seed in range(20):
        scenario = sample(name, level, seed=seed)
        bodies, first = scenario.bodies, FIRST_OBJECT_ID[scenario.end_effector]
        assert [body.obj_id for body in bodies] == list(range(first, first + len(bodies)))
        for body in bodies:
            assert 0.25 < body.xy[0] < 0.75 and -0.5 < body.xy[1] < 0.5
            assert 0 <= body.position[2] < 0.1


@pytest.mark.parametrize("name", TASKS)
def test_the_same_seed_gives_the_same_scenario_in_either_mode(name):
    for seed in range(15):
        pictures, words = (
            sample(name, HOME[name], prompt=mode, seed=seed) for mode in ("pictures", "words")
        )
        assert pictures == sample(name, HOME[name], seed=seed)
        assert replace(pictures, prompt=words.prompt) == words
        assert not words.prompt.reading_order and "{" not in words.prompt.template


@pytest.mark.parametrize("name", TASKS)
def test_prompts_show_what_they_speak_of(name):
    for seed in range(15):
        prompt = sample(name, HOME[name], seed=seed).prompt
        assert {*prompt.reading_order} == {*prompt.pictures}
        assert 1 <= len(prompt.pictures) <= 8


def test_a_scene_is_the_same_on_every_platform():
    bodies = sample("visual_manipulation", seed=900_000).bodies
    found = [
        (b.shape, b.texture, *(round(v, 6) for v in b.xy), round(math.degrees(b.yaw), 2))
        for b in bodies
    ]
    assert found == [
        ("frame", "purple swirl", 0.459375, -0.14375, -62.14),
        ("pentagon", "green paisley", 0.471875, 0.128125, 130.87),
        ("L-shaped block", "red and yellow stripe", 0.6375, -0.328125, -69.74),
    ]


@pytest.mark.parametrize("name", ["visual_manipulation", "rotate", "twist", "follow_order"])
def test_all_shapes_and_textures_of_the_level_come_up(name):
    sets = sets_for(name, HOME[name])
    seen = [body for seed in range(300) for body in sample(name, seed=seed).bodies]
    assert set(sets.movables) <= {body.shape for body in seen}
    assert set(sets.movable_textures) <= {body.texture for body in seen}


def test_containers_come_in_all_sizes_of_their_range():
    scales = [
        body.scale[0]
        for seed in range(200)
        for body in sample("visual_manipulation", seed=seed).bodies
        if body.shape == "container"
    ]
    sizes = [0.15 * scale for scale in scales]
    assert 0.15 <= min(sizes) < 0.153 and 0.167 < max(sizes) <= 0.1701
    assert SHAPES["container"].scales


def test_crowded_choices_are_kept_when_poses_are_tried_again(monkeypatch):
    wanted = sample("rearrange", seed=3)

    class Stubborn(tasks.Placer):
        tries = 0

        def place(self, body, apart=(), within=None, tight=False):
            Stubborn.tries += 1
            if Stubborn.tries < 4:
                raise SceneUnsolvable(body.shape, 1)
            return super().place(body, apart, within, tight)

    monkeypatch.setattr(tasks, "Placer", Stubborn)
    again = sample("rearrange", seed=3)
    assert [b.texture for b in again.bodies] == [b.texture for b in wanted.bodies]
    assert [b.xy for b in again.bodies] != [b.xy for b in wanted.bodies]


def test_a_table_without_room_is_reported_after_many_tries(monkeypatch):
    class Full(tasks.Placer):
        def place(self, body, apart=(), within=None, tight=False):
            raise SceneUnsolvable(body.shape, 1)

    monkeypatch.setattr(tasks, "Placer", Full)
    with pytest.raises(SceneUnsolvable, match="rotate at placement_generalization, seed 4"):
        sample("rotate", seed=4)


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(UnknownName, match="Did you mean 'rotate'"):
        sample("rotat")
    with pytest.raises(UnknownName, match="placement_generalization"):
        sample("rotate", level="hard")
    with pytest.raises(UnknownName, match="follow_order"):
        sample("follow_motion", level="placement_generalization")
    with pytest.raises(UnknownName, match="pictures, words"):
        sample("rotate", prompt="sounds")


def test_a_task_is_a_file_of_less_than_120_lines():
    folder = Path(tasks.__file__).parent
    for name in TASKS:
        assert len((folder / f"{name}.py").read_text().splitlines()) < 120
