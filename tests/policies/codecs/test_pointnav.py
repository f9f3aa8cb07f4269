"""Walks as questions and moves as answers."""

import math

import numpy as np
import pytest

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.model.config import SIZES
from uio2_agent.policies.codecs.pointnav import PointNavCodec, grey
from uio2_agent.policies.codecs.whereabouts import State

TABLE = SIZES["nano"].text_vocab_size


@pytest.fixture
def codec(tokenizer):
    return PointNavCodec(tokenizer, TABLE, past_steps=2)


@pytest.fixture
def deep(tokenizer):
    return PointNavCodec(tokenizer, TABLE, past_steps=2, depth=True)


def seen(x=0.0, z=0.0, yaw=0.0, rho=5.0, phi=0.0, shade=0, depth=0.5, **more):
    """An observation of 32 x 32 at a place in the frame of the start."""
    return {
        "rgb": np.full((32, 32, 3), shade, np.uint8),
        "depth": np.full((32, 32, 1), depth, np.float32),
        "gps": np.array([-z, x], np.float32),
        "compass": np.array([yaw], np.float32),
        "pointgoal_with_gps_compass": np.array([rho, phi], np.float32),
        **more,
    }


def walked(codec, *steps):
    memory = None
    for observation, action in steps:
        memory = codec.remember(memory, observation, np.int64(action))
    return memory


def test_the_question_is_that_of_unified_io_2_with_states_goal_and_yaw(codec, tokenizer):
    memory = walked(codec, (seen(), 1), (seen(z=-0.25), 2))
    prompt = codec.prompt(seen(x=25, z=-25, yaw=math.pi / 2, rho=50, phi=-math.pi / 2), 2, memory)
    middle, quarter, three = "<extra_id_700>", "<extra_id_450>", "<extra_id_949>"
    assert tokenizer.decode(prompt.text) == (
        "[Text] [S] Predict the next action and the next state with the discrete action space "
        '"stop, forward, left, right" based on agent\'s histories with the format "observation '
        '( x z y ) yaw action". '
        f"Goal: <extra_id_1199> {quarter}. "
        f"History: <image_history_1> ( {middle} {middle} {middle} ) {middle} forward "
        f"<image_history_2> ( {middle} <extra_id_697> {middle} ) {middle} left "
        f"Observation: <image_input> ( {three} {quarter} {middle} ) {three}"
    )


def test_the_first_question_has_no_history(codec, tokenizer):
    text = tokenizer.decode(codec.prompt(seen()).text)
    assert "History:" not in text and "<image_history_" not in text


def test_markers_are_single_pieces(deep, tokenizer):
    memory = walked(deep, (seen(), 1), (seen(z=-0.25), 2))
    pieces = [tokenizer.piece(t) for t in deep.prompt(seen(), 4, memory).text]
    shown = [p for p in pieces if "image_" in p]
    slots = [f"▁<image_history_{i}>" for i in range(1, 6)]
    assert shown == [*slots[:4], "▁<image_input>", slots[4]]


def test_depth_is_a_second_grey_picture_and_takes_a_slot_of_its_own(deep):
    near, far = seen(depth=0.0), seen(depth=1.0)
    assert [p.shape for p in deep.pictures_of(near)] == [(3, 32, 32)] * 2
    assert deep.pictures_of(near)[1].max() == 0 and deep.pictures_of(far)[1].min() == 255
    assert (deep.slots, deep.past_frames) == (5, 4)


def test_only_remembered_steps_are_told_and_the_last_ones(codec, tokenizer):
    memory = walked(codec, *((seen(z=-t), 1 + t % 3) for t in range(5)))
    text = tokenizer.decode(codec.prompt(seen(), 2, memory).text)
    assert text.count("<image_history_") == 2
    assert text.index(" forward <image_history_2>") < text.index(" left Observation")
    assert codec.prompt(seen(), 1, memory).n_past == 1


@pytest.mark.parametrize("action", range(4))
def test_an_answer_is_its_action_and_where_it_leads(codec, action):
    there = State(x=1.0, z=-3.25, y=0.0, yaw=math.radians(-30))
    tokens = codec.encode(action, there)
    (decoded,) = codec.decode({}, tokens)
    assert decoded == action and decoded.dtype == np.int64
    foreseen = codec.foreseen(tokens)
    assert (foreseen.x, foreseen.z) == pytest.approx((1.0, -3.25), abs=0.051)
    assert foreseen.yaw == pytest.approx(there.yaw, abs=0.0032)
    word = ("stop", "forward", "left", "right")[action]
    assert codec.readable(tokens).startswith(f"{word} to (1.0, -3.3, ")
    assert codec.readable(tokens).endswith(", -30°")


def test_an_answer_may_be_the_word_alone(tokenizer):
    codec = PointNavCodec(tokenizer, TABLE, states=False)
    tokens = codec.encode(1, State())
    assert tokenizer.decode(tokens) == codec.readable(tokens) == "forward"
    assert codec.foreseen(tokens) is None
    assert "next state" not in tokenizer.decode(codec.prompt(seen()).text)


def test_what_is_no_answer_moves_nothing(codec, tokenizer):
    tokens = tokenizer.encode("forward (")
    assert codec.decode({}, tokens) == [] and codec.foreseen(tokens) is None
    assert codec.readable(tokens) == "forward ("


@pytest.mark.parametrize(("depth", "past_steps"), [(False, 9), (True, 4), (True, -1)])
def test_more_pictures_than_markers_are_refused(tokenizer, depth, past_steps):
    with pytest.raises(BadSetting, match="past_steps"):
        PointNavCodec(tokenizer, TABLE, depth=depth, past_steps=past_steps)


@pytest.mark.parametrize("missing", ["rgb", "depth"])
def test_a_missing_sensor_is_named(deep, missing):
    observation = {name: value for name, value in seen().items() if name != missing}
    with pytest.raises(BadInput, match=f"without {missing}"):
        deep.prompt(observation)


def test_pictures_of_wrong_shape_or_type_are_refused_by_name(deep):
    with pytest.raises(BadShape, match="rgb"):
        deep.prompt(seen(rgb=np.zeros((3, 32, 32), np.uint8)))
    with pytest.raises(BadShape, match="depth"):
        grey(np.zeros((32, 32), np.float32))


def test_an_environment_of_another_kind_is_refused(deep):
    with pytest.raises(BadInput, match="observation rgb is a dict, expected one array"):
        deep.pictures_of({"rgb": {"top": np.zeros((3, 32, 32), np.uint8)}})
