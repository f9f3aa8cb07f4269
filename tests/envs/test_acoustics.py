"""Where a sound comes from around corners, and what a head and a wall do to it."""

import math

import numpy as np
import pytest

from uio2_agent.envs.acoustics import (
    BRIGHTNESS,
    Arrival,
    arrival,
    ear_responses,
    head_shadow,
    interaural_delay,
    pinna_shadow,
    screening,
)

F = np.array([0.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 7000.0])


def decibels(response):
    return 20 * np.log10(np.abs(response))


@pytest.mark.parametrize("degrees", [0, 10, 45, 90, -30, -90])
def test_the_delay_between_the_ears_is_woodworths(degrees):
    angle = math.radians(degrees)
    assert interaural_delay(angle) == pytest.approx(0.0875 / 343 * (angle + math.sin(angle)))


@pytest.mark.parametrize("degrees", [0, 20, 70, 90])
def test_left_and_right_front_and_back_are_mirror_images_of_the_delay(degrees):
    angle = math.radians(degrees)
    assert interaural_delay(-angle) == pytest.approx(-interaural_delay(angle))
    assert interaural_delay(math.pi - angle) == pytest.approx(interaural_delay(angle))


def test_phases_are_those_of_the_delay_where_the_head_casts_sharp_shadows():
    for angle in (0.5, 1.2, -0.8):
        left, right = ear_responses(np.array([6999.0, 7000.0]), angle)
        phase = np.angle(left * np.conj(right))
        slope = float(np.diff(np.unwrap(phase))[0]) / (2 * math.pi)
        assert slope == pytest.approx(interaural_delay(angle), abs=0.2 / 16_000)


def test_the_near_ear_hears_more_and_the_more_so_the_higher_the_pitch():
    for angle in (0.3, 1.0, 1.5):
        left, right = ear_responses(F, angle)
        difference = decibels(left / right)
        assert difference[0] == pytest.approx(0) and (np.diff(difference) > 0).all()
        mirrored = ear_responses(F, -angle)
        np.testing.assert_allclose(mirrored, [right, left])
    left, right = ear_responses(F, math.pi / 2)
    assert 10 < decibels(left / right)[-1] < 30


@pytest.mark.parametrize("angle", [0.0, math.pi])
def test_straight_ahead_and_behind_both_ears_hear_the_same(angle):
    left, right = ear_responses(F, angle)
    np.testing.assert_allclose(left, right, atol=1e-12)


def test_what_is_behind_is_duller_than_its_mirror_image_in_front():
    ahead, behind = (decibels(ear_responses(F, angle)[0]) for angle in (0.4, math.pi - 0.4))
    assert ahead[0] == pytest.approx(behind[0], abs=0.01)
    assert ahead[-1] > behind[-1] + 3


def test_shelves_go_from_one_to_their_gain():
    far = np.array([0.0, 1e7])
    for gain in BRIGHTNESS:
        np.testing.assert_allclose(np.abs(head_shadow(far, gain)), [1, gain], rtol=1e-3)
    np.testing.assert_allclose(np.abs(pinna_shadow(far, 0.4)), [1, 0.4], rtol=1e-3)


def test_screening_takes_more_of_high_pitches_and_of_longer_detours():
    amplitudes = np.stack([screening(F, detour) for detour in (0.0, 0.01, 0.1, 0.5, 1.0)])
    np.testing.assert_allclose(amplitudes[0], 1)
    assert (np.diff(amplitudes, axis=0) < 0).all() and (np.diff(amplitudes[1:], axis=1) < 0).all()
    # Half of Maekawa's chart: at N = 1 some 13 dB, at N = 10 some 23 dB.
    one, ten = decibels(screening(np.array([343.0 / 0.2, 343.0 / 0.02]), 0.1))
    assert one == pytest.approx(-13 / 2, abs=0.3) and ten == pytest.approx(-23 / 2, abs=0.3)
    np.testing.assert_array_equal(screening(F, 2.0), screening(F, 9.0))


def test_screening_answers_an_impulse_nowhere_negatively_so_that_peaks_cannot_grow():
    f = np.fft.rfftfreq(1 << 16, 1 / 64_000)
    for detour in (0.05, 1.0):
        answer = np.fft.irfft(screening(f, detour))
        assert answer.min() > -1e-5 * answer.max() and answer.sum() <= 1


def test_in_line_of_sight_azimuth_is_phi_of_the_goal_sensor():
    left_ahead = [[0.0, 0.0, 0.0], [-1.0, 0.0, -1.0]]
    heard = arrival(left_ahead, 0.0)
    assert heard.azimuth == pytest.approx(math.pi / 4)
    assert (heard.distance, heard.detour) == (math.sqrt(2), 0.0)
    assert arrival(left_ahead, math.pi / 2).azimuth == pytest.approx(-math.pi / 4)
    assert abs(arrival([[0, 0, 0], [0, 0, 2]], 0.0).azimuth) == pytest.approx(math.pi)


def test_around_a_corner_it_comes_from_the_corner_and_has_gone_the_whole_way():
    heard = arrival([[0, 0, 0], [0, 0, -3], [4, 0, -3]], 0.0)
    assert heard == Arrival(0.0, 7.0, 2.0)


def test_a_corner_very_near_is_looked_past():
    def azimuth(d: float) -> float:
        return arrival(np.array([[0, 0, 0], [0, 0, -d], [4, 0, -d]]), 0.0).azimuth

    assert azimuth(0.5) == 0 and -1 < azimuth(0.3) < -0.3 and azimuth(0.01) < -1.5
    assert abs(azimuth(0.501) - azimuth(0.499)) < 0.01


def test_a_source_where_one_stands_is_straight_ahead():
    assert arrival([[1, 0, 2]], 0.7) == arrival([[1, 0, 2], [1, 0, 2]], 0.7) == Arrival(0.0, 0.0)
