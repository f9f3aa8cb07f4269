"""Boxes: always on the picture, in its own pixels, and each only once."""

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput
from uio2_agent.model.preprocessing import fit_picture
from uio2_agent.model.recipes import regions
from uio2_agent.model.recipes.regions import (
    four_bins,
    overlap,
    parse_boxes,
    picture_spans,
    prefer_bins,
    suppress,
)

SIZES = [(100, 150), (150, 100), (7, 300), (300, 3), (1, 1), (384, 384)]


@pytest.mark.parametrize("size", SIZES)
def test_a_phrase_has_one_box_on_the_picture(predictor, size):
    found = regions.refexp(predictor, np.zeros((*size, 3), np.uint8), "the dog")
    x1, y1, x2, y2 = found.box
    assert 0 <= x1 < x2 <= size[1] and 0 <= y1 < y2 <= size[0] and found.label == "the dog"


@pytest.mark.parametrize("size", SIZES)
def test_whatever_the_model_prefers_four_bins_make_a_box(tokenizer, size):
    info = fit_picture(np.zeros((*size, 3), np.uint8), (384, 384)).info
    spans = picture_spans(info, (384, 384))
    allowed = four_bins(tokenizer, 1664, spans)
    generator = np.random.default_rng(0)
    for prefer in ("first", "last", *["any"] * 20):
        tokens: list[int] = []
        for _ in range(5):
            choices = allowed([tokens])[0].nonzero()[:, 0].numpy()
            tokens.append(
                int(
                    generator.choice(choices)
                    if prefer == "any"
                    else choices[{"first": 0, "last": -1}[prefer]]
                )
            )
        assert tokens[4] == tokenizer.EOS
        y1, x1, y2, x2 = (tokenizer.location_value(t) for t in tokens[:4])
        assert y1 < y2 and x1 < x2
        for (low, high), (a, b) in zip(spans, [(y1, y2), (x1, x2)], strict=True):
            assert low - 1 / 999 <= a < high and low < b <= high + 1 / 999


def test_boxes_come_back_in_pixels_of_the_picture(scripted, picture, bins):
    for box in [(20, 10, 90, 60), (0, 0, 150, 100), (149, 99, 150, 100)]:
        scripted.script = bins(picture, *box)
        found = regions.refexp(scripted, picture, "it")
        assert found.box == pytest.approx(box, abs=0.2)  # a bin is 0.15 pixels wide


def test_all_boxes_of_a_phrase_are_found_and_the_same_only_once(scripted, picture, bins):
    first, second = (10, 10, 60, 60), (80, 20, 140, 90)
    nearly_first = (11, 10, 60, 60)
    scripted.script = bins(picture, *first) + bins(picture, *second) + bins(picture, *nearly_first)
    found = regions.localise(scripted, picture, "a box")
    assert [f.label for f in found] == ["a box", "a box"]
    assert found[0].box == pytest.approx(first, abs=0.2)
    assert found[1].box == pytest.approx(second, abs=0.2)


def test_detected_objects_have_names(scripted, tokenizer, picture, bins):
    scripted.script = (
        bins(picture, 10, 10, 60, 60)
        + tokenizer.encode("red box")
        + bins(picture, 80, 20, 140, 90)
        + tokenizer.encode("dog.")
        + bins(picture, 1, 1, 9, 9)
        + tokenizer.encode("???")
        + bins(picture, 30, 30, 40, 40)
    )
    assert [f.label for f in regions.detect(scripted, picture)] == ["red box", "dog"]


def test_nothing_found_is_an_empty_list(scripted, tokenizer, picture, bins):
    scripts: list[list[int]] = [[], tokenizer.encode("no boxes"), bins(picture, 1, 1, 9, 9)[:3]]
    for script in scripts:
        scripted.script = script
        assert regions.localise(scripted, picture, "a dog") == []


def test_boxes_in_the_padding_are_dropped(scripted, tokenizer, picture):
    top = [tokenizer.location(v) for v in (0.0, 0.2, 0.1, 0.6)]  # padded above and below
    scripted.script = top
    assert regions.localise(scripted, picture, "a dog") == []


def test_a_longer_row_of_bins_is_several_boxes(tokenizer):
    one = [tokenizer.location(v) for v in (0.1, 0.2, 0.3, 0.4)]
    cat, dog = tokenizer.encode("cat"), tokenizer.encode("dog")
    assert parse_boxes([*one, *one, *one[:2], *cat], tokenizer) == [(one, ""), (one, "cat")]
    assert parse_boxes([*dog, *one[:3], *cat, *one], tokenizer) == [(one, "")]
    assert parse_boxes([*one, *tokenizer.encode("Cat")], tokenizer) == [(one, "")]


def test_bins_are_forced_where_together_they_are_likely(tokenizer):
    scores = torch.full((2, 1664), -9.0)
    scores[:, 5] = 4.0  # a word
    scores[0, tokenizer.first_location_id : tokenizer.first_location_id + 50] = 0.0
    share = scores.softmax(-1)[:, 420:1420].sum(-1)
    assert 0.3 < share[0] < 0.5 and share[1] < 0.3
    chosen = prefer_bins(tokenizer, 0.3)(scores, torch.zeros(2, 1, dtype=torch.int64)).argmax(-1)
    assert tokenizer.is_location(int(chosen[0])) and chosen[1] == 5
    assert (prefer_bins(tokenizer, 0.5)(scores, torch.zeros(2, 1)).argmax(-1) == 5).all()


def test_a_threshold_of_0_writes_nothing_but_bins(predictor, picture, monkeypatch):
    seen: list[int] = []

    def keep(tokens: list[int], tokenizer) -> list:
        seen.extend(tokens)
        return []

    monkeypatch.setattr(regions, "parse_boxes", keep)
    regions.localise(predictor, picture, "a dog", threshold=0.0)
    assert len(seen) == 256 and all(predictor.tokenizer.is_location(token) for token in seen)


def test_of_boxes_that_overlap_the_earlier_stays():
    boxes = [(0, 0, 10, 10), (0, 0, 10, 9), (0, 0, 10, 7.9), (20, 0, 30, 10), (20, 0, 30, 10)]
    assert suppress(boxes) == [0, 2, 3]
    assert overlap((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_an_answer_about_a_picture_needs_one(predictor):
    with pytest.raises(BadInput, match="image is missing"):
        regions.refexp(predictor, None, "the dog")  # type: ignore[arg-type]
