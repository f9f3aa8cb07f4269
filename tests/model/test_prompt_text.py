"""Markers stay whole pieces wherever a user writes them."""

import pytest

from uio2_agent.errors import BadInput
from uio2_agent.model.prompt_text import TEXT, check_markers, prefixed, with_boxes
from uio2_agent.model.vocabulary import Tokenizer

NUMBERS = {"image_input": 1, "audio_input": 1, "image_history": 8, "audio_history": 8}


@pytest.mark.parametrize(
    "text",
    [
        "<image_input>",
        " <image_input>",
        "   <image_input> red",
        "red<image_input>",
        "red  <image_input> box",
        "red\n<image_input>",
        "(<image_history_3>)",
        "<image_history_1><audio_history_8><extra_id_200><extra_id_1199>",
        "go to <extra_id_0>.",
    ],
)
def test_every_marker_is_one_piece(golden, text):
    tokenizer = Tokenizer(golden("tokenizer")["base_model_proto"].tobytes())
    pieces = [
        tokenizer.piece(i) for i in tokenizer.encode(prefixed(check_markers(text, NUMBERS), TEXT))
    ]
    assert pieces[0] == "▁[Text]▁[S]"
    whole = [piece for piece in pieces if piece.startswith("▁<")]
    assert len(whole) == text.count("<") and "<0x3C>" not in pieces
    assert "▁" not in pieces[: 1 + text.strip().startswith("<")]


def test_a_text_that_brings_its_prefix_keeps_it():
    assert prefixed("[Text] [X] hello", TEXT) == "[Text] [X] hello"
    assert prefixed("hello", TEXT) == "[Text] [S] hello"
    assert prefixed("a [Video] [S] inside", TEXT) == "[Text] [S] a [Video] [S] inside"


def test_boxes_are_put_in_order_and_other_braces_stay():
    text = with_boxes("{a} {box} and {box}", [(0, 0, 1, 1), (0.5, 0, 0.5, 1)])
    corners = "<extra_id_200> <extra_id_200> <extra_id_1199> <extra_id_1199>"
    halves = "<extra_id_699> <extra_id_200> <extra_id_699> <extra_id_1199>"
    assert text == f"{{a}} {corners} and {halves}"


@pytest.mark.parametrize(
    "marker",
    ["<extra_id_>", "<extra_id_x>", "<image_input_1>", "<image_history_0>", "<image_inputs>"],
)
def test_what_only_looks_like_a_marker_is_refused(marker):
    with pytest.raises(BadInput, match="marker"):
        check_markers(f"at {marker}", NUMBERS)


def test_other_angle_brackets_are_ordinary_text():
    assert check_markers("a <b> <extra_id_-1> <s>", NUMBERS) == "a <b> <extra_id_-1> <s>"
