"""Task 16."""

import re

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.envs.tabletop.tasks.manipulate_old_neighbor import BASE, COLUMNS, ROWS

NAME = "manipulate_old_neighbor"
SCENARIOS = [sample(NAME, seed=seed) for seed in range(300)]
GRID = {(x, y) for x in ROWS for y in COLUMNS}
OFFSETS = {"north": (-0.125, 0.0), "south": (0.125, 0.0), "west": (0.0, -0.25), "east": (0.0, 0.25)}


def pair(scenario):
    by_id = {body.obj_id: body for body in scenario.bodies}
    return [by_id[goal.obj_id] for goal in scenario.goals]


def direction(scenario):
    return re.findall(r"at its (\w+) into", scenario.prompt.template)[0]


def test_five_different_things_stand_on_six_cells_beside_a_container():
    empty = set()
    for scenario in SCENARIOS:
        *things, base = scenario.bodies
        assert len({(body.shape, body.texture) for body in things}) == 5
        assert SHAPES[base.shape].kind == "container" and base.xy == BASE == (0.5, 0.25)
        assert all(body.yaw == 0 for body in scenario.bodies)
        places = {body.xy for body in things}
        assert len(places) == 5 and places < GRID
        empty |= GRID - places
        moved = {goal.obj_id for goal in scenario.goals}
        assert set(scenario.distractors) == {body.obj_id for body in things} - moved
    assert empty == GRID


def test_the_neighbour_stands_where_the_prompt_says_and_north_is_up():
    for scenario in SCENARIOS:
        dragged, neighbour = pair(scenario)
        dx, dy = OFFSETS[direction(scenario)]
        assert neighbour.xy == (dragged.xy[0] + dx, dragged.xy[1] + dy)
    assert {direction(scenario) for scenario in SCENARIOS} == set(OFFSETS)


def after(scenario, *order):
    """The verdict when these are put into the container one after the other."""
    state, progress = {body.obj_id: body for body in scenario.bodies}, Placing(scenario)
    for body in order:
        state[body.obj_id] = body.at(*BASE)
        progress.update(state)
    return progress.success, progress.failure


def test_only_this_order_wins():
    for scenario in SCENARIOS[:20]:
        dragged, neighbour = pair(scenario)
        assert after(scenario, dragged) == (False, False)
        assert after(scenario, dragged, neighbour) == (True, False)
        assert after(scenario, neighbour) == (False, True)
        for body in scenario.bodies:
            if body.obj_id in scenario.distractors:
                assert after(scenario, dragged, body) == (False, True)


def test_the_prompt_reads_as_upstream_with_the_container_in_it_twice():
    scenario = SCENARIOS[0]
    assert scenario.budget == 4
    assert scenario.prompt.template == (
        "First put {dragged_obj} into {base_obj} then put the object that was previously at "
        f"its {direction(scenario)} into the same {{base_obj}}."
    )
    assert scenario.prompt.reading_order == ("dragged_obj", "base_obj")
    dragged, _ = pair(scenario)
    base = scenario.bodies[-1]
    assert sample(NAME, prompt="words", seed=0).prompt.text == (
        f"First put the {dragged.texture} {dragged.shape} into the {base.texture} {base.shape} "
        f"then put the object that was previously at its {direction(scenario)} "
        f"into the same {base.texture} {base.shape}."
    )
