"""What a walk teaches at each of its steps."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

import uio2_agent.envs  # noqa: F401  registers the environments
from uio2_agent.errors import BadEpisode, BadInput
from uio2_agent.interface import FORWARD
from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import Patches
from uio2_agent.model.training.examples import collate
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.policies.codecs.audiogoal import AudioGoalCodec
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.latents import Frames, streams
from uio2_agent.policies.objectives.navigation import navigation_example
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.navigation import SENSORS, record_navigation
from uio2_agent.trajectories.wandering import Wanderer

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"


@pytest.fixture
def codec(tokenizer):
    return PointNavCodec(tokenizer, SIZES["nano"].text_vocab_size, past_steps=2, depth=True)


@pytest.fixture
def walk() -> Episode:
    """Forward, left, forward, stop; frame t is filled with t, its depth with t / 10."""
    places = [(0, 0, 0), (0.25, 0, 0), (0.25, 0, 0.5), (0.5, -0.1, 0.5), (0.5, -0.1, 0.5)]
    return Episode(
        frames=np.stack([np.full((3, 32, 32), t, np.uint8) for t in range(5)]),
        actions={"action": np.array([1, 2, 1, 0])},
        prompt_text="go there",
        prompt_pictures=np.zeros((0, 3, 32, 32), np.uint8),
        labels={
            "depth": np.stack([np.full((32, 32, 1), t / 10, np.float32) for t in range(5)]),
            "gps": np.array([p[:2] for p in places], np.float32),
            "compass": np.array([p[2:] for p in places], np.float32),
            "pointgoal_with_gps_compass": np.array([[5 - t, 0.1 * t] for t in range(5)]),
            "position": np.zeros((5, 3)),
            "rotation": np.zeros((5, 4)),
            "collided": np.zeros(5, bool),
        },
    )


def shown(episode, t):
    labels = {name: a[t] for name, a in episode.labels.items()}
    return {"rgb": episode.frames[t].transpose(1, 2, 0), **labels}


@pytest.mark.parametrize("sensors", [["rgb", "depth", "pointgoal_with_gps_compass"], SENSORS])
def test_a_policy_in_the_environment_asks_what_the_recorded_walk_asks(two_rooms, codec, sensors):
    made = partial(gym.make, "uio2/PointNav-v0", scene=two_rooms, size=16)
    walk = record_navigation(made(sensors=SENSORS, oracle=True), seed=2)
    env, memory = made(sensors=sensors), None
    seen, _ = env.reset(seed=2)
    for step, action in enumerate(walk.actions["action"]):
        example = navigation_example(walk, codec, step)
        asked = codec.prompt(seen, codec.per_step * step, memory)
        assert asked.text == example.question
        np.testing.assert_array_equal(asked.image, example.image)
        np.testing.assert_array_equal(codec.pictures_of(seen)[1], example.frames[-1])
        memory = codec.remember(memory, seen, action)
        seen = env.step(action)[0]
    assert walk.n_steps > 10 and walk.actions["action"][-1] == 0


@pytest.fixture(scope="module")
def two_rooms(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("scene")
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", folder / "two_rooms.navmesh")
    return str(shutil.copy(GOLDEN / "two_rooms.glb", folder))


@pytest.fixture(scope="module")
def listener() -> UnifiedIO2:
    return UnifiedIO2(SIZES["nano_hears"]).eval()


@torch.no_grad()
def test_what_is_learned_of_a_walk_by_ear_is_what_a_policy_there_reads(
    two_rooms, tokenizer, listener
):
    # What a policy is shown by default: no `gps`, so steps are counted, whatever they bumped into.
    made = partial(gym.make, "uio2/AudioGoal-v0", scene=two_rooms, size=96)
    walk = record_navigation(made(oracle=True), 2, Wanderer(0.2, 2))
    codec = AudioGoalCodec(tokenizer, listener.cfg.text_vocab_size, depth=True, past_steps=2)
    shows = streams(listener, codec, micro_batch=4)
    frames = {name: Frames() for name in shows}
    env, memory = made(), None
    seen, _ = env.reset(seed=2)
    for step, action in enumerate(walk.actions["action"]):
        example = navigation_example(walk, codec, step)
        prompt = codec.prompt(seen, len(frames["image"].past), memory)
        assert prompt.text == example.question
        for name, stream in shows.items():
            stream.perceive(frames[name], seen)
        if step < 5:  # the history is full after two
            read = collate([example]).inputs(listener)
            for name, stream in shows.items():
                stream.encode_new([(frames[name], ())])
                asked = stream.inputs([(frames[name], prompt.shown(name))])
                assert_alike(asked[name], getattr(read, name))
                assert_alike(asked[f"{name}_history"], getattr(read, f"{name}_history"))
        np.testing.assert_array_equal(codec.sounds_of(seen)[0], example.sound)
        for name, stream in shows.items():
            stream.pass_on(frames[name])
        memory = codec.remember(memory, seen, action)
        seen = env.step(action)[0]
    assert walk.n_steps > 10 and "gps" not in walk.labels
    bumped = walk.labels["collided"][1:] & (walk.actions["action"] == FORWARD)
    assert bumped.any()


def assert_alike(asked: Any, learned: Any) -> None:
    """The same, as far as there is anything; places with nothing in them may be left out."""
    if isinstance(asked, Patches):
        assert torch.equal(asked.pixels[asked.mask], learned.pixels[learned.mask])
        assert torch.equal(asked.pos_ids[asked.mask], learned.pos_ids[learned.mask])
        assert asked.grid == learned.grid
    else:
        slots = learned.mask.shape[1]
        assert torch.equal(asked.mask[:, :slots], learned.mask) and not asked.mask[:, slots:].any()
        torch.testing.assert_close(
            asked.latents[asked.mask], learned.latents[learned.mask], atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("step", range(4))
def test_a_policy_asks_the_same_question(codec, walk, step):
    memory = None
    for t in range(step):
        memory = codec.remember(memory, shown(walk, t), walk.actions["action"][t])
    asked = codec.prompt(shown(walk, step), 2 * min(step, 2), memory)
    example = navigation_example(walk, codec, step)
    assert example.question == asked.text
    np.testing.assert_array_equal(example.image, asked.image)
    # Colours and depth of the past, then the depth of the present.
    past = [v for t in range(max(step - 2, 0), step) for v in (t, round(25.5 * t))]
    assert [f[0, 0, 0] for f in example.frames] == [*past, round(25.5 * step)]


def test_the_answer_is_the_move_and_the_state_that_followed(codec, walk):
    for step, action in enumerate(walk.actions["action"]):
        tokens = navigation_example(walk, codec, step).answer
        assert codec.decode({}, tokens) == [action]
        ahead, right = walk.labels["gps"][step + 1]
        foreseen = codec.foreseen(tokens)
        assert (foreseen.x, foreseen.z) == pytest.approx((right, -ahead), abs=0.051)
        assert foreseen.yaw == pytest.approx(walk.labels["compass"][step + 1][0], abs=0.004)


def test_steps_of_a_walk_make_a_batch(codec, walk):
    batch = collate([navigation_example(walk, codec, step) for step in range(4)])
    assert batch.image.slots.tolist()[:4] == [[0, 0], [1, 0], [1, 1], [1, 2]]
    assert len(batch.targets) == 4


def test_both_ears_of_every_step_fill_the_slots_of_sound(tokenizer, walk):
    levels = np.arange(5)[:, None] * 1000 + np.array([1, 2])  # thousands are the step
    walk.labels["audio"] = np.repeat(levels[..., None], 4000, axis=2).astype(np.int16)
    codec = AudioGoalCodec(tokenizer, SIZES["nano"].text_vocab_size, past_steps=2, depth=True)
    examples = [navigation_example(walk, codec, step) for step in range(4)]
    told = [[int(32768 * s[0]) for s in e.sounds] for e in examples]
    assert told == [[2], [1, 2, 1002], [1, 2, 1001, 1002, 2002], [1001, 1002, 2001, 2002, 3002]]
    present = [int(32768 * e.sound[0]) for e in examples if e.sound is not None]
    assert present == [1, 1001, 2001, 3001]
    batch = collate(examples)
    assert batch.audio is not None
    assert batch.audio.slots.tolist()[:4] == [[0, 0], [1, 0], [1, 1], [1, 2]]


def test_a_walk_in_silence_teaches_nobody_who_hears(tokenizer, walk):
    codec = AudioGoalCodec(tokenizer, SIZES["nano"].text_vocab_size, past_steps=2)
    with pytest.raises(BadInput, match="without audio"):
        navigation_example(walk, codec, 0)


def test_there_is_nothing_to_imitate_after_the_last_action(codec, walk):
    with pytest.raises(BadEpisode, match="nothing to imitate at step 4"):
        navigation_example(walk, codec, 4)


def test_a_sensor_that_was_not_recorded_is_named(codec, walk):
    del walk.labels["depth"]
    with pytest.raises(BadInput, match="without depth"):
        navigation_example(walk, codec, 0)


def test_of_a_detour_is_imitated_what_the_oracle_would_have_done(codec, walk):
    plain = [navigation_example(walk, codec, step) for step in range(4)]
    walk.labels["oracle_action"] = np.array([1, 1, 1, 0, 0])  # 2 was done in the second step
    advised = [navigation_example(walk, codec, step) for step in range(4)]
    assert [e.answer for e in (advised[0], advised[2], advised[3])] == [
        e.answer for e in (plain[0], plain[2], plain[3])
    ]
    assert advised[1].question == plain[1].question
    assert codec.decode({}, advised[1].answer) == [1]
    # Where nobody went, the step leads as far as it is meant to: 0.25 m after 0.25 m.
    meant = codec.foreseen(advised[1].answer)
    np.testing.assert_allclose((meant.x, meant.z), (0.0, -0.5), atol=0.06)  # bins of 10 cm
    assert abs(meant.yaw) < 0.01
    # What was done stays what happened.
    assert advised[2].question == plain[2].question
