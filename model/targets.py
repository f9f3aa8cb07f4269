"""What the model writes: tokens of text, pictures and sounds, and their losses (spec f, g).

Shapes: B rows, L target tokens, V rows of a token table, D width.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadShape
from uio2_agent.model.config import ModelConfig, VQGANConfig
from uio2_agent.model.inputs import moved
from uio2_agent.model.vit_vqgan import ViTVQGAN
from uio2_agent.model.vqgan import VQGAN

START = 0
# Of a picture's or a sound's tokens 0 is the start and 1 was reserved and never used.
FIRST_CODE = 2


@dataclass(frozen=True)
class TokenTargets:
    """What one modality of a batch shall say.

    tokens (B, L) int64; of text right-padded with 0, of pictures and sounds code + 2.
    mask (B, L) bool: tokens that are there; left out, those that are not 0.
    loss_mask (B, L) weights of the loss; left out, the mask.
    task_mask (B, L) bool: tokens the encoder was not shown, for dynamic masks.
    answers (B, L) int64: tokens read only their own answer, where a row holds several.
    examples (B, L) int64: tokens read only inputs and targets of their own example, where rows
    are packed.
    """

    tokens: Tensor
    mask: Tensor | None = None
    loss_mask: Tensor | None = None
    task_mask: Tensor | None = None
    answers: Tensor | None = None
    examples: Tensor | None = None

    def __post_init__(self) -> None:
        if self.tokens.dim() != 2 or self.tokens.dtype != torch.int64 or not self.tokens.shape[1]:
            got = f"{tuple(self.tokens.shape)} of {self.tokens.dtype}"
            raise BadShape("targets", got, "(B, L) of torch.int64, L at least 1")
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value.shape != self.tokens.shape:
                want = f"{tuple(self.tokens.shape)} as the tokens"
                raise BadShape(f"targets' {field.name}", tuple(value.shape), want)

    @property
    def plain(self) -> bool:
        """Whether nothing but order decides who reads whom: tokens of one answer, then padding."""
        return self.mask is self.task_mask is self.answers is self.examples is None

    def valid(self) -> Tensor:
        """(B, L) bool."""
        return self.tokens != 0 if self.mask is None else self.mask.bool()

    def weights(self) -> Tensor:
        """(B, L) of the loss."""
        return (self.valid() if self.loss_mask is None else self.loss_mask).float()

    def to(self, device: torch.device | str) -> "TokenTargets":
        return moved(self, device)


@dataclass(frozen=True)
class Targets:
    """What a batch shall say; a modality that no row says is left out."""

    text: TokenTargets | None = None
    image: TokenTargets | None = None
    audio: TokenTargets | None = None

    def present(self) -> Iterator[tuple[str, TokenTargets]]:
        """The modalities there are, in sequence order."""
        for field in fields(self):
            if getattr(self, field.name) is not None:
                yield field.name, getattr(self, field.name)

    def to(self, device: torch.device | str) -> "Targets":
        return moved(self, device)


def text_targets(tokens: Tensor) -> Targets:
    """Nothing but text: tokens (B, L) with end tokens, right-padded with 0."""
    return Targets(text=TokenTargets(tokens))


class TargetEmbedder(nn.Module):
    """What marks a decoder token as one of this modality, and what turns a signal into tokens."""

    def __init__(self, cfg: ModelConfig, name: str) -> None:
        super().__init__()
        self.modality = nn.Parameter(torch.zeros(cfg.width))
        if name != "text":
            quantiser = cfg.signal(name).quantiser
            self.quantiser: VQGAN | ViTVQGAN
            if isinstance(quantiser, VQGANConfig):
                self.quantiser = VQGAN(quantiser)
            else:
                self.quantiser = ViTVQGAN(quantiser)

    def tokens(self, signal: Tensor) -> Tensor:
        """Pictures (B, 3, 256, 256) in [0, 1], or log-mel (B, 256, 128) → target tokens (B, L)."""
        return self.quantiser.encode(signal) + FIRST_CODE

    def signal(self, tokens: Tensor) -> Tensor:
        """The way back; the two tokens that stand for no code read as the first (spec h)."""
        codes = (tokens - FIRST_CODE).clamp(0, self.quantiser.cfg.codes - 1)
        return self.quantiser.decode(codes)


def shift_right(tokens: Tensor, answers: Tensor | None = None) -> Tensor:
    """What the decoder reads to predict `tokens` (B, L): START, then all but the last.

    Where a row holds several `answers` (B, L), each begins with START.
    """
    shifted = F.pad(tokens[:, :-1], (1, 0), value=START)
    if answers is None:
        return shifted
    begins = F.pad(answers[:, 1:] != answers[:, :-1], (1, 0), value=True)
    return shifted.masked_fill(begins, START)


def token_cross_entropy(logits: Tensor, tokens: Tensor) -> Tensor:
    """logits (B, L, V), tokens (B, L) → float32 (B, L), unmasked."""
    if logits.shape[:-1] != tokens.shape:
        raise BadShape("targets", tuple(tokens.shape), f"{tuple(logits.shape[:-1])} as the logits")
    return F.cross_entropy(logits.float().flatten(0, 1), tokens.flatten(), reduction="none").view(
        tokens.shape
    )


def token_loss(logits: Tensor, targets: TokenTargets, z_loss: float = 1e-4) -> Tensor:
    """Cross-entropy plus z_loss · logsumexp², each averaged over the loss mask of the batch.

    Args:
        logits: (B, L, V).

    Returns:
        A float32 scalar; 0 (not NaN) where the mask is empty.
    """
    total, weights = token_cross_entropy(logits, targets.tokens), targets.weights()
    if z_loss:
        total = total + z_loss * torch.logsumexp(logits.float(), dim=-1).square()
    return (total * weights).sum() / weights.sum().clamp(min=1.0)


def total_loss(logits: dict[str, Tensor], targets: Targets, z_loss: float = 1e-4) -> Tensor:
    """The plain sum over modalities, as released (spec f): a float32 scalar."""
    losses = [token_loss(logits[name], part, z_loss) for name, part in targets.present()]
    return torch.stack(losses).sum()
