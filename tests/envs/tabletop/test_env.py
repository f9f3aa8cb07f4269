"""The tabletop as an environment."""

import json
from itertools import product

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import uio2_agent.envs  # noqa: F401  registers the id
from uio2_agent.envs.tabletop.env import Tabletop
from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.tabletop.suite import observation_space
from uio2_agent.envs.tabletop.tasks import TASKS, sample
from uio2_agent.errors import BadAction, UnknownName

MODES = ("pictures", "words")
EVERY = [(task, level) for level, tasks in LEVELS.items() for task in tasks]
HOME = {task: level for task, level in reversed(EVERY)}  # the first level that has the task
MISS = {
    "pose0_position": np.array([0.25, -0.5], np.float32),
    "pose0_rotation": np.array([0, 0, 0, 1], np.float32),
    "pose1_position": np.array([0.5, 0.0], np.float32),
    "pose1_rotation": np.array([0, 0, 0, 1], np.float32),
}


def make(task="visual_manipulation", prompt="pictures", **kwargs):
    return Tabletop(task, prompt=prompt, oracle=True, **kwargs)


def play(env, seed):
    """Everything seen in one episode of the oracle, and the last info."""
    observation, info = env.reset(seed=seed)
    seen, over = [observation], False
    while not over:
        observation, _, terminated, truncated, info = env.step(info["oracle_action"])
        seen.append(observation)
        over = terminated or truncated
    return seen, info


def success_rate(env, seeds):
    return np.mean([play(env, seed)[1]["success"] for seed in seeds])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.filterwarnings("ignore:.*symmetric and normalized space")
