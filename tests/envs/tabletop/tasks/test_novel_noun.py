"""Task 7."""

import re
from collections import Counter

from uio2_agent.envs.tabletop.tasks import sample

SCENARIOS = [sample("novel_noun", seed=seed) for seed in range(120)]


def nouns(scenario):
    """What the movable and the container are called."""
    ((noun, base_noun),) = re.findall(r"Put a (\w+) into a (\w+)\.$", scenario.prompt.template)
    return noun, base_noun


def test_the_prompt_reads_as_upstream_with_its_definitions_in_either_order():
    base_first = 0
    for scenario in SCENARIOS:
        template = scenario.prompt.template
        noun, base_noun = nouns(scenario)
        assert noun != base_noun and {noun, base_noun} < {"dax", "blicket", "wug", "zup"}
        base = f"This is a {base_noun} {{base_obj}}."
        dragged = f"This is a {noun} {{dragged_obj_1}}."
        command = f"Put a {noun} into a {base_noun}."
        base_first += template == f"{base} {dragged} {command}"
        assert template in (f"{base} {dragged} {command}", f"{dragged} {base} {command}")
    assert 40 < base_first < 80


def test_every_noun_is_given_to_movables_and_to_containers():
    for position in (0, 1):
        counts = Counter(nouns(s)[position] for s in SCENARIOS)
        assert len(counts) == 4 and min(counts.values()) > 15


def test_pictures_tell_the_shape_and_not_the_texture():
    for scenario in SCENARIOS:
        base, dragged, _ = scenario.bodies
        for name, body in (("base_obj", base), ("dragged_obj_1", dragged)):
            (shown,) = scenario.prompt.pictures[name].bodies
            assert (shown.shape, shown.texture, shown.scale) == (body.shape, "grey", body.scale)


def test_no_two_things_on_the_table_have_the_same_shape():
    for scenario in SCENARIOS:
        assert len({body.shape for body in scenario.bodies}) == 3


def test_words_define_the_nouns_by_shape():
    for seed in range(30):
        scenario = sample("novel_noun", prompt="words", seed=seed)
        base, dragged, _ = scenario.bodies
        text = scenario.prompt.text
        noun, base_noun = nouns(scenario)
        assert f"This is a {noun}: {dragged.shape}. " in text
        assert f"This is a {base_noun}: {base.shape}. " in text
