"""What makes an episode whole."""

import numpy as np
import pytest

from uio2_agent.errors import BadShape
from uio2_agent.trajectories.episode import Episode


def episode(frames: int, steps: int) -> Episode:
    return Episode(
        frames=np.zeros((frames, 3, 16, 32), np.uint8),
        actions={"turn": np.arange(steps), "go": np.zeros((steps, 2))},
        prompt_text="Go.",
        prompt_pictures=np.zeros((0, 3, 16, 32), np.uint8),
    )


def test_plan_is_what_remains_from_a_step_on():
    assert [a["turn"] for a in episode(4, 3).plan(1)] == [1, 2]


def test_a_plan_that_was_not_played_out_has_one_frame():
    assert episode(1, 3).n_steps == 3


@pytest.mark.parametrize("frames", [0, 2, 3, 5])
def test_frames_without_their_actions_are_refused(frames):
    with pytest.raises(BadShape, match=f"frames is {frames} for 3 actions"):
        episode(frames, 3)


def test_actions_of_unequal_length_are_refused():
    with pytest.raises(BadShape, match="equal length"):
        Episode(
            frames=np.zeros((1, 3, 16, 32), np.uint8),
            actions={"a": np.zeros(1), "b": np.zeros(2)},
            prompt_text="",
            prompt_pictures=np.zeros((0, 3, 16, 32), np.uint8),
        )


def test_pictures_of_another_type_are_refused():
    with pytest.raises(BadShape, match="float64"):
        Episode(
            frames=np.zeros((1, 3, 16, 32)),
            actions={},
            prompt_text="",
            prompt_pictures=np.zeros((0, 3, 16, 32), np.uint8),
        )
