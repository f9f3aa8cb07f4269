"""Walks by ear as questions; answers are PointNav's."""

import json
import math
import shutil

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.interface import check_policy
from uio2_agent.model.checkpoint import save
from uio2_agent.model.config import SIZES
from uio2_agent.policies.checkpoints import find_checkpoint
from uio2_agent.policies.codecs.audiogoal import AudioGoalCodec
from uio2_agent.policies.codecs.base import HearingCodec
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.codecs.whereabouts import State
from uio2_agent.policies.unified import load_policy

TABLE = SIZES["nano"].text_vocab_size


@pytest.fixture
def codec(tokenizer):
    return AudioGoalCodec(tokenizer, TABLE, depth=True)


def heard(left=0.1, right=0.2, **more):
    """An observation of 32 x 32 and a second of two constant levels."""
    levels = np.array([[left], [right]], np.float32)
    return {
        "rgb": np.zeros((32, 32, 3), np.uint8),
        "depth": np.full((32, 32, 1), 0.5, np.float32),
        "audio": np.repeat(levels, 16_000, axis=1),
        **more,
    }


def walked(codec, *actions):
    memory = None
    for action in actions:
        memory = codec.remember(memory, heard(), np.int64(action))
    return memory


def test_the_question_tells_what_was_seen_and_heard_where_and_no_goal(tokenizer):
    codec = AudioGoalCodec(tokenizer, TABLE, past_steps=1)
    prompt = codec.prompt(heard(), 3, walked(codec, 2, 1))
    middle, left = "<extra_id_700>", "<extra_id_727>"
    assert tokenizer.decode(prompt.text) == (
        "[Text] [S] Predict the next action and the next state with the discrete action space "
        '"stop, forward, left, right" based on agent\'s histories with the format "observation '
        '( x z y ) yaw action". Goal: what is heard. History: '
        "<image_history_1> <audio_history_1> <audio_history_2> "
        f"( {middle} {middle} {middle} ) {left} forward "
        "Observation: <image_input> <audio_input> <audio_history_3> "
        f"( <extra_id_699> <extra_id_697> {middle} ) {left}"
    )
    assert (prompt.n_past, prompt.n_past_sounds) == (1, 2)


def test_markers_are_single_pieces_and_fill_all_slots_of_sound(codec, tokenizer):
    prompt = codec.prompt(heard(), 6, walked(codec, 1, 1, 1))
    pieces = [tokenizer.piece(t) for t in prompt.text]
    sounds = [p for p in pieces if "audio_" in p]
    slots = [f"▁<audio_history_{i}>" for i in range(1, 8)]
    assert sounds == [*slots[:6], "▁<audio_input>", slots[6]]
    assert len([p for p in pieces if "image_" in p]) == 8
    assert (codec.slots, codec.sound_slots) == (7, 7)


def test_what_to_go_to_is_said_if_the_environment_tells(codec, tokenizer):
    text = tokenizer.decode(codec.prompt(heard(prompt_text="the phone.")).text)
    assert " Goal: the phone. Observation: " in text


def test_the_left_ear_comes_first_and_levels_are_kept(codec):
    left, right = codec.sounds_of(heard(0.125, 0.5))
    assert left.dtype == np.float32 and left.shape == right.shape == (16_000,)
    assert (left == 0.125).all() and (right == 0.5).all()
    assert (codec.prompt(heard(0.125)).sound == 0.125).all()


def test_a_sound_kept_does_not_change_with_the_environments_buffer(codec):
    observation = heard(0.25)
    left, _ = codec.sounds_of(observation)
    observation["audio"][:] = 0
    assert (left == 0.25).all()


def test_answers_are_those_of_pointnav(codec, tokenizer):
    pointnav = PointNavCodec(tokenizer, TABLE)
    tokens = codec.encode(3, State(x=1.0, yaw=math.radians(-30)))
    assert tokens == pointnav.encode(3, State(x=1.0, yaw=math.radians(-30)))
    assert [int(a) for a in codec.decode({}, tokens)] == [3]
    assert codec.readable(tokens) == pointnav.readable(tokens)
    assert codec.foreseen(tokens) == pointnav.foreseen(tokens)
    allowed = [codec.allowed({}, tokens[:n]) for n in range(len(tokens))]
    assert all(mask[token] for mask, token in zip(allowed, tokens, strict=True))


