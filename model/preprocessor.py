"""From a user's words, pictures and sounds to what the model reads and shall say (spec b, c).

Shapes: B rows, L text tokens, N patches, P numbers in a patch, T frames of the longest history.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from uio2_agent.errors import BadInput, BadSetting
from uio2_agent.model.config import ModelConfig
from uio2_agent.model.inputs import Inputs, Patches, patchify, patchify_sound
from uio2_agent.model.pictures import Picture, as_picture
from uio2_agent.model.preprocessing import FittedPicture, fit_boxes, fit_picture
from uio2_agent.model.prompt_text import TEXT, Box, check_markers, prefixed, with_boxes
from uio2_agent.model.recordings import Sound, waveform
from uio2_agent.model.sound import log_mel, segments
from uio2_agent.model.target_signals import (
    Answer,
    TargetSignals,
    audio_target,
    check_written,
    image_target,
)
from uio2_agent.model.vocabulary import Tokenizer

_Frames = TypeVar("_Frames", Sequence[Picture], Tensor)


class InputCut(UserWarning):
    """The model reads less than it was given; the message says what was left out."""


@dataclass(frozen=True)
class Example:
    """One thing to read, all of it optional.

    text: What is asked; `{box}` stands for the next of `boxes`, and markers such as
        `<image_history_1>` for pictures and sounds (see `prompt_text`).
    image, image_history: Pictures of any kind, the history oldest first.
    audio: A sound of any length; of several segments the last is the input, the others its history.
    boxes: x1, y1, x2, y2 in pixels of `image`.
    prefix: What shall be answered and how, one of `prompt_text.PREFIXES`.
    """

    text: str = ""
    image: Picture | None = None
    image_history: Sequence[Picture] = ()
    audio: Sound | None = None
    boxes: Sequence[Box] = ()
    prefix: str = TEXT


@dataclass(frozen=True)
class Prepared:
    """A batch to read; infos: of each row's image the 11 numbers of `FittedPicture`, or None."""

    inputs: Inputs
    infos: tuple[Tensor | None, ...]


