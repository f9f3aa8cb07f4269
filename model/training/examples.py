"""What a training example is, and how a few of them become one batch.

Legend: B examples, L question tokens, A answer tokens, F frames of all examples together,
T history slots.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from uio2_agent.model.inputs import FrameLatents, Inputs, Patches, patchify
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Example:
    """A question about pictures and its answer; token lists without end tokens.

    Attributes:
        question: Token ids.
        image: uint8 (3, H, W).
        frames: P pictures uint8 (3, H, W), history slots 1 to P.
        answer: Token ids.
    """

    question: list[int]
    image: np.ndarray
    frames: Sequence[np.ndarray]
    answer: list[int]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B examples side by side. Only frames that exist are encoded; `slots` says where each belongs.

    Attributes:
        text: int64 (B, L), with end tokens, zero-padded.
        image: Patches (B, N, ...).
        frames: Patches (F, N, ...), or None when no example has history.
        slots: int64 (F, 2), row and history slot of each frame.
        targets: int64 (B, A), with end tokens, zero-padded.
    """

    text: Tensor
    image: Patches
    frames: Patches | None
    slots: Tensor
    targets: Tensor

    def inputs(self, model: UnifiedIO2, vit: nn.Module | None = None) -> Inputs:
        """Encode the frames and put them into their slots.

        Args:
            model: Whose resampler, and ViT if no other is given, encodes them.
            vit: Another one, called as the model's own, e.g. one that remembers.
        """
        history = None
        if self.frames is not None:
            latents = model.history.encode_frames(self.frames, vit or model.vit)
            row, slot = self.slots.T
            shape = (len(self.text), int(slot.max()) + 1)
            filled = latents.new_zeros(*shape, *latents.shape[1:]).index_put((row, slot), latents)
            mask = torch.zeros(shape, dtype=torch.bool, device=latents.device)
            mask[row, slot] = True
            history = FrameLatents(latents=filled, mask=mask)
        return Inputs(text=self.text, image=self.image, image_history=history)


def collate(examples: Sequence[Example]) -> Batch:
    """Pad to the longest question and answer of these examples."""
    frames = [f for e in examples for f in e.frames]
    slots = [(b, s) for b, e in enumerate(examples) for s in range(len(e.frames))]
    return Batch(
        text=pad([e.question for e in examples]),
        image=patchify(torch.from_numpy(np.stack([e.image for e in examples]))),
        frames=patchify(torch.from_numpy(np.stack(frames))) if frames else None,
        slots=torch.tensor(slots, dtype=torch.int64).reshape(-1, 2),
        targets=pad([e.answer for e in examples]),
    )


def pad(rows: Sequence[list[int]]) -> Tensor:
    """Token lists -> int64 (B, longest + 1), each followed by its end token."""
    out = np.full((len(rows), max(map(len, rows)) + 1), Tokenizer.PAD, np.int64)
    for target, row in zip(out, rows, strict=True):
        target[: len(row) + 1] = [*row, Tokenizer.EOS]
    return torch.from_numpy(out)
