"""What a codec is: the only place that knows both an environment's dicts and the model's tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from uio2_agent.model.vocabulary import Tokenizer

Observation = dict[str, Any]
Action = Any  # of the environment's action space: a dict of arrays, or a number
Signal = Literal["image", "audio"]


class Shown(NamedTuple):
    """What one question shows of a signal: its input, the first frames of its history, and how many
    past ones come after them."""

    present: np.ndarray
    first: Sequence[np.ndarray]
    n_past: int


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One row's question to the model.

    Attributes:
        text: Token ids, without end token.
        image: uint8 (3, H, W), the current view, of any size. Whatever else `pictures_of` it takes
            the slots after the past.
        pictures: uint8 (P, 3, H, W), the prompt's pictures in reading order, for the first slots.
        n_past: How many past frames the text refers to; they fill the slots after the pictures.
        sound: float32 (T,), what is heard now, of a codec that hears; whatever else `sounds_of` it
            takes the slots of audio history after the past.
        n_past_sounds: As `n_past`, of audio history.
    """

    text: list[int]
    image: np.ndarray
    pictures: np.ndarray
    n_past: int
    sound: np.ndarray | None = None
    n_past_sounds: int = 0

    def shown(self, signal: Signal) -> Shown:
        """The part of the question that is not text."""
        if signal == "image":
            return Shown(self.image, list(self.pictures), self.n_past)
        assert self.sound is not None
        return Shown(self.sound, (), self.n_past_sounds)


def remembered(count: int, room: int, *, keep_first: bool) -> list[int]:
    """Which of `count` past frames are kept where there is room for so many, oldest first.

    The newest ones; with `keep_first` and room for two, the very first instead of the oldest of
    them: it tells where things were that shall be put back.
    """
    room = min(count, room)
    if keep_first and 2 <= room < count:
        return [0, *range(count - room + 1, count)]
    return list(range(count - room, count))


class Codec(Protocol):
    """From one observation to a question, and from an answer back to actions."""

    tokenizer: Tokenizer
    slots: int
    past_frames: int
    keep_first: bool  # see `remembered`
    max_answer: int
    rest: Action  # for rows that play no episode

    def prompt(self, observation: Observation, n_past: int, memory: Any) -> Prompt:
        """One unbatched observation, remembered frames (how many), own memory -> the question."""

    def allowed(self, observation: Observation, tokens: list[int]) -> np.ndarray:
        """Answer so far -> bool (V,), the tokens after which the answer can still be parsed."""

    def decode(self, observation: Observation, tokens: list[int]) -> list[Action]:
        """A finished answer -> every remaining action, first one first; none if it has none."""

    def pictures_of(self, observation: Observation) -> list[np.ndarray]:
        """What history remembers, uint8 (3, H, W) each; first the view the model looks at.

        Always as many; the others are shown in history slots at once, after the past.
        """

    def remember(self, memory: Any, observation: Observation, action: Action) -> Any:
        """What is remembered besides pictures, after one more action; None before the first."""

    def readable(self, tokens: list[int]) -> str:
        """An answer in words, for reports."""


@runtime_checkable
class HearingCodec(Codec, Protocol):
    """A codec that also knows what to listen to; audio and its history are told like pictures."""

    sound_slots: int
    past_sounds: int

    def sounds_of(self, observation: Observation) -> list[np.ndarray]:
        """What history remembers, float32 (T,) each at 16 kHz, at most one segment of the model's.

        Always as many; all but the first are heard in history slots at once, after the past.
        """
