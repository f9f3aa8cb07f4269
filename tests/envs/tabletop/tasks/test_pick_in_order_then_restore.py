"""Task 17."""

from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.envs.tabletop.tasks.pick_in_order_then_restore import CELLS

NAME = "pick_in_order_then_restore"
SCENARIOS = [sample(NAME, seed=seed) for seed in range(200)]


def test_six_containers_differ_in_texture_and_place_only():
    for scenario in SCENARIOS:
        _, *containers = scenario.bodies
        assert len({(b.shape, b.scale, b.yaw) for b in containers}) == 1
        assert len({b.texture for b in containers}) == 6
        assert {b.xy for b in containers} == set(CELLS)
    assert {scenario.bodies[1].xy for scenario in SCENARIOS} == set(CELLS)


def test_the_thing_starts_in_the_first_container_and_ends_there():
    for scenario in SCENARIOS:
        dragged, home, one, two, *_ = scenario.bodies
        assert dragged.xy == home.xy
        assert [goal.xy for goal in scenario.goals] == [one.xy, two.xy, home.xy]
        assert {goal.obj_id for goal in scenario.goals} == {dragged.obj_id}
        assert {goal.tolerance for goal in scenario.goals} == {0.05}
        assert len(scenario.stages) == 3 and scenario.budget == 4


def carried(scenario, *containers):
    dragged, *rest = scenario.bodies
    progress = Placing(scenario)
    for container in containers:
        state = {body.obj_id: body for body in rest}
        progress.update(state | {dragged.obj_id: dragged.at(*container.xy)})
    return progress.success, progress.failure


def test_only_this_order_wins():
    for scenario in SCENARIOS[:20]:
        _, home, one, two, another, *_ = scenario.bodies
        assert carried(scenario, one, two) == (False, False)
        assert carried(scenario, one, two, home) == (True, False)
        assert carried(scenario, two) == (False, True)
        assert carried(scenario, one, home) == (False, True)
        assert carried(scenario, another, one, two, home) == (True, False), "a detour is none"


def test_a_step_that_picks_nothing_is_no_failure():
    for scenario in SCENARIOS[:20]:
        _, home, *_ = scenario.bodies
        assert carried(scenario, home) == (False, False)


def test_the_prompt_reads_as_upstream():
    scenario = SCENARIOS[0]
    assert scenario.prompt.template == (
        "Put {dragged_obj} into {base_obj_1} then {base_obj_2}. "
        "Finally restore it into its original container."
    )
    thing, _, one, two = (f"{b.texture} {b.shape}" for b in scenario.bodies[:4])
    assert sample(NAME, prompt="words", seed=0).prompt.text == (
        f"Put the {thing} into the {one} then the {two}. "
        "Finally restore it into its original container."
    )
