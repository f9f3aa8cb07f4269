"""Metres and radians survive as bins, to half a bin."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.errors import BadInput
from uio2_agent.policies.codecs.room_scale import angle, angle_bin, length, length_bin

bins = st.integers(0, 999)


@given(bins)
def test_bins_survive_decoding_and_encoding(number):
    assert length_bin(length(number)) == number
    # The first and the last bin are both half a turn.
    assert angle_bin(angle(number)) == number or {angle_bin(angle(number)), number} == {0, 999}


@given(st.floats(-50, 50), st.floats(-math.pi, math.pi))
def test_a_number_is_off_by_half_a_bin_at_most(metres, radians):
    assert abs(length(length_bin(metres)) - metres) <= 50 / 999 + 5.1e-4
    assert abs(angle(angle_bin(radians)) - radians) <= math.pi / 999 + 5.1e-5


def test_the_ends_are_those_of_unified_io_2():
    assert [length_bin(m) for m in (-50, -25, 25, 50)] == [0, 250, 749, 999]


def test_what_is_farther_than_the_range_is_shown_at_its_end():
    assert [length_bin(m) for m in (-80, 51, math.inf)] == [0, 999, 999]


@given(st.floats(-1e-5, 1e-5))
def test_zero_is_always_the_same_bin(noise):
    assert length_bin(noise) == angle_bin(noise) == 500


def test_whole_turns_do_not_count():
    assert angle_bin(1.0 + 4 * math.pi) == angle_bin(1.0)


@pytest.mark.parametrize(("to_bin", "value"), [(length_bin, math.nan), (angle_bin, math.inf)])
def test_what_is_no_number_is_refused(to_bin, value):
    with pytest.raises(BadInput):
        to_bin(value)
