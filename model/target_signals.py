"""What a batch shall say, before the model's quantisers make tokens of it (spec f, g).

Shapes: B rows, L text tokens, n codes of a picture or a sound, S side of a target picture,
H, W the size of a user's picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from uio2_agent.errors import BadInput
from uio2_agent.model.config import ModelConfig, SignalConfig
from uio2_agent.model.pictures import Picture, as_picture
from uio2_agent.model.preprocessing import fit_picture
from uio2_agent.model.recordings import Sound, waveform
from uio2_agent.model.sound import LogMel, log_mel, segments
from uio2_agent.model.targets import TargetEmbedder, Targets, TokenTargets
from uio2_agent.model.unified import UnifiedIO2


@dataclass(frozen=True)
class Answer:
    """What one example shall say, all of it optional.

    image_mask: (H, W) bool, where the picture's loss counts; left out, everywhere.
    hidden: (H, W) bool, what of the picture the encoder was not shown (for dynamic masks).
    audio: At most one segment of 4.08 s; what is shorter ends in silence.
    """

    text: str | None = None
    image: Picture | None = None
    image_mask: np.ndarray | None = None
    hidden: np.ndarray | None = None
    audio: Sound | None = None


@dataclass(frozen=True)
class SignalTarget:
    """One modality of a batch: the signal in its quantiser's units, and masks of its codes.

    signal: Pictures (B, 3, S, S) in [0, 1], or sounds (B, 256, 128) log-mel.
    mask, loss_mask, task_mask: (B, n) bool: what is there, what counts, what was hidden.
    """

    signal: Tensor
    mask: Tensor
    loss_mask: Tensor
    task_mask: Tensor

    def quantised(self, model: UnifiedIO2, name: str) -> TokenTargets:
        """As tokens, on the model's device."""
        device = model.text_table.weight.device
        embedder = cast(TargetEmbedder, model.targets[name])
        with torch.no_grad():
            tokens = embedder.tokens(self.signal.to(device))
        return TokenTargets(tokens, self.mask, self.loss_mask, self.task_mask).to(device)


@dataclass(frozen=True)
class TargetSignals:
    """What a batch of B shall say; text (B, L) int64 ends in EOS and is right-padded with 0."""

    text: Tensor | None = None
    image: SignalTarget | None = None
    audio: SignalTarget | None = None

    def quantised(self, model: UnifiedIO2) -> Targets:
        """The same as tokens, on the model's device."""
        device = model.text_table.weight.device
        return Targets(
            None if self.text is None else TokenTargets(self.text).to(device),
            None if self.image is None else self.image.quantised(model, "image"),
            None if self.audio is None else self.audio.quantised(model, "audio"),
        )


def image_target(answers: Sequence[Answer], cfg: ModelConfig) -> SignalTarget | None:
    """The pictures of a batch, fitted; a code counts where its pixel (4, 4) does."""
    if all(answer.image is None for answer in answers):
        return None
    return _joined([_one_picture(answer, cfg.image) for answer in answers])


def audio_target(answers: Sequence[Answer], cfg: ModelConfig) -> SignalTarget | None:
    """The sounds of a batch; a code counts where the cell at its centre has power.

    Raises:
        BadInput: A sound of more than one segment.
    """
    if all(answer.audio is None for answer in answers):
        return None
    sounds = [_one_sound(answer.audio, cfg.audio) for answer in answers]
    nothing = torch.zeros(cfg.audio.target_length, dtype=torch.bool)
    there = [_at_codes(sound.mask, cfg.audio) for sound in sounds]
    return _joined([(s.values, m, m, nothing) for s, m in zip(sounds, there, strict=True)])


def check_written(answers: Sequence[Answer], cfg: ModelConfig) -> None:
    """Raise `BadInput` where an answer has a modality that the model does not write."""
    for name in ("text", "image", "audio"):
        if name not in cfg.targets and any(getattr(a, name) is not None for a in answers):
            want = f"only {', '.join(cfg.targets)}, which is what this model writes"
            raise BadInput(f"{name} target", "given", want)


def _joined(rows: Sequence[tuple[Tensor, Tensor, Tensor, Tensor]]) -> SignalTarget:
    return SignalTarget(*(torch.stack(column) for column in zip(*rows, strict=True)))


def _one_picture(answer: Answer, cfg: SignalConfig) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The fitted picture (3, S, S), and its three masks (n)."""
    side = cfg.quantiser.size
    assert isinstance(side, int)  # of a square, as every picture quantiser has it
    if answer.image is None:
        nothing = torch.zeros(cfg.target_length, dtype=torch.bool)
        return torch.zeros(3, side, side), nothing, nothing, nothing
    picture = as_picture(answer.image, "image target")
    fitted = fit_picture(picture, (side, side))

    def chosen(mask: np.ndarray | None, name: str) -> Tensor | None:
        if mask is None:
            return None
        mask = np.asarray(mask)
        if mask.shape != picture.shape[:2] or mask.dtype != np.bool_:
            want = f"{picture.shape[:2]} bool, as the picture"
            raise BadInput(name, f"{mask.shape} {mask.dtype}", want)
        grey = np.repeat(mask[..., None], 3, axis=2).astype(np.float32)
        return _at_codes(fit_picture(grey, (side, side)).pixels[0] > 0.5, cfg)

    there = _at_codes(fitted.mask, cfg)
    counts, hidden = chosen(answer.image_mask, "image_mask"), chosen(answer.hidden, "hidden")
    return (
        fitted.pixels,
        there,
        there if counts is None else there & counts,
        torch.zeros_like(there) if hidden is None else there & hidden,
    )


def _one_sound(sound: Sound | None, cfg: SignalConfig) -> LogMel:
    if sound is None:
        return LogMel(torch.zeros(cfg.size), torch.zeros(cfg.size, dtype=torch.bool))
    whole = segments(waveform(sound, "audio target"))
    if len(whole) > 1:
        want = "one: cut longer sounds with sound.segments, an example each"
        raise BadInput("audio target", f"of {len(whole)} segments", want)
    return log_mel(whole[0])


def _at_codes(mask: Tensor, cfg: SignalConfig) -> Tensor:
    """A mask of pixels or cells → (n) bool, each code as the pixel at its centre."""
    rows, cols = (
        whole // codes for whole, codes in zip(mask.shape, cfg.quantiser.grid, strict=True)
    )
    return mask[rows // 2 :: rows, cols // 2 :: cols].flatten()
