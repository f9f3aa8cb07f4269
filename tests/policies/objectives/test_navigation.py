"""What a walk teaches at each of its steps."""

import shutil
from functools import partial
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import uio2_agent.envs  # noqa: F401  registers the environments
from uio2_agent.errors import BadEpisode, BadInput
from uio2_agent.model.config import SIZES
from uio2_agent.model.training.examples import collate
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.objectives.navigation import navigation_example
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.navigation import SENSORS, record_navigation

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
def test_a_policy_in_the_environment_asks_what_the_recorded_walk_asks(tmp_path, codec, sensors):
    shutil.copy(GOLDEN / "two_rooms.glb", tmp_path)
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", tmp_path / "two_rooms.navmesh")
    made = partial(gym.make, "uio2/PointNav-v0", scene=str(tmp_path / "two_rooms.glb"), size=16)
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
    assert batch.slots.tolist()[:4] == [[0, 0], [1, 0], [1, 1], [1, 2]]
    assert len(batch.targets) == 4


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
