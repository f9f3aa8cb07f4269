"""Task 11."""

from collections import Counter

import pytest

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.envs.tabletop.tasks.follow_order import PLACES, SEQUENCES

SCENARIOS = [sample("follow_order", seed=seed) for seed in range(200)]


def moves(scenario):
    """From which place to which, read off the bodies and goals."""
    at = {body.obj_id: body.xy for body in scenario.bodies}
    found = []
    for goal in scenario.goals:
        found.append((PLACES.index(at[goal.obj_id]), PLACES.index(goal.xy)))
        at[goal.obj_id] = goal.xy
    return tuple(found)


def test_three_things_of_one_shape_and_three_textures_stand_in_a_row_beside_another():
    for scenario in SCENARIOS:
        *row, other = scenario.bodies
        assert tuple(body.xy for body in row) == PLACES
        assert len({body.shape for body in row}) == 1
        assert len({body.texture for body in row}) == 3
        assert other.shape != row[0].shape
        assert not scenario.distractors and scenario.budget == 4


def test_all_pairs_of_moves_that_find_something_to_move_are_drawn():
    assert len(set(SEQUENCES)) == 24
    seen = Counter(moves(sample("follow_order", seed=seed)) for seed in range(480))
    assert set(seen) == set(SEQUENCES)
    assert max(seen.values()) < 45


def test_what_is_moved_lies_on_top():
    for scenario in SCENARIOS:
        piles = [[body.obj_id] for body in scenario.bodies[:3]]
        for (origin, target), goal in zip(moves(scenario), scenario.goals, strict=True):
            assert piles[origin].pop() == goal.obj_id
            piles[target].append(goal.obj_id)


def test_the_pictures_show_what_was_moved_last_on_top_of_the_rest():
    for scenario in SCENARIOS[:50]:
        *row, _ = scenario.bodies
        height = SHAPES[row[0].shape].real[2]
        for i, goal in enumerate((None, *scenario.goals)):
            shown = scenario.prompt.pictures[f"frame_{i}"].bodies
            assert {b.texture for b in shown} == {b.texture for b in row}
            assert len({b.position for b in shown}) == 3
            if goal is not None:
                texture = row[goal.obj_id - row[0].obj_id].texture
                (moved,) = (b for b in shown if b.texture == texture)
                beneath = sum(b.xy == goal.xy for b in shown) - 1
                assert moved.position == pytest.approx((*goal.xy, beneath * height))


def test_a_step_that_is_not_the_next_one_shown_is_the_end():
    for scenario in SCENARIOS[:20]:
        start = {body.obj_id: body for body in scenario.bodies}
        first, second = scenario.goals
        after = start | {first.obj_id: start[first.obj_id].at(*first.xy)}
        progress = Placing(scenario)
        progress.update(after)
        assert not progress.over
        progress.update(after | {second.obj_id: after[second.obj_id].at(*second.xy)})
        assert progress.success
        idle = Placing(scenario)
        idle.update(start)
        assert idle.failure


def test_the_prompt_reads_as_upstream():
    scenario = SCENARIOS[0]
    template = "Stack objects in this order {frame_0} {frame_1} {frame_2}."
    assert scenario.prompt.template == template
    words = sample("follow_order", prompt="words", seed=0).prompt.text
    (first, second), by_id = scenario.goals, {b.obj_id: b for b in scenario.bodies}
    assert words.startswith(f"Move the {by_id[first.obj_id].texture} {scenario.bodies[0].shape} to")
    assert f" then the {by_id[second.obj_id].texture} {scenario.bodies[0].shape} to " in words
    left = [25, 50, 75][PLACES.index(second.xy)]
    assert words.endswith(f"25 cm from the top and {left} cm from the left.")
