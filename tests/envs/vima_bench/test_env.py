"""The adapter's own rules, on a toy; what the benchmark itself does is in `test_init.py`."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.vima_bench import env as adapter
from uio2_agent.envs.vima_bench.env import VIMABench
from uio2_agent.errors import BadAction, UnknownName

PICK = Move(pick=(0.5, 0.1), place=(0.4, -0.2)).action()
REST = Move(pick=(0.5, 0.1), place=(0.5, 0.1)).action()


@pytest.fixture
def play(toys):
    """Make one, reset it, and say how its steps will end."""

    def start(*outcomes, ee=0, **kwargs):
        toys.ee = ee
        env = VIMABench(**kwargs)
        env.reset(seed=1)
        toys[-1].outcomes = list(outcomes)
        return env

    return start


@pytest.mark.filterwarnings("ignore:.*Not able to test alternative render modes")
@pytest.mark.filterwarnings("ignore:.*numpy")
@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
def test_keeps_the_gymnasium_contract(toys, render_mode):
    check_env(VIMABench(render_mode=render_mode), skip_close_check=True)


def test_it_is_registered_by_a_string():
    assert isinstance(gym.spec("uio2/VIMABench-v0").entry_point, str)


def test_prompt_pictures_are_numbered_in_reading_order(play):
    observation = play()._observe()
    text = "Put the <image_history_1> near <image_history_2>, then <image_history_1> again."
    assert observation["prompt_text"] == text
    assert observation["prompt_rgb"][:2, 0, 0, 0, 0].tolist() == [2, 1]


def test_success_is_worth_one_and_failure_nothing(play):
    env = play((True, True, False))
    _, reward, terminated, truncated, info = env.step(PICK)
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert info["success"] is True and info["failure"] is False
    env.close()
    env = play((True, False, True))
    _, reward, terminated, truncated, info = env.step(PICK)
    assert (reward, terminated, truncated) == (0.0, True, False)


def test_an_end_without_outcome_is_a_timeout_and_truncates(play):
    env = play((True, False, False))
    _, reward, terminated, truncated, info = env.step(PICK)
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["timeout"] is True and info["metrics"] == {"timeout": 1.0}
    env.reset(seed=2)
    assert env.step(PICK)[4]["timeout"] is False


def test_the_budget_truncates(play):
    env = play()
    ends = [env.step(PICK)[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]


def test_a_step_after_the_end_says_the_same_again(play, toys):
    env = play((True, True, False))
    first, again = env.step(PICK), env.step(REST)
    assert len(toys[0].played) == 1
    np.testing.assert_equal(again, first)


def test_a_push_of_no_length_is_a_step_in_which_nothing_happens(play, toys):
    env = play(ee=1)
    ends = [env.step(REST)[2:4] for _ in range(5)]
    assert toys[-1].played == [] and ends[-1] == (False, True)
    env.reset(seed=1)
    env.step(PICK)
    assert len(toys[-1].played) == 1


def test_a_suction_cup_may_put_back_where_it_picked(play, toys):
    play(ee=0).step(REST)
    assert len(toys[-1].played) == 1


def test_what_the_arm_gets_is_upright_float32_inside_the_bounds(play, toys):
    env = play()
    tilted = {**PICK, "pose1_rotation": np.array([0.6, 0.3, 0.2, 0.1])}
    env.step({name: np.asarray(values, np.float64) for name, values in tilted.items()})
    (played,) = toys[-1].played
    assert env.action_space.contains(played)
    assert played["pose1_rotation"][:2].tolist() == [0, 0]


def test_an_action_outside_the_space_changes_nothing(play, toys):
    env = play()
    with pytest.raises(BadAction, match="pose0_position"):
        env.step({**PICK, "pose0_position": np.array([0.9, 0], np.float32)})
    assert toys[-1].played == [] and env._steps == 0


def test_the_oracle_tells_one_action_per_picture_and_rests_at_the_end(play):
    env = play((False, False, False), (True, True, False), oracle=True)
    info = env.reset(seed=3)[1]
    actions = [info["oracle_action"]]
    assert env.action_space.contains(actions[0])
    np.testing.assert_equal(info["oracle_plan"], actions)
    info = env.step(PICK)[4]
    assert not np.array_equal(info["oracle_action"]["pose0_position"], actions[0]["pose0_position"])
    info = env.step(PICK)[4]
    assert info["oracle_plan"] == [] and env.action_space.contains(info["oracle_action"])
    env.close()
    assert not {"oracle_action", "oracle_plan"} & set(play().reset(seed=3)[1])


def test_what_a_caller_does_to_observations_and_infos_stays_with_the_caller(play):
    env = play(oracle=True)
    observation, info = env._observe(), env._info()
    observation["rgb"]["top"][:] = 77
    observation["prompt_rgb"][:] = 77
    info["prompt_assets"]["scene"]["rgb"]["top"][:] = 77
    info["obj_id_to_info"].clear()
    info["oracle_action"]["pose0_position"][:] = 77
    assert not (env._observe()["rgb"]["top"] == 77).any()
    assert not (env._observe()["prompt_rgb"] == 77).any()
    assert not (env._info()["prompt_assets"]["scene"]["rgb"]["top"] == 77).any()
    assert env._info()["obj_id_to_info"] and env._info()["oracle_action"]["pose0_position"][0] < 1


def test_an_unseeded_reset_never_plays_a_seed_that_results_are_reported_on(toys):
    env = VIMABench()
    for _ in range(5):
        env.reset()
    assert all(seed < 900_000 for seed in toys[0].seeds) and len(set(toys[0].seeds)) == 5


def test_wrong_order_of_calls_is_told(toys):
    env = VIMABench(render_mode="rgb_array")
    with pytest.raises(gym.error.ResetNeeded):
        env.step(PICK)
    with pytest.raises(gym.error.ResetNeeded):
        env.render()
    env.close()
    env.close()
    with pytest.raises(gym.error.ClosedEnvironmentError):
        env.reset()


def test_the_picture_shows_the_last_action_in_the_same_size(play):
    env = play(render_mode="rgb_array")
    before = env.render()
    env.step(PICK)
    after = env.render()
    assert before.shape == after.shape and before.shape[0] % 2 == 0
    assert not np.array_equal(before, after)


def test_a_wrong_render_mode_is_refused_before_anything_is_started(toys):
    with pytest.raises(UnknownName, match="rgb_array"):
        VIMABench(render_mode="human")
    assert toys == []


@pytest.mark.parametrize(("major", "warnings"), [(1, 0), (2, 1)])
def test_numpy_2_is_warned_of_once_and_told_in_infos(toys, monkeypatch, recwarn, major, warnings):
    monkeypatch.setattr(adapter, "NUMPY_MAJOR", major)
    monkeypatch.setattr(adapter, "_warned", False)
    for _ in range(2):
        env = VIMABench()
        assert env.reset(seed=0)[1]["numpy_major"] == major
        env.close()
    assert sum("numpy" in str(w.message) for w in recwarn) == warnings
