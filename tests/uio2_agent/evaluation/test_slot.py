"""A slot turns whatever an environment does into the fate of one episode."""

import numpy as np
import pytest

from uio2_agent.envs.counting import GO_ON, STOP, Counting
from uio2_agent.errors import MissingDependency
from uio2_agent.evaluation.slot import FATAL, FRAME, HEARD, Slot


def told(info: dict) -> dict:
    return info["row"][0]


def test_plays_the_episode_of_its_seed():
    slot, env = Slot(Counting), Counting()
    observation, info = slot.reset(seed=5)
    assert observation == env.reset(seed=5)[0]
    assert told(info)["success"] is False
    assert slot.step(STOP)[1:4] == env.step(STOP)[1:4]


def test_an_environment_that_raises_ends_its_episode_and_the_next_one_is_sound():
    slot = Slot(lambda: Counting(target=5, raise_at=1, raise_seeds=[7]))
    shown, _ = slot.reset(seed=7)
    observation, reward, terminated, _, info = slot.step(GO_ON)
    assert terminated and reward == 0.0 and observation == shown
    assert told(info) == {"error": "RuntimeError: told to break at count 1"}
    broken = slot.env
    slot.reset(seed=8)
    assert slot.env is not broken
    assert not slot.step(GO_ON)[2]


def test_an_environment_that_raises_at_reset_says_so():
    slot = Slot(lambda: Counting(raise_at=0))
    observation, info = slot.reset(seed=7)
    assert "count 0" in told(info)["error"]
    assert observation.keys() == Counting().reset(seed=7)[0].keys()


def test_a_parked_slot_takes_any_action_and_shows_the_same():
    slot = Slot(Counting)
    slot.reset(seed=1)
    observation = slot.step(GO_ON)[0]
    slot.reset(seed=None)
    for _ in range(20):
        shown, reward, terminated, truncated, info = slot.step("anything")
        assert shown == observation and (reward, terminated, truncated) == (0.0, False, False)
        assert told(info) == {}


def test_frames_come_with_recorded_episodes_only():
    slot = Slot(lambda: Counting(render_mode="rgb_array"), recorded=range(5, 6))
    assert isinstance(told(slot.reset(seed=5)[1])[FRAME], np.ndarray)
    assert FRAME in told(slot.step(GO_ON)[4])
    assert FRAME not in told(slot.reset(seed=6)[1])
    assert FRAME not in told(Slot(Counting, recorded=range(9)).reset(seed=5)[1])


def test_what_is_heard_comes_with_frames_and_stays_what_it_was():
    class Ringing(Counting):
        buffer = np.zeros((2, 4), np.float32)

        def _observation(self):
            self.buffer[:] = self._count
            return {**super()._observation(), "audio": self.buffer}

    slot = Slot(lambda: Ringing(limit=4, render_mode="rgb_array"), recorded=range(5, 6))
    first = told(slot.reset(seed=5)[1])[HEARD]
    second = told(slot.step(GO_ON)[4])[HEARD]
    assert (first == 0).all() and (second == 1).all() and second.shape == (2, 4)
    assert HEARD not in told(slot.reset(seed=6)[1])
    deaf = Slot(lambda: Counting(render_mode="rgb_array"), recorded=range(9))
    assert HEARD not in told(deaf.reset(seed=5)[1])
    blind = Slot(Ringing, recorded=range(9))
    assert HEARD not in told(blind.reset(seed=5)[1])


def test_infos_nobody_asked_for_stay_inside():
    class Chatty(Counting):
        def _info(self):
            return {**super()._info(), "huge": np.zeros((1000, 1000)), "lambda": lambda: 0}

    info = told(Slot(Chatty).reset(seed=0)[1])
    assert {*info} == {"success", "failure", "task", "prompt", "metrics"}


class Lacking(Counting):
    def step(self, action):
        raise MissingDependency("pybullet", "physics", "pip install pybullet")


def test_a_missing_package_is_no_outcome_of_an_episode():
    slot = Slot(Lacking)
    slot.reset(seed=0)
    *_, info = slot.step(GO_ON)
    assert isinstance(told(info)[FATAL], MissingDependency)


def test_a_wrong_setting_is_raised_at_once():
    with pytest.raises(ValueError, match="limit"):
        Slot(lambda: Counting(limit=0))


def test_an_interruption_passes():
    class Interrupted(Counting):
        def step(self, action):
            raise KeyboardInterrupt

    slot = Slot(Interrupted)
    slot.reset(seed=0)
    with pytest.raises(KeyboardInterrupt):
        slot.step(GO_ON)
