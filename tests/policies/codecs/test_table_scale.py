"""Metres and turns as bins, exactly or as the released weights have them."""

import math

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.policies.codecs.table_scale import HIGH, LOW, TableScale

PLACE, TURN = gym.spaces.Box(LOW, HIGH), gym.spaces.Box(-1, 1, (4,))
SPACE = gym.spaces.Dict(
    {
        f"{pose}_{part}": box
        for pose in ("pose0", "pose1")
        for part, box in (("position", PLACE), ("rotation", TURN))
    }
)
EXACT = TableScale()
SCALES = [
    TableScale(rounding=rounding, divide_by=divisor, rotation=rotation)
    for rounding in ("nearest", "down")
    for divisor in (999, 1000)
    for rotation in ("turns", "degrees_as_radians")
]
SIX_BINS = st.tuples(*[st.integers(0, 999)] * 6)
FRACTION = st.floats(0, 1)


def move(pick, place, turn=0.0):
    return {
        "pose0_position": np.array(pick, np.float32),
        "pose0_rotation": np.array([0, 0, 0, 1], np.float32),
        "pose1_position": np.array(place, np.float32),
        "pose1_rotation": np.array([0, 0, math.sin(turn / 2), math.cos(turn / 2)], np.float32),
    }


def yaw(action, pose="pose1"):
    _, _, z, w = action[f"{pose}_rotation"]
    return 2 * math.atan2(z, w) % (2 * math.pi)


@given(SIX_BINS)
def test_bins_survive_decoding_and_encoding(step):
    # Bins 0 and 999 are the same turn.
    wanted = [0 if i in (2, 5) and b == 999 else b for i, b in enumerate(step)]
    assert EXACT.bins(EXACT.action(step)) == wanted


@given(SIX_BINS, st.sampled_from(SCALES))
def test_every_bin_is_an_action_inside_the_space(step, scale):
    action = scale.action(step)
    assert SPACE.contains(action)
    for pose in ("pose0", "pose1"):
        assert np.linalg.norm(action[f"{pose}_rotation"]) == pytest.approx(1, abs=1e-6)


@given(st.tuples(FRACTION, FRACTION), st.floats(-math.pi, math.pi), st.sampled_from(SCALES))
def test_actions_come_back_to_within_a_bin(fractions, turn, scale):
    place = LOW + (HIGH - LOW) * np.array(fractions)
    action = move(place, place, turn)
    back = scale.action(scale.bins(action))
    bin_width = (0.5 if scale.rounding == "nearest" else 1.0) / 999
    # Bins divided by 1000 fall short by up to a thousandth.
    slack = bin_width + (0.001 if scale.divide_by == 1000 else 0.0) + 1e-6
    assert (np.abs(back["pose1_position"] - action["pose1_position"]) <= slack).all()
    error = (yaw(back) - turn + math.pi) % (2 * math.pi) - math.pi
    # 360 radians are as many bins as a whole turn is, so each is 57 times as wide.
    assert abs(error) <= slack * scale.circle + 1e-5


def test_released_bins_are_cut_off_and_read_back_a_little_short():
    released = TableScale(rounding="down", divide_by=1000)
    action = move((0.5, 0.0), (0.75, 0.5), math.pi)
    assert released.bins(action) == [499, 499, 0, 999, 999, 499]
    assert EXACT.bins(action) == [500, 500, 0, 999, 999, 500]
    back = released.action([499, 499, 0, 999, 999, 499])
    assert back["pose0_position"] == pytest.approx([0.4995, -0.001])
    assert back["pose1_position"] == pytest.approx([0.7495, 0.499])
    assert math.degrees(yaw(back)) == pytest.approx(0.499 * 360, abs=1e-3)


def test_degrees_taken_for_radians_are_the_released_parsers_turns():
    mistaken = TableScale(divide_by=1000, rotation="degrees_as_radians")
    # A quarter of 360 "degrees" is 90 radians: 14 turns and 116.6 degrees.
    assert yaw(mistaken.action([0, 0, 0, 0, 0, 250])) == pytest.approx(90 % (2 * math.pi), abs=1e-4)


@pytest.mark.parametrize("beyond", [-1e-7, 1e-7])
def test_a_place_a_hair_off_the_table_is_on_its_edge(beyond):
    off = (LOW if beyond < 0 else HIGH).astype(np.float64) + beyond
    for scale in (EXACT, TableScale(rounding="down")):
        assert scale.place(off) == ([0, 0] if beyond < 0 else [999, 999])


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"divide_by": 100}, BadSetting),
        ({"rounding": "up"}, UnknownName),
        ({"rotation": "radians"}, UnknownName),
    ],
)
def test_another_scale_is_refused(settings, error):
    with pytest.raises(error):
        TableScale(**settings)