def test_gps_and_compass_are_believed_where_they_are(codec, tokenizer):
    sensed = heard(gps=np.array([0, 25], np.float32), compass=np.array([0.0], np.float32))
    assert "( <extra_id_949> " in tokenizer.decode(codec.prompt(sensed).text)


def test_it_is_a_codec_that_hears_and_pointnavs_is_not(codec, tokenizer):
    assert isinstance(codec, HearingCodec)
    assert not isinstance(PointNavCodec(tokenizer, TABLE), HearingCodec)


@pytest.mark.parametrize("past_steps", [-1, 4])
def test_more_sounds_than_markers_are_refused(tokenizer, past_steps):
    with pytest.raises(BadSetting, match="from 0 to 3 with two ears"):
        AudioGoalCodec(tokenizer, TABLE, past_steps=past_steps)


@pytest.mark.parametrize("missing", ["rgb", "depth", "audio"])
def test_a_missing_sensor_is_named(codec, missing):
    observation = {name: value for name, value in heard().items() if name != missing}
    with pytest.raises(BadInput, match=f"without {missing}"):
        codec.prompt(observation)


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros(16_000, np.float32),
        np.zeros((1, 16_000), np.float32),
        np.zeros((2, 0), np.float32),
        np.zeros((2, 65_281), np.float32),
        np.zeros((2, 16_000), np.int16),
    ],
)
def test_what_is_no_second_of_stereo_is_refused(codec, audio):
    with pytest.raises(BadShape, match="audio"):
        codec.prompt(heard(audio=audio))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, hearing_tiny):
    """A whole agent that hears, of random weights."""
    folder = tmp_path_factory.mktemp("listener")
    save(hearing_tiny, folder)
    shutil.copy(find_checkpoint("nano") / "tokenizer.model", folder)
    codec = {
        "_target_": "uio2_agent.policies.codecs.audiogoal.AudioGoalCodec",
        "depth": True,
        "past_steps": 2,
    }
    settings = {"codec": codec, "replan": "step", "text_length": 176}
    (folder / "policy.json").write_text(json.dumps(settings))
    return folder


def noisy(seed):
    rng = np.random.default_rng(seed)
    return heard(
        rgb=rng.integers(0, 256, (32, 32, 3), dtype=np.uint8),
        audio=rng.uniform(-0.5, 0.5, (2, 16_000)).astype(np.float32),
    )


def test_a_checkpoint_that_names_it_plays_and_its_history_grows(folder, stacked, codec):
    agent = load_policy(str(folder), temperature=1.0, micro_batch=2)
    assert isinstance(agent.codec, AudioGoalCodec) and agent.codec.past_steps == 2
    agent.reset(np.ones(2, bool))
    remembered = []
    for t in range(4):
        actions, info = agent.act(stacked([noisy(t), noisy(10 + t)]), {})
        assert actions.dtype == np.int64 and {*actions.tolist()} <= {0, 1, 2, 3}
        words = ("stop to (", "forward to (", "left to (", "right to (")
        assert all(answer.startswith(words) for answer in info["answer"])
        frames = agent._rows[0].frames
        remembered.append((len(frames["image"].past), len(frames["audio"].past)))
    assert remembered == [(2, 2), (4, 4), (4, 4), (4, 4)]


def test_keeps_the_policy_contract(folder):
    space = gym.spaces.Dict(
        {
            "rgb": gym.spaces.Box(0, 255, (32, 32, 3), np.uint8),
            "depth": gym.spaces.Box(0, 1, (32, 32, 1), np.float32),
            "audio": gym.spaces.Box(-1, 1, (2, 16_000), np.float32),
        }
    )
    agent = load_policy(str(folder), micro_batch=3)
    check_policy(agent, space, gym.spaces.Discrete(4), num_envs=3, steps=2)
