"""Task 6."""

import re

import pytest

from uio2_agent.envs.tabletop.tasks import sample

LEVELS = (
    "placement_generalization",
    "combinatorial_generalization",
    "novel_object_generalization",
)
SCENARIOS = [sample("novel_adj", level, seed=seed) for level in LEVELS for seed in range(40)]
DEMONSTRATION = "{demo_blicker_obj_%d} is %s than {demo_less_blicker_obj_%d}."


def difference(one, other):
    """What distinguishes two bodies of the same shape, e.g. ("height", True) for a taller one."""
    assert one.shape == other.shape
    if one.texture == other.texture:
        assert one.scale[:2] == other.scale[:2] and one.scale[2] != other.scale[2]
        return "height", one.scale[2] > other.scale[2]
    assert one.scale == other.scale
    assert {one.texture, other.texture} in (
        {one.texture, f"dark {one.texture}"},
        {other.texture, f"dark {other.texture}"},
    )
    return "darkness", one.texture.startswith("dark ")


def test_the_prompt_reads_as_upstream():
    for scenario in SCENARIOS:
        template = scenario.prompt.template
        match = re.search(r"Put the (less )?(\w+) {dragged_obj} into the {base_obj}\.$", template)
        assert match is not None
        shown = " ".join(DEMONSTRATION % (i, match[2], i) for i in (1, 2, 3))
        assert template == f"{shown} {match[0]}"
        assert len(scenario.prompt.reading_order) == 8


def test_the_demonstrations_tell_which_of_the_twins_is_meant():
    for scenario in SCENARIOS:
        pictures = scenario.prompt.pictures
        meant = {
            difference(
                pictures[f"demo_blicker_obj_{i}"].bodies[0],
                pictures[f"demo_less_blicker_obj_{i}"].bodies[0],
            )
            for i in (1, 2, 3)
        }
        _, dragged, twin = scenario.bodies
        what, more = difference(dragged, twin)
        assert meant == {(what, more ^ ("Put the less " in scenario.prompt.template))}


def test_the_command_shows_both_shapes_and_nothing_else():
    for scenario in SCENARIOS:
        base, dragged, _ = scenario.bodies
        for name, body in (("base_obj", base), ("dragged_obj", dragged)):
            (shown,) = scenario.prompt.pictures[name].bodies
            assert (shown.shape, shown.texture, shown.scale[2]) == (body.shape, "grey", 1.0)


def test_flat_and_tower_differ_by_twice_the_usual_height():
    heights = [
        sorted(body.scale[2] for body in scenario.bodies[1:])
        for scenario in SCENARIOS
        if scenario.bodies[1].texture == scenario.bodies[2].texture
    ]
    assert 40 < len(heights) < 80
    for short, tall in heights:
        assert 0.3 <= short <= 0.4
        assert tall - short == pytest.approx(2.0)


@pytest.mark.parametrize("level", LEVELS)
def test_words_name_the_demonstrations_and_the_shapes(level):
    for seed in range(20):
        scenario = sample("novel_adj", level, "words", seed)
        base, dragged, twin = scenario.bodies
        *shown, command = scenario.prompt.text.split(". ")
        assert len(shown) == 3
        for sentence in shown:
            ((more, less),) = re.findall(r"^The (.+) is \w+ than the (.+)$", sentence)
            if dragged.texture == twin.texture:
                assert {more.split(" ")[0], less.split(" ")[0]} == {"tall", "short"}
            else:
                assert more == f"dark {less}" or less == f"dark {more}"
        assert re.fullmatch(
            rf"Put the (less )?\w+ {dragged.shape} into the {base.shape}\.", command
        )
