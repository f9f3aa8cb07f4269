"""Plans as text and back, and nothing but plans."""

import math
from collections import Counter
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.errors import BadInput, BadSetting, BadShape, TooManyPictures
from uio2_agent.model.config import SIZES
from uio2_agent.model.generation import generate_text
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.table_scale import HIGH, LOW
from uio2_agent.policies.codecs.vima import VimaCodec

PLACE, TURN = gym.spaces.Box(LOW, HIGH), gym.spaces.Box(-1, 1, (4,))
SPACE = gym.spaces.Dict(
    {
        f"{pose}_{part}": box
        for pose in ("pose0", "pose1")
        for part, box in (("position", PLACE), ("rotation", TURN))
    }
)
STRAIGHT = np.array([0, 0, 0, 1], np.float32)


def move(pick, place, turn=0.0):
    return {
        "pose0_position": np.array(pick, np.float32),
        "pose0_rotation": STRAIGHT,
        "pose1_position": np.array(place, np.float32),
        "pose1_rotation": np.array([0, 0, math.sin(turn / 2), math.cos(turn / 2)], np.float32),
    }


bins = st.integers(0, 999)


@given(st.lists(st.tuples(bins, bins, bins, bins, bins, bins), min_size=1, max_size=8))
def test_bins_survive_decoding_and_encoding(codec, plan):
    tokens = codec.encode([codec.scale.action(step) for step in plan], effector=0)
    again = codec.decode({}, tokens)
    # Bins 0 and 999 are the same turn.
    wanted = [[0 if i in (2, 5) and b == 999 else b for i, b in enumerate(step)] for step in plan]
    assert [codec.scale.bins(a) for a in again] == wanted


def test_answer_reads_as_the_grammar_of_unified_io_2(codec, tokenizer):
    plan = [move((0.25, -0.5), (0.75, 0.5)), move((0.5, 0.0), (0.5, 0.0), math.pi)]
    text = tokenizer.decode(codec.encode(plan, effector=0))
    assert text == (
        "1: pick from ( <extra_id_200> <extra_id_200> <extra_id_200> ) "
        "and place to ( <extra_id_1199> <extra_id_1199> <extra_id_200> ) "
        "2: pick from ( <extra_id_700> <extra_id_700> <extra_id_200> ) "
        "and place to ( <extra_id_700> <extra_id_700> <extra_id_700> )"
    )


def test_spatula_pushes(codec, tokenizer):
    text = tokenizer.decode(codec.encode([move((0.5, 0), (0.6, 0))], effector=1))
    assert text.startswith("1: push from (")
    assert "and push to (" in text


def test_an_encoded_plan_is_what_the_mask_allows(codec, observe):
    for effector in (0, 1):
        tokens = codec.encode([move((0.5, 0), (0.6, 0.1))] * 8, effector)
        seen = observe(ee=effector)
        for i, token in enumerate([*tokens, Tokenizer.EOS]):
            assert codec.allowed(seen, tokens[:i])[token]


