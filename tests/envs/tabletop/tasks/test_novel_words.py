"""Made-up words and their explanations."""

from collections import Counter

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.partitions import sets_for
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.novel_words import (
    ADJECTIVES,
    Adjective,
    Passage,
    definitions,
    outline_picture,
    tell,
)

ADJECTIVE_DRAWS = [Adjective.drawn(Draws(seed)) for seed in range(400)]


def heart(texture="red", height=1.0, obj_id=6):
    return Body(
        obj_id=obj_id,
        shape="heart",
        texture=texture,
        position=(0.5, 0.0, 0.0),
        scale=(1.0, 1.0, height),
    )


def adjective(meaning, less=False):
    return Adjective(word="daxer", meaning=meaning, short=0.35, less=less)


def test_words_meanings_and_the_word_less_come_up_equally_often():
    words = Counter(a.word for a in ADJECTIVE_DRAWS)
    meanings = Counter(a.meaning for a in ADJECTIVE_DRAWS)
    assert set(words) == set(ADJECTIVES)
    assert set(meanings) == {"shorter", "taller", "lighter", "darker"}
    assert all(70 < n < 130 for n in (*words.values(), *meanings.values()))
    assert 160 < sum(a.less for a in ADJECTIVE_DRAWS) < 240


def test_the_short_ones_height_is_three_to_four_tenths():
    heights = [a.short for a in ADJECTIVE_DRAWS]
    assert 0.3 <= min(heights) < 0.305 and 0.395 < max(heights) <= 0.4


@pytest.mark.parametrize(
    ("meaning", "more", "less"),
    [
        ("shorter", heart(height=0.35), heart(height=2.35)),
        ("taller", heart(height=2.35), heart(height=0.35)),
        ("lighter", heart("red"), heart("dark red")),
        ("darker", heart("dark red"), heart("red")),
    ],
)
def test_a_pair_differs_in_what_the_adjective_means_and_in_nothing_else(meaning, more, less):
    assert adjective(meaning).pair(heart()) == (more, less)


@pytest.mark.parametrize("texture", ["red swirl", "dark red swirl"])
def test_a_hue_may_be_drawn_light_or_dark(texture):
    light, dark = adjective("lighter").pair(heart(texture))
    assert (light.texture, dark.texture) == ("red swirl", "dark red swirl")


def test_height_keeps_a_dark_texture():
    assert {b.texture for b in adjective("taller").pair(heart("dark red"))} == {"dark red"}


def test_the_word_less_turns_the_meaning_round():
    asked, twin = adjective("taller").candidates(heart())
    assert (asked.scale[2], twin.scale[2]) == (2.35, 0.35)
    asked, twin = adjective("taller", less=True).candidates(heart())
    assert (asked.scale[2], twin.scale[2]) == (0.35, 2.35)
    assert (asked.obj_id, twin.obj_id) == (6, 7)
    assert adjective("taller", less=True).asked == "less daxer"


def test_demonstrations_are_not_turned_round_by_the_word_less():
    sets = sets_for("novel_adj", "placement_generalization")
    plain, turned = (
        adjective("taller", less).demonstrations(Draws(3), sets) for less in (False, True)
    )
    assert plain == turned
    for i in (1, 2, 3):
        (more,) = plain.pictures[f"demo_blicker_obj_{i}"].bodies
        (less,) = plain.pictures[f"demo_less_blicker_obj_{i}"].bodies
        assert (more.scale[2], less.scale[2]) == (2.35, 0.35)
        assert (more.shape, more.texture) == (less.shape, less.texture)


def test_words_name_what_differs():
    taller, darker = adjective("taller"), adjective("darker")
    assert [taller.named(b) for b in taller.pair(heart())] == ["tall red heart", "short red heart"]
    assert [darker.named(b) for b in darker.pair(heart())] == ["dark red heart", "red heart"]


def test_a_noun_is_shown_grey_and_of_normal_height():
    (shown,) = outline_picture(heart("red", height=2.35)).bodies
    assert (shown.shape, shown.texture, shown.scale) == ("heart", "grey", (1.0, 1.0, 1.0))


def test_definitions_come_in_either_order_with_the_same_words():
    nouns, bodies = {"a": "dax", "b": "wug"}, {"a": heart(), "b": heart()}
    told = Counter(definitions(Draws(seed), nouns, bodies).template for seed in range(100))
    assert set(told) == {
        "This is a dax {a}. This is a wug {b}.",
        "This is a wug {b}. This is a dax {a}.",
    }
    assert min(told.values()) > 30


def test_passages_are_told_with_their_pictures_or_without_any():
    picture = outline_picture(heart())
    passages = (
        Passage(template="This is {a}.", in_words="This is a heart.", pictures={"a": picture}),
        Passage(template="Put it.", in_words="Put it.", pictures={}),
    )
    shown, said = tell("pictures", *passages), tell("words", *passages)
    assert (shown.template, dict(shown.pictures)) == ("This is {a}. Put it.", {"a": picture})
    assert (said.template, dict(said.pictures)) == ("This is a heart. Put it.", {})