class Preprocessor:
    """Turns examples into batches for one model.

    Args:
        slots: Most frames of a history; of more the first are kept, as in the release, whose
            default is 4. Default: all that the model has positions for, 8.

    Raises:
        BadSetting: A tokenizer larger than the model's table, or more slots than positions.
    """

    def __init__(self, tokenizer: Tokenizer, cfg: ModelConfig, slots: int | None = None) -> None:
        if tokenizer.size > cfg.text_vocab_size:
            want = f"at most {cfg.text_vocab_size} pieces, as the model's table has rows"
            raise BadSetting("tokenizer", f"of {tokenizer.size} pieces", want)
        self.tokenizer, self.cfg = tokenizer, cfg
        self.slots = cfg.history_slots if slots is None else slots
        if not 0 <= self.slots <= cfg.history_slots:
            raise BadSetting("slots", slots, f"from 0 to {cfg.history_slots}")

    def __call__(self, *examples: Example) -> Prepared:
        """One batch; what only some rows have is masked zeros in the others.

        What does not fit is left out with an `InputCut` warning: text beyond 511 tokens and EOS,
        frames beyond the slots.

        Raises:
            BadInput, BadShape: What `as_picture`, `waveform` or `prompt_text` refuse, a box beside
                the picture, or a modality this model was built without.
            UnknownName: A prefix nobody knows.
        """
        if not examples:
            raise BadInput("examples", "none", "at least one")
        pictures = [self._picture(example) for example in examples]
        frames = [self._frames(example) for example in examples]
        sounds = [self._sounds(example) for example in examples]
        texts = []
        for example, picture, past, heard in zip(examples, pictures, frames, sounds, strict=True):
            numbers = {
                "image_input": int(picture is not None),
                "image_history": len(past),
                "audio_input": int(len(heard) > 0),
                "audio_history": max(len(heard) - 1, 0),
            }
            boxes = self._boxes(example.boxes, None if picture is None else picture.info)
            text = check_markers(with_boxes(example.text, boxes), numbers)
            texts.append(self.ids(prefixed(text, example.prefix), "text"))
        inputs = Inputs(
            text=_padded(texts),
            image=_column([None if p is None else _patches(p) for p in pictures]),
            image_history=_table([[_patches(f) for f in row] for row in frames]),
            audio=_column([row[-1] if row else None for row in sounds]),
            audio_history=_table([row[:-1] for row in sounds]),
        )
        return Prepared(inputs, tuple(None if p is None else p.info for p in pictures))

    def targets(self, *answers: Answer) -> TargetSignals:
        """What a batch shall say, for training and for measuring losses.

        Raises:
            BadInput, BadShape: What `as_picture` and `waveform` refuse, masks of another size than
                their picture, a sound of several segments, a modality this model does not write.
        """
        check_written(answers, self.cfg)
        text = None
        if any(answer.text is not None for answer in answers):
            rows = [[] if a.text is None else self.ids(a.text, "target") for a in answers]
            text = _padded(rows)
        return TargetSignals(text, image_target(answers, self.cfg), audio_target(answers, self.cfg))

    def ids(self, text: str, name: str = "text") -> list[int]:
        """Token ids with EOS, cut to what the model has room for (`InputCut`)."""
        try:
            text.encode()
        except UnicodeEncodeError as problem:
            got = f"not valid Unicode ({problem.reason})"
            raise BadInput(name, got, "whole characters") from problem
        ids = self.tokenizer.encode(text)
        room = self.cfg.max_text - 1
        if len(ids) > room:
            lost = _shortened(self.tokenizer.decode(ids[room:]))
            _warn(f"{name} of {len(ids)} tokens: only {room} are read; left out: {lost!r}")
        return [*ids[:room], self.tokenizer.EOS]

    # --- one example ----------------------------------------------------------------------------

    def _picture(self, example: Example) -> FittedPicture | None:
        if example.image is None:
            return None
        self._check_read("image")
        return fit_picture(as_picture(example.image, "image"), self.cfg.image.size)

    def _frames(self, example: Example) -> list[FittedPicture]:
        kept = self._first(example.image_history, "image_history", "pictures")
        size = self.cfg.image.history_size
        return [
            fit_picture(as_picture(frame, f"image_history[{i}]"), size)
            for i, frame in enumerate(kept)
        ]

    def _sounds(self, example: Example) -> list[Patches]:
        """Patches (N, P) of every segment kept, oldest first."""
        if example.audio is None:
            return []
        self._check_read("audio")
        whole = segments(waveform(example.audio))
        past = self._first(whole[:-1], "audio_history", "segments before the last")
        mel = log_mel(torch.cat([past, whole[-1:]]))
        every = patchify_sound(mel.values, mel.mask)
        parts = zip(every.pixels, every.mask, every.pos_ids, strict=True)
        return [Patches(*part, every.grid) for part in parts]

    def _boxes(self, boxes: Sequence[Box], info: Tensor | None) -> list[Box]:
        """x1 y1 x2 y2 of the source → y1 x1 y2 x2 in [0, 1] of the padded picture."""
        if info is None:
            if len(boxes):
                raise BadInput("boxes", "given without a picture", "the picture they lie on")
            return []
        placed: list[Box] = []
        rows, cols = self.cfg.image.size
        for box in boxes:
            x1, y1, x2, y2 = box
            moved = fit_boxes(torch.tensor([[y1, x1, y2, x2]]), info, (rows, cols))
            inside = len(moved) and bool(torch.isfinite(moved).all())
            if not inside or min(x2, y2) <= 0 or x1 >= info[4] or y1 >= info[3]:
                size = f"{int(info[4])} wide and {int(info[3])} high"
                raise BadInput("box", box, f"x1 < x2, y1 < y2, on a picture {size}")
            top, left, bottom, right = moved[0].tolist()
            placed.append((top / rows, left / cols, bottom / rows, right / cols))
        return placed

    def _first(self, frames: _Frames, name: str, unit: str) -> _Frames:
        """The frames of a history there is room for."""
        if len(frames):
            self._check_read(name)
        if len(frames) > self.slots:
            _warn(f"{name} of {len(frames)} {unit}: only the first {self.slots} are read")
        return frames[: self.slots]

    def _check_read(self, name: str) -> None:
        if name not in self.cfg.inputs:
            want = f"only {', '.join(self.cfg.inputs)}, which is what this model reads"
            raise BadInput(name, "given", want)


def _warn(message: str) -> None:
    warnings.warn(message, InputCut, stacklevel=4)


def _shortened(text: str, most: int = 300) -> str:
    """A long text's beginning and end."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters … {text[-half:]}"


def _padded(rows: list[list[int]]) -> Tensor:
    """Ids → (B, L) int64, zeros on the right."""
    length = max(len(row) for row in rows)
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])


def _patches(fitted: FittedPicture) -> Patches:
    """(N, P) of one fitted picture."""
    return patchify(fitted.pixels, fitted.mask)


def _column(rows: list[Patches | None]) -> Patches | None:
    """One picture or segment a row → (B, N, P); None where no row has one."""
    stacked = _table([[] if row is None else [row] for row in rows])
    if stacked is None:
        return None
    return Patches(stacked.pixels[:, 0], stacked.mask[:, 0], stacked.pos_ids[:, 0], stacked.grid)


def _table(rows: list[list[Patches]]) -> Patches | None:
    """Frames of every row → (B, T, N, P), masked zeros after a row's last; None without any."""
    most = max(len(row) for row in rows)
    if not most:
        return None
    some = next(frame for row in rows for frame in row)
    blank = Patches(
        torch.zeros_like(some.pixels), torch.zeros_like(some.mask), some.pos_ids, some.grid
    )
    full = [[*row, *[blank] * (most - len(row))] for row in rows]
    pixels, mask, pos_ids = (
        torch.stack([torch.stack([getattr(frame, part) for frame in row]) for row in full])
        for part in ("pixels", "mask", "pos_ids")
    )
    return Patches(pixels, mask, pos_ids, some.grid)