def test_a_plan_may_not_be_empty_nor_break_off(codec, observe):
    tokens = codec.encode([move((0.5, 0), (0.6, 0.1))] * 2, 0)
    may_end = [bool(codec.allowed(observe(), tokens[:i])[1]) for i in range(len(tokens) + 1)]
    assert [i for i, ok in enumerate(may_end) if ok] == [len(tokens) // 2, len(tokens)]


def test_a_thousand_answers_of_random_weights_all_parse(codec, observe):
    text = torch.tensor([[5, 6, 7, 1]])
    # A small width makes a thousand quick; the words are nano's.
    model = UnifiedIO2(replace(SIZES["tiny"], text_vocab_size=SIZES["nano"].text_vocab_size))
    model.init_weights(seed=0)
    with torch.inference_mode():
        encoded = model.eval().encode(Inputs(text=text))
    many = type(encoded)(
        encoded.states.expand(250, -1, -1),
        encoded.mask.expand(250, -1),
        encoded.rope.expand(250, -1, -1),
    )
    seen = observe()

    def allowed(rows):
        return torch.from_numpy(np.stack([codec.allowed(seen, row) for row in rows]))

    lengths: Counter[int] = Counter()
    for part in range(4):
        out = generate_text(
            model,
            many,
            max_new_tokens=codec.max_answer,
            allowed=allowed,
            temperature=100.0,  # so hot that plans of every length come up
            generators=[torch.Generator().manual_seed(part * 250 + i) for i in range(250)],
        )
        for answer in out[:, 1:].tolist():
            tokens = answer[: answer.index(Tokenizer.EOS)]
            plan = codec.decode(seen, tokens)
            lengths[len(plan)] += 1
            assert len(codec.encode(plan, effector=0)) == len(tokens)
            for action in plan:
                assert SPACE.contains(action)
    assert lengths.total() == 1000
    assert set(lengths) == set(range(1, 9))


def test_question_numbers_past_frames_after_the_pictures(codec, tokenizer, observe):
    prompt = codec.prompt(observe(pictures=2), n_past=1)
    assert tokenizer.decode(prompt.text) == (
        "[Text] [S] Put the <image_history_1> into the <image_history_2>. "
        "History: <image_history_3>"
    )
    assert len(prompt.pictures) == 2
    assert prompt.n_past == 1


def test_pictures_leave_fewer_slots_to_past_frames(codec, observe):
    assert codec.prompt(observe(pictures=7), n_past=2).n_past == 1
    assert codec.prompt(observe(pictures=8), n_past=2).n_past == 0


def test_a_prompt_with_more_pictures_than_slots_shows_what_its_command_names(
    tokenizer, observe, caplog
):
    codec = VimaCodec(tokenizer, 2304, slots=4, past_frames=2)
    seen = observe(pictures=8)
    pairs = [f"<image_history_{i}> > <image_history_{i + 1}>." for i in (1, 3, 5)]
    command = "Put the <image_history_7> into the <image_history_8>."
    seen["prompt_text"] = f"{' '.join(pairs)} {command}"
    for _ in range(2):
        prompt = codec.prompt(seen, n_past=2)
    assert tokenizer.decode(prompt.text) == (
        "[Text] [S] <image_history_1> > <image_history_2>. "
        "Put the <image_history_3> into the <image_history_4>."
    )
    np.testing.assert_array_equal(prompt.pictures, seen["prompt_rgb"][[2, 3, 6, 7], 1])
    assert prompt.n_past == 0  # no slot is left
    (told,) = caplog.messages  # once, not at every step
    assert told.startswith("8 pictures for 4 history slots: left out 1, 2, 5, 6; the prompt now")
    codec.prompt(seen | {"prompt_text": seen["prompt_text"].replace("Put", "Lay")})
    assert len(caplog.messages) == 2


def test_slots_that_no_demonstration_fits_hold_past_frames(tokenizer, observe):
    codec = VimaCodec(tokenizer, 2304, slots=5, past_frames=2)
    seen = observe(pictures=6)
    pairs = [f"From <image_history_{i}> to <image_history_{i + 1}>." for i in (1, 3, 5)]
    seen["prompt_text"] = f"{' '.join(pairs)} Twist."
    prompt = codec.prompt(seen, n_past=2)
    assert (len(prompt.pictures), prompt.n_past) == (4, 1)
    assert tokenizer.decode(prompt.text).endswith("Twist. History: <image_history_5>")


def test_a_command_that_names_more_pictures_than_slots_is_refused(tokenizer, observe):
    codec = VimaCodec(tokenizer, 2304, slots=2)
    with pytest.raises(TooManyPictures, match="named in the command is 3, expected at most 2"):
        codec.prompt(observe(pictures=3))


@pytest.mark.parametrize("slots", [0, 9, -1])
def test_slots_the_vocabulary_has_no_markers_for_are_refused(tokenizer, slots):
    with pytest.raises(BadSetting, match="from 1 to 8"):
        VimaCodec(tokenizer, 2304, slots=slots)


@pytest.mark.parametrize(
    "image", [np.zeros((128, 256, 3), np.uint8), np.zeros((3, 128, 256), np.float32)]
)
def test_a_picture_of_wrong_shape_or_type_is_refused_by_name(codec, observe, image):
    seen = observe()
    seen["rgb"]["top"] = image
    with pytest.raises(BadShape, match="rgb.top"):
        codec.prompt(seen)


def test_a_plan_too_long_to_write_is_refused(codec):
    with pytest.raises(BadInput, match="9 steps long"):
        codec.encode([move((0.5, 0), (0.6, 0.1))] * 9, 0)


def test_an_unknown_view_is_refused(tokenizer):
    with pytest.raises(BadInput, match="front, top"):
        VimaCodec(tokenizer, 2304, view="side")


def test_an_environment_of_another_kind_is_refused(codec):
    walking = {"rgb": np.zeros((96, 96, 3), np.uint8), "depth": np.zeros((96, 96, 1), np.float32)}
    with pytest.raises(BadInput, match="without a view 'top' in rgb .rgb, depth."):
        codec.pictures_of(walking)
