"""Sounds without end: loops that are built in, or made of a sound file.

Every loop is the same on every machine with the same libraries, and no second of it is silent. How
loud a loop is does not matter: `audio.Source` sets the level.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uio2_agent.errors import BadInput, MissingDependency, UnknownName
from uio2_agent.interface import AUDIO_RATE

Samples = NDArray[np.float64]

SECONDS = 4  # of a built-in loop
SHORTEST, LONGEST = 0.1, 60.0  # seconds of a file; what is longer is cut
_SEAM = 0.02  # seconds over which the end of a file is faded into its beginning

_LENGTH = SECONDS * AUDIO_RATE
_TIME = np.arange(_LENGTH) / AUDIO_RATE
_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
_WANT = "a wav, flac, ogg or mp3 file; `ffmpeg -i in.mp4 out.wav` turns most others into one"


@dataclass(frozen=True, eq=False)
class Sound:
    """What something that sounds is called, and one round of it: (T,) at `AUDIO_RATE`, mono."""

    name: str
    loop: Samples


def white_noise(length: int, *key: int) -> Samples:
    """(length,) evenly spread over [-1, 1), from the stream that `key` names."""
    # Raw words of a bit generator are the same for every numpy (NEP 19).
    words = np.random.PCG64(np.random.SeedSequence(key)).random_raw(length)
    return np.asarray(words >> np.uint64(11), np.float64) * 2.0**-52 - 1.0


def _add(loop: Samples, second: float, event: Samples) -> None:
    """Let an event begin at that second; what runs over the end goes on at the beginning."""
    places = (round(second * AUDIO_RATE) + np.arange(len(event))) % len(loop)
    np.add.at(loop, places, event)


def _struck(pitch: float, seconds: float, partials: Sequence[tuple[float, float]]) -> Samples:
    """Something struck: partials (times the pitch, loudness), each dying away within `seconds`."""
    time = np.arange(round(seconds * AUDIO_RATE)) / AUDIO_RATE
    parts = [
        loudness
        * np.sin(2 * np.pi * pitch * ratio * time)
        * np.exp(-7 * ratio**0.5 * time / seconds)
        for ratio, loudness in partials
    ]
    return np.sum(parts, axis=0) * np.minimum(1.0, time / 0.002)


def _swell(seconds: float, edge: float) -> Samples:
    """1 throughout, with edges as of a cosine."""
    time = (np.arange(round(seconds * AUDIO_RATE)) + 0.5) / AUDIO_RATE
    inside = np.minimum(time, seconds - time)
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(1.0, inside / edge))


def _telephone() -> Samples:
    """A clapper between two bells, twenty strokes a second, 0.7 s of each second."""
    loop = np.zeros(_LENGTH)
    partials = [(1.0, 1.0), (1.53, 0.5), (2.41, 0.5), (3.36, 0.2)]
    bells = [_struck(pitch, 0.25, partials) for pitch in (1180.0, 1490.0)]
    for second in range(SECONDS):
        for stroke in range(14):
            _add(loop, second + stroke / 20, bells[stroke % 2])
    return loop


def _alarm_clock() -> Samples:
    """Four electronic beeps a second, then a breath."""
    loop = np.zeros(_LENGTH)
    time = np.arange(round(0.09 * AUDIO_RATE)) / AUDIO_RATE
    wave = sum(np.sin(2 * np.pi * 2050.0 * k * time) / k for k in (1, 3))
    beep = wave * _swell(0.09, 0.004)
    for second in range(SECONDS):
        for i in range(4):
            _add(loop, second + 0.16 * i, beep)
    return loop


def _music_box() -> Samples:
    """Sixteen notes on the teeth of a comb, which ring as bars clamped at one end do."""
    loop = np.zeros(_LENGTH)
    tune = (0, 4, 7, 12, 9, 7, 4, 2, 5, 9, 14, 12, 7, 11, 4, 0)  # semitones
    for i, step in enumerate(tune):
        pitch = 659.26 * 2 ** (step / 12)
        _add(loop, 0.25 * i, _struck(pitch, 0.9, [(1.0, 1.0), (2.0, 0.15), (6.27, 0.2)]))
    return loop


# Centres of the first three formants in Hz (Peterson and Barney 1952, men, rounded).
_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (570, 840, 2410),
    (530, 1840, 2480),
    (300, 870, 2240),
)
_SYLLABLES = (0, 1, 3, 2, 4, 0, 3, 1, 2, 0, 4, 3, 1, 0, 2, 3)  # which vowel, four a second


def _voice() -> Samples:
    """Babble: a gliding pitch with the formants of vowels, and a hiss between syllables."""
    turns = (
        120 * _TIME + 6.0 * np.sin(2 * np.pi * 0.5 * _TIME) + 0.9 * np.sin(2 * np.pi * 2 * _TIME)
    )
    pitch = np.gradient(turns, 1 / AUDIO_RATE)
    at = 4 * _TIME - 0.5
    before, part = np.floor(at).astype(int), at % 1
    glide = np.clip((part - 0.35) / 0.3, 0, 1)[:, None]
    vowels = np.array(_VOWELS, np.float64)[list(_SYLLABLES)]
    formants = (1 - glide) * vowels[before % 16] + glide * vowels[(before + 1) % 16]
    tune = np.zeros(_LENGTH)
    for k in range(1, 31):
        weight = sum(
            loudness * np.exp(-0.5 * ((k * pitch - formants[:, i]) / width) ** 2)
            for i, (loudness, width) in enumerate([(1.0, 90.0), (0.6, 120.0), (0.35, 170.0)])
        )
        tune += (weight + 0.02) * np.sin(2 * np.pi * k * turns)
    open_mouth = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * _TIME)
    hiss = np.diff(white_noise(_LENGTH, 4), prepend=0.0)
    return tune * open_mouth**0.7 + 0.12 * hiss * (1 - open_mouth) ** 4


def _noise() -> Samples:
    """Bursts of white noise, two a second."""
    loop = white_noise(_LENGTH, 5)
    return loop * np.tile(np.pad(_swell(0.3, 0.01), (0, round(0.2 * AUDIO_RATE))), 2 * SECONDS)


def _metronome() -> Samples:
    """A wooden knock, four a second, the first of four higher."""
    loop = np.zeros(_LENGTH)
    for i in range(4 * SECONDS):
        pitch = 1320.0 if i % 4 == 0 else 880.0
        _add(loop, 0.25 * i, _struck(pitch, 0.2, [(1.0, 1.0), (2.57, 0.5), (4.9, 0.2)]))
    return loop


def _doorbell() -> Samples:
    """Ding, dong."""
    loop = np.zeros(_LENGTH)
    partials = [(1.0, 1.0), (2.0, 0.4), (2.76, 0.35), (5.4, 0.15)]
    for second in range(0, SECONDS, 2):
        _add(loop, second, _struck(784.0, 1.6, partials))
        _add(loop, second + 0.8, _struck(622.25, 1.8, partials))
    return loop


def _kettle() -> Samples:
    """A whistle that trembles, in steam."""
    turns = 2400 * _TIME + 1.5 * np.sin(2 * np.pi * 6 * _TIME)
    steam = np.diff(white_noise(_LENGTH, 8), prepend=0.0)
    whistle = np.sin(2 * np.pi * turns) + 0.4 * np.sin(4 * np.pi * turns)
    return whistle * (1 + 0.3 * np.sin(2 * np.pi * 11 * _TIME)) + 0.35 * steam


def _bird() -> Samples:
    """Three rising chirps and a trill, every second."""
    loop = np.zeros(_LENGTH)

    def chirp(low: float, high: float, seconds: float) -> Samples:
        time = np.arange(round(seconds * AUDIO_RATE)) / AUDIO_RATE
        turns = low * time + (high - low) * time**2 / (2 * seconds)
        return np.sin(2 * np.pi * turns) * _swell(seconds, seconds / 3)

    for second in range(SECONDS):
        for i in range(3):
            _add(loop, second + 0.16 * i, chirp(2600.0 + 300 * i, 4200.0 + 250 * second, 0.1))
        for i in range(8):
            _add(loop, second + 0.5 + 0.04 * i, chirp(4800.0, 3600.0, 0.035))
    return loop


# Train with the first, and hear the second only in evaluation (`AudioGoal(sound="unheard")`).
HEARD: dict[str, Callable[[], Samples]] = {
    "telephone": _telephone,
    "alarm clock": _alarm_clock,
    "music box": _music_box,
    "voice": _voice,
    "noise": _noise,
    "metronome": _metronome,
}
UNHEARD: dict[str, Callable[[], Samples]] = {
    "doorbell": _doorbell,
    "kettle": _kettle,
    "bird": _bird,
}
KEPT_APART = {"heard": tuple(HEARD), "unheard": tuple(UNHEARD)}


def find_sound(name: str | Path) -> Sound:
    """The built-in sound of that name, or that of a file, called as the file is.

    Args:
        name: A key of `HEARD` or `UNHEARD`, or the path of a wav, flac, ogg or mp3 file.

    Raises:
        UnknownName: Neither.
        BadInput: A file that is missing, broken, silent or shorter than 0.1 s.
        MissingDependency: soundfile, or soxr for files of another rate, is not installed.
    """
    if Path(name).suffix.lower() in _SUFFIXES:
        return Sound(Path(name).stem.replace("_", " "), _read(Path(name)))
    known = {**HEARD, **UNHEARD}
    if name not in known:
        files = [f"*{suffix}" for suffix in _SUFFIXES]
        raise UnknownName("sound", str(name), [*KEPT_APART, *known, *files])
    return _built_in(str(name))


@cache
def _built_in(name: str) -> Sound:
    return Sound(name, {**HEARD, **UNHEARD}[name]())


def _read(path: Path) -> Samples:
    """The first minute of a file as a loop (T,): channels averaged, 16 kHz, ends joined."""
    told = f"sound file {path}"
    if not path.is_file():
        raise BadInput(told, "missing", _WANT)
    try:
        import soundfile
        import soxr
    except (ImportError, OSError) as error:  # OSError: the package without its C library
        remedy = "Install them with `pip install soundfile soxr`"
        raise MissingDependency("soundfile and soxr", "reading a sound file", remedy) from error
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            channels = file.read(int(LONGEST * rate), dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError) as problem:
        raise BadInput(told, f"unreadable ({problem})", _WANT) from problem
    mono = channels.mean(axis=1)
    if not np.isfinite(mono).all():
        raise BadInput(told, "not finite throughout", "finite samples")
    if len(mono) < SHORTEST * rate:
        raise BadInput(told, f"{len(mono) / rate:.3f} s long", f"at least {SHORTEST} s")
    if rate != AUDIO_RATE:
        mono = soxr.resample(mono, rate, AUDIO_RATE)
    if not np.abs(mono).max() > 1e-6:
        raise BadInput(told, "silent", "a file in which something sounds")
    seam = round(_SEAM * AUDIO_RATE)
    loop = mono[:-seam].copy()
    fade = (np.arange(seam) + 0.5) / seam
    loop[:seam] = fade * mono[:seam] + (1 - fade) * mono[-seam:]
    return loop
