"""Task 8."""

import re

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.tasks import sample

L4 = "novel_task_generalization"
SCENARIOS = [sample("novel_adj_and_noun", L4, seed=seed) for seed in range(120)]
PROMPT = re.compile(
    r"This is a (?P<first>\w+) {(?P<first_slot>\w+)}\. "
    r"This is a (?P<second>\w+) {(?P<second_slot>\w+)}\. "
    r"{demo_blicker_obj_1} is (?P<word>\w+) than {demo_less_blicker_obj_1}\. "
    r"{demo_blicker_obj_2} is (?P=word) than {demo_less_blicker_obj_2}\. "
    r"{demo_blicker_obj_3} is (?P=word) than {demo_less_blicker_obj_3}\. "
    r"Put the (?:less )?(?P=word) (?P<noun>\w+) into the (?P<base_noun>\w+)\."
)


def test_the_prompt_reads_as_upstream():
    for scenario in SCENARIOS:
        match = PROMPT.fullmatch(scenario.prompt.template)
        assert match is not None
        defined = {match["first_slot"]: match["first"], match["second_slot"]: match["second"]}
        assert defined == {"dragged_obj": match["noun"], "base_obj": match["base_noun"]}


def test_beside_the_twin_are_two_distractors_of_other_shapes():
    containers = 0
    for scenario in SCENARIOS:
        base, dragged, twin, *others = scenario.bodies
        assert twin.shape == dragged.shape
        assert (twin.texture == dragged.texture) != (twin.scale == dragged.scale)
        assert len(others) == 2
        assert not {body.shape for body in others} & {base.shape, dragged.shape}
        assert all(body.scale[2] == 1.0 for body in others)
        assert (others[0].shape, others[0].texture) != (others[1].shape, others[1].texture)
        containers += sum(SHAPES[body.shape].kind == "container" for body in others)
    assert 30 < containers < 80  # 5 of 22 shapes


def test_three_large_containers_find_room():
    crowded = [
        scenario
        for scenario in SCENARIOS
        if sum(SHAPES[body.shape].kind == "container" for body in scenario.bodies) == 3
    ]
    assert len(crowded) > 3


def test_words_define_the_nouns_by_shape():
    scenario = sample("novel_adj_and_noun", L4, "words", seed=2)
    base, dragged, *_ = scenario.bodies
    text = scenario.prompt.text
    command = re.search(r"Put the (?:less )?\w+ (\w+) into the (\w+)\.$", text)
    assert command is not None
    assert f"This is a {command[1]}: {dragged.shape}. " in text
    assert f"This is a {command[2]}: {base.shape}. " in text
