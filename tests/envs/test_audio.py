"""What two ears hear: delays, levels, corners, echoes; without clicks, clipping or chance."""

import math

import numpy as np
import pytest

from uio2_agent.envs.acoustics import Arrival, arrival, interaural_delay
from uio2_agent.envs.audio import FADE, NEAREST, Listener, source
from uio2_agent.envs.sounds import HEARD, UNHEARD, Sound, find_sound, white_noise
from uio2_agent.errors import BadInput
from uio2_agent.interface import AUDIO_RATE

NOISE = find_sound("noise")


def heard(where, sound=NOISE, reverberation=False):
    """The first second in one pose."""
    return Listener(sound, reverberation=reverberation).hear(where)


def level(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def band(samples, low, high):
    """Decibels between two frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    f = np.fft.rfftfreq(len(samples), 1 / AUDIO_RATE)
    return 10 * np.log10(power[(f >= low) & (f < high)].mean())


def measured_delay(stereo):
    """Samples by which the right ear is later, from the peak of the cross-correlation."""
    left, right = np.fft.rfft(stereo)
    likeness = np.fft.irfft(right * np.conj(left), 16 * stereo.shape[1])
    lag = int(np.argmax(likeness))
    return (lag - len(likeness) * (lag > len(likeness) // 2)) / 16


@pytest.mark.parametrize("degrees", [0, 10, 30, 60, 90, 135, 170, -20, -75, -120])
def test_the_delay_heard_is_that_of_the_formula_within_a_sample(degrees):
    angle = math.radians(degrees)
    delay = measured_delay(heard(Arrival(angle, 2.0)))
    assert delay == pytest.approx(interaural_delay(angle) * AUDIO_RATE, abs=0.8)
    assert np.sign(delay) == np.sign(degrees)


def test_the_ear_towards_the_sound_hears_more_and_the_more_so_the_higher():
    left, right = heard(Arrival(0.9, 2.0))
    differences = [
        band(left, *edges) - band(right, *edges)
        for edges in ((80, 200), (400, 800), (1200, 2000), (3000, 6000))
    ]
    assert 0 <= differences[0] < 2 and differences[-1] > 8
    assert (np.diff(differences) > 0).all()
    np.testing.assert_allclose(heard(Arrival(-0.9, 2.0)), [right, left], atol=1e-6)


def test_facing_the_sound_both_ears_hear_the_same_but_for_the_echoes():
    left, right = heard(Arrival(0.0, 2.0))
    np.testing.assert_array_equal(left, right)
    left, right = heard(Arrival(0.0, 2.0), reverberation=True)
    assert np.abs(left - right).max() > 0 and abs(level(left) - level(right)) < 1


def test_every_doubling_of_the_distance_takes_six_decibels():
    levels = [level(heard(Arrival(0.4, d))) for d in (NEAREST, 0.5, 1.0, 2.0, 4.0, 8.0)]
    np.testing.assert_allclose(np.diff(levels), -20 * math.log10(2), atol=0.01)
    assert level(heard(Arrival(0.4, 0.1))) == pytest.approx(levels[0])


@pytest.mark.parametrize("reverberation", [False, True])
def test_around_a_corner_it_is_quieter_and_duller(reverberation):
    straight, bent = (
        heard(Arrival(0.4, 4.0, detour), reverberation=reverberation)[0] for detour in (0.0, 0.5)
    )
    assert level(bent) < level(straight) - 6
    drops = [
        band(straight, *edges) - band(bent, *edges)
        for edges in ((80, 300), (800, 1600), (4e3, 6e3))
    ]
    assert (np.diff(drops) > 2).all()


def test_echoes_go_on_when_the_sound_has_stopped_and_weigh_more_from_afar():
    click = Sound("click", np.pad(white_noise(400, 1), (0, 15_600)))
    dry, wet = heard(Arrival(0.0, 2.0), click), heard(Arrival(0.0, 2.0), click, True)
    late = slice(2_000, 3_000)
    assert np.abs(dry[:, late]).max() < 1e-4 < np.abs(wet[:, late]).max()
    decays = [level(wet[:, start : start + 1_000]) for start in (1_500, 3_100)]
    assert decays[0] - decays[1] == pytest.approx(15, abs=3)  # a quarter of the 0.4 s to 60 dB
    shares = []
    for distance in (1.0, 4.0, 12.0):
        dry, wet = (heard(Arrival(0.0, distance), click, echoes) for echoes in (False, True))
        shares.append(level(wet) - level(dry))
    assert (np.diff(shares) > 0).all()
    assert level(wet[:, late]) < level(heard(Arrival(0.0, 2.0), click, True)[:, late])


def test_seconds_join_without_a_click_and_without_losing_time():
    half = AUDIO_RATE // 2
    late = Listener(NOISE, start=half)
    first, second = late.hear(Arrival(0.3, 2.0)), late.hear(Arrival(0.3, 2.0))
    np.testing.assert_allclose(
        np.concatenate([first[:, half:], second[:, :half]], axis=1),
        Listener(NOISE, start=AUDIO_RATE).hear(Arrival(0.3, 2.0)),
        atol=1e-4,
    )
    pitch = 500.0
    tone = Sound("tone", np.sin(2 * np.pi * pitch * np.arange(AUDIO_RATE) / AUDIO_RATE))
    listener = Listener(tone)
    places = [Arrival(0.2, 0.6), Arrival(-1.5, 4.0, 0.4), Arrival(3.1, 0.5), Arrival(0.0, 9.0, 2.0)]
    stream = np.concatenate([listener.hear(place) for place in places], axis=1)
    steepest = 2 * np.pi * pitch / AUDIO_RATE * np.abs(stream).max()
    assert np.abs(np.diff(stream)).max() < 1.05 * steepest


def test_a_new_pose_is_faded_in_from_the_last_one():
    listener = Listener(NOISE)
    listener.hear(Arrival(1.0, 1.0))
    second = listener.hear(Arrival(-1.0, 1.0))
    as_before = Listener(NOISE, AUDIO_RATE).hear(Arrival(1.0, 1.0))
    as_now = Listener(NOISE, AUDIO_RATE).hear(Arrival(-1.0, 1.0))
    np.testing.assert_allclose(second[:, :2], as_before[:, :2], atol=1e-3)
    np.testing.assert_array_equal(second[:, FADE:], as_now[:, FADE:])


def test_the_same_walk_sounds_the_same_to_the_last_bit():
    def walk():
        listener = Listener(find_sound("voice"), start=777)
        return [listener.hear(Arrival(a, d, 0.1)).tobytes() for a, d in ((0, 1), (1, 2), (-2, 3))]

    assert walk() == walk()


def test_nothing_clips_wherever_one_stands():
    rng = np.random.default_rng(0)
    loudest = dict.fromkeys([*HEARD, *UNHEARD], 0.0)
    for name in loudest:
        listener = Listener(find_sound(name))
        for _ in range(25):
            place = Arrival(rng.uniform(-4, 4), rng.uniform(0, 1.5), rng.choice([0, 0.02, 0.5]))
            second = listener.hear(place)
            assert second.shape == (2, AUDIO_RATE) and second.dtype == np.float32
            loudest[name] = max(loudest[name], float(np.abs(second).max()))
    assert max(loudest.values()) <= 1
    assert min(loudest.values()) > 0.25  # nor is anything faint


def test_the_worst_sound_at_the_worst_place_does_not_clip_either():
    square = np.sign(np.sin(2 * np.pi * 310 * np.arange(AUDIO_RATE) / AUDIO_RATE) + 1e-9)
    for loop in (square, white_noise(1_600, 9), np.eye(1, 3_001)[0]):
        for angle in (math.pi / 2, 1.3, 0.0, -2.6, math.pi):
            second = heard(Arrival(angle, 0.0), Sound("worst", loop), reverberation=True)
            assert np.abs(second).max() <= 1


def test_a_loop_of_any_length_repeats_itself():
    for length in (1_601, 20_011):
        two = np.concatenate([*_seconds(Sound("x", white_noise(length, 3)), 3)], axis=1)
        np.testing.assert_allclose(two[:, :length], two[:, length : 2 * length], atol=1e-4)


def _seconds(sound, count):
    listener = Listener(sound)
    return [listener.hear(Arrival(0.5, 1.0)) for _ in range(count)]


def test_a_source_has_no_offset_and_no_hiss_that_a_delay_could_not_move():
    dry = source(Sound("x", white_noise(16_000, 3) + 0.5)).dry
    power = np.abs(np.fft.rfft(dry)) ** 2
    assert power[:40].max() < 1e-12 and power[7_201:].max() < 1e-12


def test_what_lies_beyond_hearing_is_refused():
    ultrasound = np.sin(2 * np.pi * 7_600 * np.arange(AUDIO_RATE) / AUDIO_RATE)
    for loop in (ultrasound, np.ones(AUDIO_RATE), np.zeros(AUDIO_RATE)):
        with pytest.raises(BadInput, match="'x' is silent"):
            source(Sound("x", loop))


@pytest.mark.parametrize("name", ["telephone", "voice", "kettle"])
def test_turning_to_the_ear_that_hears_more_and_walking_on_leads_to_the_source(name):
    goal, place, yaw = np.array([-3.0, 0.0, -5.0]), np.zeros(3), -1.0
    listener, nearest = Listener(find_sound(name)), np.inf
    for _ in range(60):
        left, right = listener.hear(arrival([place, goal], yaw))[:, FADE:]
        difference = level(left) - level(right)
        yaw += math.radians(10 if difference > 0 else -10)
        if abs(difference) < 3:
            place = place + 0.25 * np.array([-math.sin(yaw), 0.0, -math.cos(yaw)])
        nearest = min(nearest, float(np.linalg.norm(goal - place)))
    assert nearest < 1.0


def test_a_second_takes_less_than_a_150th_of_one():
    from time import process_time

    listener = Listener(NOISE)
    places = [Arrival(0.1 * i, 1 + 0.1 * i, 0.01 * i) for i in range(45)]
    for place in places[:5]:
        listener.hear(place)
    began = process_time()
    for place in places[5:]:
        listener.hear(place)
    assert process_time() - began < 40 / 150
