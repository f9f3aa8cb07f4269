"""Every action in the space becomes one that the arm can carry out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.envs.tabletop.actions import Move, action_space, twist
from uio2_agent.envs.vima_bench.motion import goes_nowhere, motion, upright

UPSIDE_DOWN = (1.0, 0.0, 0.0, 0.0)
NONE_AT_ALL = (0.0, 0.0, 0.0, 0.0)
parts = st.floats(-1, 1, width=32)


@given(st.tuples(parts, parts, parts, parts))
def test_any_rotation_becomes_a_turn_about_the_vertical_of_unit_length(rotation):
    given_rotation = np.array(rotation, np.float32)
    made = upright(given_rotation)
    assert made.dtype == np.float32
    assert np.abs(made[:2]).max() <= 1e-6
    assert np.linalg.norm(made.astype(np.float64)) == pytest.approx(1, abs=2e-6)
    apart = twist(made) - twist(given_rotation)
    assert np.cos(apart / 2) ** 2 == pytest.approx(1, abs=1e-5)  # the same turn, whatever its sign


@pytest.mark.parametrize("rotation", [UPSIDE_DOWN, NONE_AT_ALL])
def test_a_rotation_without_a_nearest_turn_is_none(rotation):
    assert upright(np.array(rotation, np.float32)).tolist() == [0, 0, 0, 1]


def test_a_recorded_rotation_passes_bit_for_bit():
    recorded = np.array([0.0, 0.0, -0.7566398, 0.653832], np.float32)
    assert upright(recorded).tobytes() == recorded.tobytes()


def test_positions_become_float32_inside_the_bounds():
    action = Move(pick=(0.75, 0.5), place=(0.25, -0.5)).action()
    made = motion({name: values.astype(np.float64) for name, values in action.items()})
    assert action_space().contains(made)
    np.testing.assert_array_equal(made["pose0_position"], action["pose0_position"])


def test_only_a_push_of_no_length_goes_nowhere():
    here, there = (0.5, 0.1), (0.5, 0.1001)
    assert goes_nowhere(Move(pick=here, place=here).action())
    assert not goes_nowhere(Move(pick=here, place=there).action())
