"""A played episode is kept as it was seen and done."""

import os
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import uio2_agent.envs  # noqa: F401  registers the environments
from uio2_agent.envs.counting import Counting
from uio2_agent.envs.tabletop.env import Tabletop
from uio2_agent.errors import BadEpisode, BadInput, UnknownName
from uio2_agent.trajectories.recording import oracle_act, record_episode
from uio2_agent.trajectories.store import EpisodeStore, write_shard
from uio2_agent.trajectories.vima import read_vima_episode

GOLDEN = Path(__file__).parents[2] / "golden" / "vima"
SEED = 5
ID = "uio2/Tabletop-v0"


def made(task="rearrange", oracle=True, **settings):
    return gym.make(ID, task=task, oracle=oracle, **settings)


@pytest.fixture(scope="module")
def episode():
    return record_episode(made(), SEED, segmentation=True)


def rest(observation, info):
    """Picks nothing up."""
    corner = np.array([0.25, -0.5], np.float32)
    straight = np.array([0, 0, 0, 1], np.float32)
    return {
        **{f"pose{i}_position": corner for i in range(2)},
        **{f"pose{i}_rotation": straight for i in range(2)},
    }


def test_facts_of_the_environment_and_of_the_outcome_are_written_down(episode):
    facts = dict(episode.info)
    kinds, objects = facts.pop("kinds"), facts.pop("objects")
    assert objects == [f"{texture} {shape}" for shape, texture in kinds]
    assert len(episode.labels["ids"]) == len(kinds) > 1
    assert facts == {
        "env": ID,
        "task": "rearrange",
        "level": "placement_generalization",
        "prompt": "pictures",
        "seed": SEED,
        "view": "top",
        "effector": 0,
        "success": True,
        "failure": False,
    }


@pytest.mark.parametrize("view", ["front", "top"])
def test_what_comes_back_from_disk_replays_to_the_same_pictures_and_success(tmp_path, view):
    write_shard(tmp_path, 0, [record_episode(made(), SEED, view=view)])
    episode = EpisodeStore(tmp_path)[0]
    env = made(oracle=False)
    seen, _ = env.reset(seed=SEED)
    frames = [seen["rgb"][view]]
    for action in episode.plan():
        seen, _, terminated, truncated, info = env.step(action)
        frames.append(seen["rgb"][view])
    np.testing.assert_array_equal(frames, episode.frames)
    assert info["success"] and (terminated or truncated)


@pytest.mark.parametrize("view", [0, 1])
def test_the_prompt_and_its_pictures_are_the_environments(view):
    name = ("front", "top")[view]
    episode = record_episode(made(), SEED, view=name, segmentation=True)
    seen, _ = made().reset(seed=SEED)
    shown = seen["prompt_mask"].astype(bool)
    assert episode.prompt_text == seen["prompt_text"] and shown.any()
    np.testing.assert_array_equal(episode.prompt_pictures, seen["prompt_rgb"][shown][:, view])
    labels = episode.labels
    np.testing.assert_array_equal(labels["picture_segm"], seen["prompt_segm"][shown][:, view])
    np.testing.assert_array_equal(labels["segm"][0], seen["segm"][name])
    assert labels["segm"].shape == (episode.n_steps + 1, 128, 256)
    assert set(labels["ids"].tolist()) <= set(np.unique(labels["segm"]).tolist())


def test_segmentation_is_kept_only_when_asked_for():
    assert record_episode(made(), SEED).labels.keys() == {"ids"}


def test_words_are_a_prompt_without_pictures():
    episode = record_episode(made(prompt="words"), SEED)
    assert (episode.info["prompt"], len(episode.prompt_pictures)) == ("words", 0)


