"""How an episode goes, whatever suite it belongs to."""

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.suite import Suite
from uio2_agent.errors import BadAction, UnknownName

REST = Move(pick=(0.25, -0.5), place=(0.25, -0.5)).action()


class Counted(Suite):
    """Ends as it is told to with its n-th step; four steps are allowed."""

    def __init__(self, ends=None, at=2, render_mode=None):
        super().__init__("none", "none", "words", False, render_mode)
        self.ends, self.at = ends, at

    def _begin(self, seed):
        self.max_steps, self.seeds_seen = 4, seed
        self.count = 0
        self._shown = Prompt(template="Wait.", pictures={})
        shapes = (8, 2, 3, 128, 256), (8, 2, 128, 256), (8,)
        rgb, segm, mask = (np.zeros(shape, np.uint8) for shape in shapes)
        self._prompt_arrays = rgb, segm, mask.astype(np.int8)

    def _carry_out(self, action, move):
        self.count += 1
        if self.ends and self.count == self.at:
            setattr(self, self.ends, True)

    def _look(self):
        rgb = {view: np.full((3, 128, 256), self.count, np.uint8) for view in ("front", "top")}
        return rgb, {view: picture[0] for view, picture in rgb.items()}, 0

    def _info(self):
        return {}


def play(env, steps):
    env.reset(seed=1)
    return [env.step(REST)[1:4] for _ in range(steps)]


@pytest.mark.parametrize(
    ("ends", "last"),
    [
        ("success", (1.0, True, False)),
        ("failure", (0.0, True, False)),
        ("timeout", (0.0, False, True)),
    ],
)
def test_an_end_is_told_at_the_step_it_comes_and_ever_after(ends, last):
    env = Counted(ends)
    assert play(env, 4) == [(0.0, False, False), last, last, last]
    assert env.count == 2, "nothing is done after the end"


def test_steps_that_are_used_up_are_a_truncation():
    assert play(Counted(), 4)[2:] == [(0.0, False, False), (0.0, False, True)]


def test_success_with_the_last_step_is_no_truncation():
    assert play(Counted("success", at=4), 4)[-1] == (1.0, True, False)


def test_a_new_episode_starts_afresh():
    env = Counted("failure", at=1)
    play(env, 2)
    env.ends = None
    assert play(env, 3) == [(0.0, False, False)] * 3


def test_without_a_seed_one_of_the_training_range_is_drawn():
    env = Counted()
    env.reset(seed=3)
    drawn = []
    for _ in range(5):
        env.reset()
        drawn.append(env.seeds_seen)
    assert len({*drawn}) == 5 and max(drawn) < 900_000


def test_it_must_be_reset_before_anything_else():
    env = Counted(render_mode="rgb_array")
    with pytest.raises(gym.error.ResetNeeded):
        env.step(REST)
    with pytest.raises(gym.error.ResetNeeded):
        env.render()


def test_a_bad_action_does_not_count_as_a_step():
    env = Counted()
    env.reset(seed=0)
    with pytest.raises(BadAction):
        env.step({**REST, "pose0_position": np.array([9, 9], np.float32)})
    assert env.count == 0


def test_what_is_rendered_has_the_sentence_above_both_views():
    env = Counted(render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture is not None
    assert picture.dtype == np.uint8 and picture.shape[0] > 256 and picture.shape[1] > 1024
    assert Counted().render() is None


def test_an_unknown_render_mode_is_refused():
    with pytest.raises(UnknownName, match="rgb_array"):
        Counted(render_mode="human")
