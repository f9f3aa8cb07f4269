"""Questions about labelled objects and their right answers."""

from dataclasses import replace

import numpy as np
import pytest

from uio2_agent.policies.objectives.grounding import GroundingConfig, grounding_example


def ask(strewn, codec, seed=0, **shares):
    none = {"where": 0, "put": 0, "listing": 0, "name": 0, "recall": 0, "named": 0}
    cfg = GroundingConfig(**(none | shares))
    return grounding_example(strewn, codec, cfg, np.random.default_rng(seed), elsewhere(strewn))


def elsewhere(strewn):
    return replace(strewn, frames=255 - strewn.frames)


def points(codec, answer):
    """Values of the bins of an answer, as x, y pairs in metres."""
    values = [codec.tokenizer.location_value(t) for t in answer if codec.tokenizer.is_location(t)]
    return [(0.25 + 0.5 * x, -0.5 + y) for x, y in zip(values[::2], values[1::2], strict=True)]


def test_where_names_objects_and_answers_in_the_same_order(strewn, codec, tokenizer):
    orders = set()
    for seed in range(20):
        example = ask(strewn, codec, seed, where=1, shown=0)
        question = tokenizer.decode(example.question)
        places = {"red bowl": (0.3, -0.4), "tiger letter T": (0.7, 0.4)}
        asked = sorted((n for n in places if n in question), key=question.index)
        found = points(codec, example.answer)
        assert len(found) == len(asked)
        for name, xy in zip(asked, found, strict=True):
            assert xy == pytest.approx(places[name], abs=1e-3)
        orders.add(tuple(asked))
    assert len(orders) > 2


def test_shown_objects_come_as_pictures_in_slot_order(strewn, codec, tokenizer):
    example = ask(strewn, codec, seed=3, put=1, shown=1)
    assert tokenizer.decode(example.question).endswith(
        "Put the <image_history_1> into the <image_history_2>."
    )
    shown = [int(f[0, 0, 0]) - 100 for f in example.frames]
    assert sorted(shown) == [0, 1]
    (action,) = codec.decode({}, example.answer)
    wanted = strewn.labels["places"][0, shown[0], :2]
    assert action["pose0_position"] == pytest.approx(wanted, abs=1e-3)


def test_names_of_pictures_are_answered_in_words(strewn, codec, tokenizer):
    example = ask(strewn, codec, seed=1, name=1)
    names = [strewn.info["objects"][int(f[0, 0, 0]) - 100] for f in example.frames]
    assert tokenizer.decode(example.answer) == ", ".join(names)


def test_listing_runs_from_left_to_right(strewn, codec, tokenizer):
    example = ask(strewn, codec, listing=1)
    text = tokenizer.decode(example.answer)
    assert text.index("red bowl") < text.index("tiger letter T")
    assert points(codec, example.answer)[1] == pytest.approx((0.7, 0.4), abs=1e-3)


def test_a_named_answer_says_each_name_before_its_place(strewn, codec, tokenizer):
    example = ask(strewn, codec, seed=2, where=1, named=1)
    text = tokenizer.decode(example.answer)
    for name, places in zip(strewn.info["objects"], ((0.3, -0.4), (0.7, 0.4)), strict=True):
        if name in text:
            after = tokenizer.encode(text[text.index(name) :])
            assert points(codec, after)[0] == pytest.approx(places, abs=1e-3)


def test_a_recalled_scene_is_in_the_history_and_another_is_seen_now(strewn, codec, tokenizer):
    example = ask(strewn, codec, seed=2, recall=1)
    (past,) = example.frames
    np.testing.assert_array_equal(past, strewn.frames[0])
    np.testing.assert_array_equal(example.image, elsewhere(strewn).frames[0])
    assert tokenizer.decode(example.question).endswith("in <image_history_1>?")
    places = {"red bowl": (0.3, -0.4), "tiger letter T": (0.7, 0.4)}
    question = tokenizer.decode(example.question)
    asked = sorted((n for n in places if n in question), key=question.index)
    for name, xy in zip(asked, points(codec, example.answer), strict=True):
        assert xy == pytest.approx(places[name], abs=1e-3)