def test_any_callable_may_act_and_its_actions_are_kept_exactly():
    def act(observation, info):
        action = rest(observation, info)
        action["pose0_position"] = np.array([0.3000001, 0.1], np.float32)
        return action

    episode = record_episode(made("visual_manipulation", oracle=False), SEED, act)
    assert episode.n_steps > 1 and not episode.info["success"]
    assert (episode.actions["pose0_position"] == np.array([0.3000001, 0.1], np.float32)).all()
    assert episode.actions["pose0_position"].dtype == np.float32


def test_an_act_that_reuses_its_arrays_does_not_change_what_was_kept():
    kept = rest(None, None)

    def act(observation, info):
        kept["pose0_position"][0] += np.float32(0.01)
        return kept

    episode = record_episode(made("visual_manipulation", oracle=False), SEED, act)
    xs = episode.actions["pose0_position"][:, 0]
    assert episode.n_steps > 1 and (np.diff(xs) > 0.005).all()


def test_an_episode_without_success_can_be_refused():
    env = made("visual_manipulation", oracle=False)
    with pytest.raises(BadEpisode, match="visual_manipulation, seed 5: ran out of steps after"):
        record_episode(env, SEED, rest, only_successes=True)
    assert record_episode(made(), SEED, only_successes=True).info["success"]


def test_an_environment_is_recorded_again_and_again():
    env = made()
    first, _, again = (record_episode(env, seed) for seed in (SEED, SEED + 1, SEED))
    np.testing.assert_equal(vars(again), vars(first))


def test_an_environment_made_without_gymnasium_is_called_by_its_class():
    assert record_episode(Tabletop("rotate", oracle=True), SEED).info["env"] == "Tabletop"


def test_an_environment_in_another_interpreter_is_recorded_as_itself(episode):
    settings = {"task": "rearrange", "level": "placement_generalization", "oracle": True}
    env = gym.make("uio2/Remote-v0", env_id=f"uio2_agent.envs:{ID}", env_kwargs=settings)
    try:
        remote = record_episode(env, SEED, segmentation=True)
    finally:
        env.close()
    np.testing.assert_array_equal(remote.frames, episode.frames)
    np.testing.assert_equal(remote.actions, episode.actions)
    np.testing.assert_equal(remote.labels, episode.labels)
    assert (remote.info["env"], remote.info["task"]) == (ID, "rearrange")


@pytest.mark.sim
@pytest.mark.skipif("UIO2_VIMA_BENCH" not in os.environ, reason="no checkout of VIMA-Bench")
def test_the_real_benchmark_is_recorded_as_its_own_generator_did_it():
    env = gym.make("uio2/VIMABench-v0", task="rearrange_then_restore", oracle=True)
    try:
        played = record_episode(env, seed=0, segmentation=True)
    finally:
        env.close()
    published = read_vima_episode(GOLDEN / "rearrange_then_restore" / "000000")
    for name, values in published.actions.items():  # NumPy 1 and 2 differ in the last digit
        np.testing.assert_allclose(played.actions[name], values, atol=1e-6)
    np.testing.assert_array_equal(played.prompt_pictures, published.prompt_pictures)
    for name in ("segm", "picture_segm", "ids"):
        np.testing.assert_array_equal(played.labels[name], published.labels[name])
    assert np.abs(played.frames.astype(int) - published.frames).mean() < 3  # JPEG
    assert (
        played.info.items()
        >= {
            name: published.info[name] for name in ("env", "task", "seed", "kinds", "success")
        }.items()
    )


def test_an_oracle_that_does_not_speak_is_told_of():
    with pytest.raises(BadInput, match="without oracle_action.*oracle=True"):
        record_episode(made(oracle=False), SEED)
    with pytest.raises(BadInput, match="oracle=True"):
        oracle_act({}, {})


def test_an_environment_that_shows_something_else_is_refused():
    with pytest.raises(BadInput, match="observation is without 'rgb', expected rgb, segm"):
        record_episode(Counting(), SEED, lambda observation, info: {})


def test_an_unknown_view_is_refused():
    with pytest.raises(UnknownName, match="Known: front, top"):
        record_episode(made(), SEED, view="side")
