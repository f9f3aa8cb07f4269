"""Task 10."""

import math
import re
from collections import Counter

import pytest

from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.envs.tabletop.tasks.follow_motion import WAYPOINTS

L4 = "novel_task_generalization"
SCENARIOS = [sample("follow_motion", L4, seed=seed) for seed in range(200)]


def walk(scenario):
    """Indices of the points that are visited."""
    return [WAYPOINTS.index(xy) for xy in (scenario.bodies[0].xy, *(g.xy for g in scenario.goals))]


def test_points_are_72_degrees_apart_on_a_circle_the_first_on_its_x_axis():
    for i, (x, y) in enumerate(WAYPOINTS):
        assert math.dist((x, y), (0.5, 0.0)) == pytest.approx(0.19, abs=1e-5)
        assert math.degrees(math.atan2(y, x - 0.5)) % 360 == pytest.approx(72 * i, abs=1e-3)


def test_the_walk_goes_two_steps_from_neighbour_to_neighbour_either_way():
    turns: Counter[tuple[int, int]] = Counter()
    for scenario in SCENARIOS:
        a, b, c = walk(scenario)
        turns[(b - a) % 5, (c - b) % 5] += 1
        assert len(scenario.stages) == scenario.budget == 2
    assert set(turns) == {(1, 1), (1, 4), (4, 1), (4, 4)}
    assert min(turns.values()) > 25
    assert {walk(scenario)[0] for scenario in SCENARIOS} == set(range(5))


def test_the_pictures_show_the_thing_on_its_way_round_another_one():
    for scenario in SCENARIOS[:40]:
        dragged, other = scenario.bodies
        pictures = scenario.prompt.pictures
        path = [dragged.xy, *(goal.xy for goal in scenario.goals)]
        centres = set()
        for i, xy in enumerate(path):
            moved, middle = pictures[f"frame_{i}"].bodies
            assert (moved.shape, moved.texture, moved.xy) == (dragged.shape, dragged.texture, xy)
            centres.add((middle.shape, middle.texture))
            assert middle.xy == other.xy == (0.5, 0.0)
        assert len(centres) == 1
        assert (dragged.shape, dragged.texture) not in centres | {(other.shape, other.texture)}


def played(scenario, targets):
    dragged, other = scenario.bodies
    progress = Placing(scenario)
    for xy in targets:
        progress.update({dragged.obj_id: dragged.at(*xy), other.obj_id: other})
    return progress.success, progress.failure


def test_only_the_very_moves_shown_win():
    for scenario in SCENARIOS[:20]:
        first, second = (goal.xy for goal in scenario.goals)
        others = [xy for xy in WAYPOINTS if xy != first]
        assert played(scenario, [first, second]) == (True, False)
        assert played(scenario, [first, first]) == (False, True), "a step without progress"
        for xy in others:
            assert played(scenario, [xy]) == (False, True)


def test_the_prompt_reads_as_upstream():
    prompt = SCENARIOS[0].prompt
    assert prompt.template == "Follow this motion for {dragged_obj}: {frame_0} {frame_1} {frame_2}."


def test_words_say_where_each_step_ends_to_the_centimetre():
    for seed in range(20):
        scenario = sample("follow_motion", L4, prompt="words", seed=seed)
        dragged, _ = scenario.bodies
        text = scenario.prompt.text
        assert text.startswith(f"Move the {dragged.texture} {dragged.shape} to ")
        said = re.findall(r"(\d+) cm from the top and (\d+) cm from the left", text)
        for (top, left), goal in zip(said, scenario.goals, strict=True):
            assert math.dist((0.25 + int(top) / 100, -0.5 + int(left) / 100), goal.xy) < 0.0075