def test_keeps_the_gymnasium_contract(task):
    env = gym.make("uio2/Tabletop-v0", task=task, level=HOME[task], render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize(("task", "level"), EVERY)
def test_the_oracle_succeeds_at_every_level(task, level):
    assert success_rate(make(task, level=level), range(900_000, 900_005)) == 1.0


@pytest.mark.parametrize("task", ["rearrange", "follow_order", "sweep_without_exceeding"])
def test_a_hundred_resets_in_a_row_bring_as_many_scenes(task):
    env = Tabletop(task)
    env.reset(seed=0)
    scenes = {env.reset()[0]["rgb"]["top"].tobytes() for _ in range(100)}
    assert len(scenes) == 100


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_gives_the_same_bytes_whatever_was_played_before(task):
    fresh, used = make(task, level=HOME[task]), make(task, level=HOME[task])
    for other in (3, 4):
        play(used, other)
    np.testing.assert_equal(play(used, 8)[0], play(fresh, 8)[0])


def test_another_seed_gives_another_scene():
    env = make()
    first, second = (env.reset(seed=seed)[0]["rgb"]["top"] for seed in (1, 2))
    assert (first != second).any()


def test_two_environments_in_one_process_do_not_disturb_each_other():
    alone = [play(make("rearrange"), seed)[0] for seed in (1, 2)]
    a, b = make("rearrange"), make("rearrange")
    infos = [a.reset(seed=1)[1], b.reset(seed=2)[1]]
    seen: list[list] = [[], []]
    for i, env in [(0, a), (1, b), (0, a), (1, b)]:
        observation, *_, infos[i] = env.step(infos[i]["oracle_action"])
        seen[i].append(observation)
    for i in (0, 1):
        steps = min(2, len(alone[i]) - 1)
        np.testing.assert_equal(seen[i][:steps], alone[i][1 : 1 + steps])


def test_reset_shows_the_scene_before_any_physics():
    env = make("rearrange")
    env.reset(seed=5)
    assert tuple(env.bodies.values()) == env.scenario.bodies
    assert env._physics is None


@pytest.mark.parametrize(
    "change",
    [
        {"pose0_position": np.array([0.9, 0.0], np.float32)},
        {"pose1_position": np.array([0.5, np.nan], np.float32)},
        {"pose1_rotation": np.zeros(3, np.float32)},
        {"gripper": 1},
    ],
)
def test_a_bad_action_is_refused_and_leaves_everything_as_it_was(change):
    env, other = make("rearrange"), make("rearrange")
    for e in (env, other):
        e.reset(seed=6)
        e.step(MISS)
    with pytest.raises(BadAction):
        env.step({**MISS, **change})
    np.testing.assert_equal(env.step(MISS), other.step(MISS))


def test_a_miss_changes_nothing_but_the_count_of_steps():
    env = make()
    before, _ = env.reset(seed=7)
    after, reward, terminated, truncated, info = env.step(MISS)
    np.testing.assert_equal(after, before)
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert not info["success"] and not info["failure"]


@pytest.mark.parametrize(
    ("task", "steps"), [("visual_manipulation", 5), ("rotate", 5), ("rearrange", 7)]
)
def test_an_episode_is_truncated_two_steps_after_the_oracles_budget(task, steps):
    env = make(task)
    env.reset(seed=0)
    ends = [env.step(MISS)[2:4] for _ in range(steps)]
    assert ends == [(False, False)] * (steps - 1) + [(False, True)]


def test_success_at_the_last_moment_is_not_a_truncation():
    env = make()
    _, info = env.reset(seed=0)
    for _ in range(4):
        env.step(MISS)
    _, reward, terminated, truncated, _ = env.step(info["oracle_action"])
    assert (reward, terminated, truncated) == (1.0, True, False)


def test_a_step_after_the_end_changes_nothing():
    env = make()
    seen, info = play(env, 3)
    (goal,) = env.scenario.goals
    last = env.step({**MISS, "pose0_position": np.array(goal.xy, np.float32)})
    np.testing.assert_equal(last[0], seen[-1])
    assert last[1:4] == (1.0, True, False)
    assert last[4]["success"] and info["success"]


def test_the_wrong_container_ends_the_episode_in_failure():
    env = make()
    for seed in range(100):
        _, info = env.reset(seed=seed)
        (distractor,) = env.scenario.distractors
        if info["obj_id_to_info"][distractor]["obj_kind"] == "container":
            break
    place = np.array(env.bodies[distractor].xy, np.float32)
    _, reward, terminated, _, info = env.step({**info["oracle_action"], "pose1_position": place})
    assert (reward, terminated, info["success"], info["failure"]) == (0.0, True, False, True)


def test_turning_the_wrong_way_is_not_a_success():
    env = make("rotate")
    for seed in range(10):
        _, info = env.reset(seed=seed)
        turned_back = info["oracle_action"]["pose1_rotation"] * (1, 1, -1, 1)
        *_, info = env.step({**info["oracle_action"], "pose1_rotation": turned_back})
        assert not info["success"] and not info["failure"]
        assert play(env, seed)[1]["success"]


def test_the_last_action_the_oracle_has_left_is_harmless():
    env = make()
    _, info = play(env, 1)
    assert info["oracle_plan"] == []
    assert env.action_space.contains(info["oracle_action"])


def test_the_oracles_plan_played_without_looking_succeeds():
    env = make("rearrange")
    for seed in range(10):
        _, info = env.reset(seed=seed)
        for action in info["oracle_plan"]:
            *_, info = env.step(action)
        assert info["success"]


def test_there_is_no_oracle_unless_asked_for():
    _, info = Tabletop("rotate").reset(seed=0)
    assert set(info) == {"prompt", "prompt_assets", "success", "failure", "obj_id_to_info"}


def test_info_tells_what_the_segmentation_shows_and_is_plain_data():
    env = make("rearrange")
    observation, info = env.reset(seed=0)
    drawn = set(np.unique(observation["segm"]["top"]).tolist()) - {0, 1}
    assert drawn == set(info["obj_id_to_info"]) == set(env.bodies)
    assert min(drawn) == 5
    json.dumps(info["obj_id_to_info"])
    assert list(info["prompt_assets"]) == ["scene"]
    assert info["prompt"] == "Rearrange to this {scene}."
    assert observation["prompt_text"] == "Rearrange to this <image_history_1>."


def test_observations_belong_to_whoever_got_them():
    env = make()
    first, info = env.reset(seed=2)
    kept = first["prompt_rgb"].copy()
    for array in (first["prompt_rgb"], first["rgb"]["top"], first["prompt_mask"]):
        array[...] = 0
    info["prompt_assets"]["base_obj"]["rgb"]["top"][...] = 0
    again, *_ = env.step(MISS)
    np.testing.assert_array_equal(again["prompt_rgb"], kept)
    assert again["rgb"]["top"].any()
    np.testing.assert_array_equal(env.reset(seed=2)[0]["prompt_rgb"], kept)


@pytest.mark.parametrize(("task", "prompt"), [*product(TASKS, MODES)])
def test_every_sentence_fits_the_text_space(task, prompt):
    space = observation_space()["prompt_text"]
    for seed in range(40):
        assert space.contains(sample(task, HOME[task], prompt, seed).prompt.text)


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        ({"task": "visual_manipulaton"}, "Did you mean 'visual_manipulation'"),
        ({"level": "easy"}, "placement_generalization"),
        ({"prompt": "speech"}, "pictures, words"),
        ({"render_mode": "human"}, "rgb_array"),
        ({"task": "rotate", "level": "novel_task_generalization"}, "follow_motion"),
    ],
)
def test_unknown_names_are_answered_with_the_known_ones(arguments, known):
    with pytest.raises(UnknownName, match=known):
        Tabletop(**arguments)


