"""What holds for the episodes of every task."""

import math
from itertools import product
from pathlib import Path

import pytest

from uio2_agent.envs.tabletop import tasks
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.goals import Progress
from uio2_agent.envs.tabletop.partitions import sets_for
from uio2_agent.envs.tabletop.tasks import TASKS, sample
from uio2_agent.errors import SceneUnsolvable, UnknownName

LEVELS = (
    "placement_generalization",
    "combinatorial_generalization",
    "novel_object_generalization",
)
EVERY = list(product(TASKS, LEVELS))


@pytest.mark.parametrize(("task", "level"), EVERY)
def test_sampling_never_fails_and_decides_nothing(task, level):
    for seed in range(300):
        scenario = sample(task, level, seed=seed)
        progress = Progress(scenario)
        progress.update({body.obj_id: body for body in scenario.bodies})
        assert not progress.over
        assert progress.open == scenario.goals


@pytest.mark.parametrize(("task", "level"), EVERY)
def test_objects_start_on_the_table_and_are_told_apart(task, level):
    for seed in range(50):
        bodies = sample(task, level, seed=seed).bodies
        assert [body.obj_id for body in bodies] == list(range(5, 5 + len(bodies)))
        assert len({(body.shape, body.texture) for body in bodies}) == len(bodies)
        for body in bodies:
            assert 0.25 < body.xy[0] < 0.75 and -0.5 < body.xy[1] < 0.5
            assert body.position[2] == 0


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_gives_the_same_scenario_in_either_mode(task):
    for seed in range(20):
        pictures, words = (sample(task, prompt=mode, seed=seed) for mode in ("pictures", "words"))
        assert pictures == sample(task, seed=seed)
        assert (pictures.bodies, pictures.goals) == (words.bodies, words.goals)
        assert not words.prompt.reading_order and "{" not in words.prompt.template


@pytest.mark.parametrize("task", TASKS)
def test_words_name_every_object_to_be_moved(task):
    for seed in range(30):
        scenario = sample(task, prompt="words", seed=seed)
        by_id = {body.obj_id: body for body in scenario.bodies}
        for goal in scenario.goals:
            body = by_id[goal.obj_id]
            assert f"{body.texture} {body.shape}" in scenario.prompt.text


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


@pytest.mark.parametrize("task", TASKS)
def test_all_shapes_and_textures_of_the_level_come_up(task):
    sets = sets_for(task, LEVELS[0])
    seen = [body for seed in range(400) for body in sample(task, seed=seed).bodies]
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

        def place(self, body, apart=()):
            Stubborn.tries += 1
            if Stubborn.tries < 4:
                raise SceneUnsolvable(body.shape, 1)
            return super().place(body, apart)

    monkeypatch.setattr(tasks, "Placer", Stubborn)
    again = sample("rearrange", seed=3)
    assert [b.texture for b in again.bodies] == [b.texture for b in wanted.bodies]
    assert [b.xy for b in again.bodies] != [b.xy for b in wanted.bodies]


def test_a_table_without_room_is_reported_after_many_tries(monkeypatch):
    class Full(tasks.Placer):
        def place(self, body, apart=()):
            raise SceneUnsolvable(body.shape, 1)

    monkeypatch.setattr(tasks, "Placer", Full)
    with pytest.raises(SceneUnsolvable, match="rotate at placement_generalization, seed 4"):
        sample("rotate", seed=4)


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(UnknownName, match="Did you mean 'rotate'"):
        sample("rotat")
    with pytest.raises(UnknownName, match="placement_generalization"):
        sample("rotate", level="hard")
    with pytest.raises(UnknownName, match="pictures, words"):
        sample("rotate", prompt="sounds")


def test_a_task_is_a_file_of_less_than_120_lines():
    folder = Path(tasks.__file__).parent
    for name in TASKS:
        assert len((folder / f"{name}.py").read_text().splitlines()) < 120
