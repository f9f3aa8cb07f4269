"""Strewn objects are drawn as tasks draw theirs, and lie where one can see them."""

from collections import Counter

import pytest

from uio2_agent.envs.tabletop.catalogue import GREY, SHAPES
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scatter import everything, scatter
from uio2_agent.envs.tabletop.scene import X_RANGE, Y_RANGE
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.errors import SceneUnsolvable, UnknownName

LEVEL = "placement_generalization"
SEEDS = range(200)


def test_the_same_seed_strews_the_same_and_another_does_not():
    assert scatter(3, 5) == scatter(3, 5)
    assert scatter(3, 5) != scatter(4, 5)


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_objects_always_find_room(count):
    assert {len(scatter(seed, count)) for seed in SEEDS} == {count}


def test_objects_of_a_scene_are_told_apart_and_lie_on_the_table():
    for seed in SEEDS:
        bodies = scatter(seed, 7)
        assert len({(b.shape, b.texture) for b in bodies}) == len(bodies)
        assert len({b.obj_id for b in bodies}) == len(bodies)
        for body in bodies:
            assert X_RANGE[0] < body.xy[0] < X_RANGE[1]
            assert Y_RANGE[0] < body.xy[1] < Y_RANGE[1]


def test_what_finds_no_room_is_left_out_and_the_rest_stays(monkeypatch):
    whole = scatter(6, 4)
    place, calls = Placer.place, []

    def second_finds_no_room(self, body):
        calls.append(body)
        if len(calls) == 2:
            raise SceneUnsolvable(body.shape, 1)
        return place(self, body)

    monkeypatch.setattr(Placer, "place", second_finds_no_room)
    bodies = scatter(6, 4)
    assert [(b.shape, b.texture) for b in bodies] == [
        (b.shape, b.texture) for i, b in enumerate(whole) if i != 1
    ]
    assert [b.obj_id for b in bodies] == [5, 6, 7]


def test_one_in_four_is_no_movable_and_all_shapes_and_textures_of_the_level_occur():
    bodies = [body for seed in range(900) for body in scatter(seed, 4)]
    sets = everything(LEVEL)
    kinds = Counter(SHAPES[body.shape].kind for body in bodies)
    assert 1 - kinds["movable"] / len(bodies) == pytest.approx(0.25, abs=0.03)
    assert {b.shape for b in bodies} == {*sets.movables, *sets.containers}
    textures = {*sets.movable_textures, *sets.container_textures, GREY}
    assert {b.texture for b in bodies} == textures


def test_everything_is_what_any_task_of_the_level_draws_from():
    sets = everything(LEVEL)
    assert {"small block", "shorter block", "letter A"} <= {*sets.movables}
    assert {"bowl", "line", "three-sided rectangle"} <= {*sets.containers}
    assert {"dark red", "tiger"} <= {*sets.movable_textures}
    assert {"letter R", "diamond"}.isdisjoint(sets.movables)


def test_another_level_brings_its_own_shapes():
    novel = "novel_object_generalization"
    shapes = {body.shape for seed in range(150) for body in scatter(seed, 4, novel)}
    assert shapes == {*everything(novel).movables, *everything(novel).containers}


def test_scenes_are_not_those_of_the_tasks_with_the_same_seed():
    for seed in range(20):
        places = {body.position for body in scatter(seed, 5)}
        assert places.isdisjoint(
            b.position for b in sample("visual_manipulation", seed=seed).bodies
        )


def test_draws_of_a_scene_do_not_depend_on_how_many_are_wanted():
    more, fewer = scatter(8, 6), scatter(8, 3)
    assert more[:3] == fewer


def test_an_unknown_level_is_answered_with_the_known_ones():
    with pytest.raises(UnknownName, match=LEVEL):
        scatter(0, 2, "easy")
