"""What a training example is, and how a few of them become one batch.

A *signal* is image or audio, a frame of it a picture or a sound; what follows knows no difference
but how frames become patches.
Legend: B examples, L question tokens, A answer tokens, F frames of all examples together,
T history slots.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uio2_agent.errors import BadInput
from uio2_agent.model.inputs import FrameLatents, Inputs, Patches, patchify, sound_patches
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Example:
    """A question about what is seen and heard, and its answer; token lists without end tokens.

    Attributes:
        question: Token ids.
        image: uint8 (3, H, W).
        frames: P pictures uint8 (3, H, W), history slots 1 to P.
        answer: Token ids.
        sound: float32 (T,) at 16 kHz, at most one segment of the model's; None of who is deaf.
        sounds: Q sounds float32 (T,), slots 1 to Q of audio history.
    """

    question: list[int]
    image: np.ndarray
    frames: Sequence[np.ndarray]
    answer: list[int]
    sound: np.ndarray | None = None
    sounds: Sequence[np.ndarray] = ()


@dataclass(frozen=True, kw_only=True)
class SignalBatch:
    """One signal of B examples. Only frames with something in them are encoded.

    Attributes:
        present: Patches (B, N, ...).
        frames: Patches (F, N, ...), or None when no example has history.
        slots: int64 (F, 2), row and history slot of each frame.
    """

    present: Patches
    frames: Patches | None
    slots: Tensor

    def history(
        self, model: UnifiedIO2, modality: str, vit: nn.Module | None = None
    ) -> FrameLatents | None:
        """Encode the frames and put them into their slots; see `Batch.inputs`."""
        if self.frames is None:
            return None
        latents = model.encode_frames(self.frames, modality, vit)
        row, slot = self.slots.T
        shape = (len(self.present.pixels), int(slot.max()) + 1)
        filled = latents.new_zeros(*shape, *latents.shape[1:]).index_put((row, slot), latents)
        mask = torch.zeros(shape, dtype=torch.bool, device=latents.device)
        mask[row, slot] = True
        return FrameLatents(latents=filled, mask=mask)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B examples side by side.

    Attributes:
        text: int64 (B, L), with end tokens, zero-padded.
        image: What is seen.
        audio: What is heard, or None.
        targets: int64 (B, A), with end tokens, zero-padded.
    """

    text: Tensor
    image: SignalBatch
    audio: SignalBatch | None
    targets: Tensor

    def inputs(self, model: UnifiedIO2, vit: nn.Module | None = None) -> Inputs:
        """What the model reads.

        Args:
            model: Whose resamplers, and ViTs if no other is given, encode the history.
            vit: Another one for pictures, called as the model's own, e.g. one that remembers.
        """
        seen = Inputs(
            text=self.text,
            image=self.image.present,
            image_history=self.image.history(model, "image_history", vit),
        )
        if self.audio is None:
            return seen
        heard = self.audio.history(model, "audio_history")
        return replace(seen, audio=self.audio.present, audio_history=heard)


def collate(examples: Sequence[Example]) -> Batch:
    """Pad to the longest question and answer of these examples.

    Raises:
        BadInput: Some have a sound and some have none.
    """
    sounds = [e.sound for e in examples if e.sound is not None]
    if sounds and len(sounds) < len(examples):
        got = f"{len(sounds)} of {len(examples)} with a sound"
        raise BadInput("examples of a batch", got, "all or none")
    heard = [e.sounds for e in examples]
    return Batch(
        text=pad([e.question for e in examples]),
        image=_side_by_side([e.image for e in examples], [e.frames for e in examples], _seen),
        audio=_side_by_side(sounds, heard, _heard) if sounds else None,
        targets=pad([e.answer for e in examples]),
    )


def pad(rows: Sequence[list[int]]) -> Tensor:
    """Token lists -> int64 (B, longest + 1), each followed by its end token."""
    out = np.full((len(rows), max(map(len, rows)) + 1), Tokenizer.PAD, np.int64)
    for target, row in zip(out, rows, strict=True):
        target[: len(row) + 1] = [*row, Tokenizer.EOS]
    return torch.from_numpy(out)


def _side_by_side(
    present: Sequence[np.ndarray],
    past: Sequence[Sequence[np.ndarray]],
    patches_of: Callable[[Sequence[np.ndarray]], Patches],
) -> SignalBatch:
    frames = [f for row in past for f in row]
    places = [(b, s) for b, row in enumerate(past) for s in range(len(row))]
    slots = torch.tensor(places, dtype=torch.int64).reshape(-1, 2)
    patches = patches_of(frames) if frames else None
    if patches is not None:
        there = patches.mask.any(dim=-1)
        if not there.all():  # the slot of a frame with nothing in it, such as silence, stays empty
            patches, slots = (_part(patches, there) if there.any() else None), slots[there]
    return SignalBatch(present=patches_of(present), frames=patches, slots=slots)


def _seen(pictures: Sequence[np.ndarray]) -> Patches:
    return patchify(torch.from_numpy(np.stack(pictures)))


def _heard(sounds: Sequence[np.ndarray]) -> Patches:
    """Without the places that nothing is heard at: a second is a quarter of a segment."""
    patches = sound_patches(sounds)
    there = patches.mask.any(dim=0)
    there[0] = True  # of silence one masked patch is left
    return _part(patches, (slice(None), there))


def _part(patches: Patches, chosen: Any) -> Patches:
    """Some frames, or some places, as an index says."""
    return replace(
        patches,
        pixels=patches.pixels[chosen],
        mask=patches.mask[chosen],
        pos_ids=patches.pos_ids[chosen],
    )