def test_stepping_or_drawing_before_the_first_reset_is_refused():
    env = Tabletop(render_mode="rgb_array")
    for call in (lambda: env.step(MISS), env.render):
        with pytest.raises(gym.error.ResetNeeded):
            call()


def test_a_closed_environment_can_be_reset_and_played_again():
    env = make()
    first = play(env, 4)[0]
    env.close()
    np.testing.assert_equal(play(env, 4)[0], first)


def test_it_draws_only_when_asked_to():
    env = make(render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(env._info()["oracle_action"])
    assert before.shape == env.render().shape and (before != env.render()).any()
    silent = make()
    silent.reset(seed=0)
    assert silent.render() is None


@pytest.fixture(params=["sync", "async"])
def envs(request):
    made = gym.make_vec(
        "uio2/Tabletop-v0",
        num_envs=2,
        vectorization_mode=request.param,
        vector_kwargs={"autoreset_mode": AutoresetMode.DISABLED},
        task="rearrange",
        oracle=True,
    )
    yield made
    made.close()


def stacked_oracle_actions(infos):
    return {key: infos["oracle_action"][key].astype(np.float32) for key in MISS}


def row(observations, i):
    if isinstance(observations, dict):
        return {key: row(value, i) for key, value in observations.items()}
    return observations[i]


def test_rows_of_a_vector_equal_single_environments_also_after_a_masked_reset(envs):
    alone = [Tabletop("rearrange", oracle=True) for _ in range(2)]
    expected = [env.reset(seed=seed) for env, seed in zip(alone, (5, 9), strict=True)]
    observations, infos = envs.reset(seed=[5, 9])
    next_seed, resets = 20, 0
    for _ in range(8):
        for i in range(2):
            np.testing.assert_equal(row(observations, i), expected[i][0])
        actions = stacked_oracle_actions(infos)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        over = terminated | truncated
        for i, env in enumerate(alone):
            seen, reward, *ends, info = env.step(expected[i][1]["oracle_action"])
            assert (reward, *ends) == (rewards[i], terminated[i], truncated[i])
            assert info["success"] == infos["success"][i]
            expected[i] = (seen, info)
        if over.any():
            resets += 1
            seeds = [next_seed, next_seed + 1]
            next_seed += 2
            observations, new = envs.reset(seed=seeds, options={"reset_mask": over.copy()})
            for i in np.flatnonzero(over).tolist():
                expected[i] = alone[i].reset(seed=seeds[i])
                for key in MISS:
                    infos["oracle_action"][key][i] = new["oracle_action"][key][i]
    assert resets > 1


def test_infos_of_a_vector_arrive_stacked(envs):
    _, infos = envs.reset(seed=[5, 9])
    assert infos["prompt"].tolist() == ["Rearrange to this {scene}."] * 2
    assert infos["oracle_action"]["pose0_position"].shape == (2, 2)
    assert [len(plan) for plan in infos["oracle_plan"]] == [2, 3]
    assert infos["prompt_assets"]["scene"]["rgb"]["top"].shape == (2, 3, 128, 256)
    assert infos["obj_id_to_info"][5]["_obj_name"].tolist() == [True, True]


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("prompt", ["pictures", "words"])
def test_automatic_resets_go_on_with_fresh_scenes(mode, prompt):
    envs = gym.make_vec(
        "uio2/Tabletop-v0",
        num_envs=2,
        vectorization_mode=mode,
        task="visual_manipulation",
        prompt=prompt,
        oracle=True,
    )
    observations, infos = envs.reset(seed=0)
    first = observations["rgb"]["top"].copy()
    for _ in range(4):
        observations, rewards, *_, infos = envs.step(stacked_oracle_actions(infos))
    assert (observations["rgb"]["top"] != first).any()
    assert all(isinstance(text, str) and text for text in observations["prompt_text"])
    envs.close()
