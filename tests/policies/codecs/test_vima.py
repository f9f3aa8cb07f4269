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

from uio2_agent.errors import BadInput, BadShape, TooManyPictures
from uio2_agent.model.config import SIZES
from uio2_agent.model.generation import generate_text
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.vima import HIGH, LOW, VimaCodec

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
    tokens = codec.encode([codec.action(step) for step in plan], effector=0)
    again = codec.decode({}, tokens)
    # Bins 0 and 999 are the same turn.
    wanted = [[0 if i in (2, 5) and b == 999 else b for i, b in enumerate(step)] for step in plan]
    assert [codec.bins(a) for a in again] == wanted


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(-math.pi, math.pi))
def test_actions_come_back_to_within_half_a_bin(codec, fractions, turn):
    x0, y0, x1, y1 = fractions
    low, span = LOW.astype(float), (HIGH - LOW).astype(float)
    action = move(low + span * [x0, y0], low + span * [x1, y1], turn)
    (back,) = codec.decode({}, codec.encode([action], effector=0))
    for pose in ("pose0_position", "pose1_position"):
        assert np.abs(back[pose] - action[pose]).max() <= (span / 999 / 2).max() + 1e-6
    _, _, z, w = back["pose1_rotation"]
    error = (2 * math.atan2(z, w) - turn + math.pi) % (2 * math.pi) - math.pi
    assert abs(error) <= math.pi / 999 + 1e-5


@given(st.tuples(bins, bins, bins, bins, bins, bins))
def test_every_bin_is_an_action_inside_the_space(codec, step):
    action = codec.action(step)
    for pose in ("pose0", "pose1"):
        assert (action[f"{pose}_position"] >= LOW).all()
        assert (action[f"{pose}_position"] <= HIGH).all()
        assert np.linalg.norm(action[f"{pose}_rotation"]) == pytest.approx(1, abs=1e-6)


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


def test_more_pictures_than_slots_are_refused(codec, observe):
    seen = observe()
    seen["prompt_mask"] = np.ones(9, np.int8)
    seen["prompt_rgb"] = np.zeros((9, 2, 3, 128, 256), np.uint8)
    with pytest.raises(TooManyPictures, match="prompt pictures is 9, expected at most 8"):
        codec.prompt(seen)


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
