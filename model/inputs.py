"""What the model reads, and how each modality becomes tokens of the encoder (spec c).

Shapes: B rows, L text tokens, N patches, P numbers in a patch (768 of a picture, 256 of a
spectrogram), T frames, n latents a frame, F frames of all rows, D width, M tokens of all kinds.
A *signal* is image or audio; what follows knows no difference but their configs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from uio2_agent.errors import BadShape
from uio2_agent.model.config import ModelConfig
from uio2_agent.model.layers import Linear
from uio2_agent.model.resampler import Resampler
from uio2_agent.model.rope import grid_table, line_table
from uio2_agent.model.sound import padded_log_mel
from uio2_agent.model.vit import ViT

PATCH = 16
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
LOG_MEL_MEAN, LOG_MEL_STD = -4.26, 9.14


@dataclass(frozen=True)
class Patches:
    """Normalised 16x16 patches of pictures or spectrograms; "…" is (B), or (B, T) for history.

    pixels (…, N, P) in (row, column, channel) order; mask (…, N) bool; pos_ids (…, N) int64,
    the row-major place of each patch on `grid`. A spectrogram's rows are time, its columns mels.
    """

    pixels: Tensor
    mask: Tensor
    pos_ids: Tensor
    grid: tuple[int, int]

    def to(self, device: torch.device | str) -> "Patches":
        return moved(self, device)


@dataclass(frozen=True)
class FrameLatents:
    """Frames encoded earlier by `encode_frames`: latents (B, T, n, D), mask (B, T) bool."""

    latents: Tensor
    mask: Tensor

    def to(self, device: torch.device | str) -> "FrameLatents":
        return moved(self, device)


@dataclass(frozen=True)
class Inputs:
    """One batch of B examples; a modality that no row has is left out.

    text (B, L) int64, right-padded with 0; image, audio: Patches (B, N, …);
    image_history, audio_history: Patches (B, T, N, …) or FrameLatents, oldest frame first.
    """

    text: Tensor | None = None
    image: Patches | None = None
    image_history: Patches | FrameLatents | None = None
    audio: Patches | None = None
    audio_history: Patches | FrameLatents | None = None

    def to(self, device: torch.device | str) -> "Inputs":
        return moved(self, device)


class Tokens(NamedTuple):
    """embeddings (B, M, D), mask (B, M) bool, rope (B, M, d/2) complex64.

    examples (B, M) int64: where rows are packed, the example each token belongs to.
    """

    embeddings: Tensor
    mask: Tensor
    rope: Tensor
    examples: Tensor | None = None


def patchify(images: Tensor, pixel_mask: Tensor | None = None) -> Patches:
    """Pictures (…, 3, H, W), uint8 or float in [0, 1] → normalised Patches (…, N, 768).

    Args:
        images: H and W multiples of 16.
        pixel_mask: (…, H, W), true on real pixels; a patch counts where its pixel (8, 8) does.

    Raises:
        BadShape: On another number of channels, a side that is no multiple of 16, another dtype.
    """
    shape = tuple(images.shape)
    if (
        len(shape) < 3
        or shape[-3] != 3
        or shape[-2] % PATCH
        or shape[-1] % PATCH
        or 0 in shape[-2:]
    ):
        raise BadShape("images", shape, "(…, 3, H, W) with H and W multiples of 16")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise BadShape("images", images.dtype, "uint8, or float in [0, 1]")
    mean, std = (torch.tensor(v, device=images.device)[:, None, None] for v in (MEAN, STD))
    pixels = images / 255 if images.dtype == torch.uint8 else images.float()
    return _cut((pixels - mean) / std, pixel_mask)


def patchify_sound(log_mel: Tensor, cell_mask: Tensor | None = None) -> Patches:
    """Log-mel spectrograms (…, time, mels) → normalised Patches (…, N, 256).

    Args:
        log_mel: Natural logarithms of power, time and mels multiples of 16.
        cell_mask: The same shape, true where there was sound.

    Raises:
        BadShape: On a side that is no multiple of 16, or integers.
    """
    shape = tuple(log_mel.shape)
    if len(shape) < 2 or shape[-2] % PATCH or shape[-1] % PATCH or 0 in shape[-2:]:
        raise BadShape("log_mel", shape, "(…, time, mels), both multiples of 16")
    if not log_mel.is_floating_point():
        raise BadShape("log_mel", log_mel.dtype, "float")
    normal = (log_mel.float() - LOG_MEL_MEAN) / LOG_MEL_STD
    return _cut(normal[..., None, :, :], cell_mask)


def sound_patches(frames: Sequence[np.ndarray], device: torch.device | str = "cpu") -> Patches:
    """Sounds float32 (T,) at 16 kHz -> patches (B, N, 256) of one segment each.

    The scale of a log-mel is fixed (spec c3): of two sounds the louder one is louder to the model
    too. What follows the end is masked.
    """
    # One by one, so that no sound's rounding depends on its neighbours.
    heard = [padded_log_mel(torch.from_numpy(frame).to(device)) for frame in frames]
    values, mask = (torch.stack([getattr(h, part) for h in heard]) for part in ("values", "mask"))
    return patchify_sound(values, mask)


def _cut(images: Tensor, mask: Tensor | None) -> Patches:
    """(…, C, H, W) float → patches; one counts where its cell (8, 8) does."""
    lead, (channels, height, width) = images.shape[:-3], images.shape[-3:]
    rows, cols = height // PATCH, width // PATCH
    blocks = images.reshape(-1, channels, rows, PATCH, cols, PATCH).permute(0, 2, 4, 3, 5, 1)
    pixels = blocks.reshape(*lead, rows * cols, PATCH * PATCH * channels)
    if mask is None:
        valid = torch.ones(*lead, rows * cols, dtype=torch.bool, device=images.device)
    else:
        if tuple(mask.shape) != (*lead, height, width):
            raise BadShape("mask", tuple(mask.shape), str((*lead, height, width)))
        valid = mask[..., PATCH // 2 :: PATCH, PATCH // 2 :: PATCH].flatten(-2).bool()
    pos_ids = torch.arange(rows * cols, device=images.device).expand(*lead, -1)
    return Patches(pixels, valid, pos_ids, (rows, cols))


class TextInput(nn.Module):
    """Token embeddings from the shared table."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.modality = nn.Parameter(torch.zeros(cfg.width))

    def forward(self, tokens: Tensor, table: nn.Embedding) -> Tokens:
        """tokens (B, L) → L tokens a row."""
        if tokens.dim() != 2 or tokens.dtype != torch.int64:
            got = f"{tuple(tokens.shape)} of {tokens.dtype}"
            raise BadShape("text", got, "(B, L) of torch.int64")
        if tokens.shape[1] > self.cfg.max_text:
            raise BadShape("text", tuple(tokens.shape), f"at most {self.cfg.max_text} tokens a row")
        rope = line_table(self.cfg.max_text, self.cfg.head_dim, tokens.device)[: tokens.shape[1]]
        x = table(tokens) + self.modality
        return Tokens(x, tokens != 0, rope.expand(tokens.shape[0], -1, -1))


class SignalInput(nn.Module):
    """A picture or a sound: last and second feature of every patch, projected."""

    def __init__(self, cfg: ModelConfig, name: str) -> None:
        super().__init__()
        self.cfg, self.name, self.signal = cfg, name, cfg.signal(name)
        self.projection = Linear(2 * self.signal.vit.width, cfg.width, bias=False)
        self.modality = nn.Parameter(torch.zeros(cfg.width))

    def forward(self, patches: Patches, vit: ViT) -> Tokens:
        """patches (B, N, …) → N tokens a row."""
        check_patches(self.name, patches, lead=1, width=self.signal.vit.patch_width)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.cfg.freeze_vit):
            features = torch.cat(vit(*_fields(patches)), dim=-1)  # (B, N, 2 W), last first
        x = self.projection(features.to(self.modality.dtype)) + self.modality
        table = grid_table(*patches.grid, self.cfg.head_dim, x.device, scale=self.signal.rope_scale)
        return Tokens(x, patches.mask.bool(), table[patches.pos_ids])


class HistoryInput(nn.Module):
    """Each frame squeezed into n latents; a frame seen before comes as its latents."""

    def __init__(self, cfg: ModelConfig, name: str) -> None:
        super().__init__()
        self.cfg, self.name, self.signal = cfg, name, cfg.signal(name)
        vit, resampler = self.signal.vit, self.signal.history
        self.pre_projection = Linear(vit.width, resampler.width, bias=False)
        self.resampler = Resampler(resampler)
        self.post_projection = Linear(resampler.width, cfg.width, bias=False)
        self.modality = nn.Parameter(torch.zeros(cfg.width))

    def encode_frames(self, patches: Patches, vit: nn.Module) -> Tensor:
        """patches (F, N, …) → latents (F, n, D), ready to be put in any slot.

        `vit` is a `ViT` or something called as one.
        """
        check_patches(self.name, patches, lead=1, width=self.signal.vit.patch_width)
        # History never trains the ViT, whatever `freeze_vit` says (spec c2).
        with torch.no_grad():
            features, _ = vit(*_fields(patches))
        features = features.to(self.modality.dtype)
        latents = self.resampler(self.pre_projection(features), patches.mask)
        return self.post_projection(latents) + self.modality

    def forward(self, frames: Patches | FrameLatents, vit: ViT) -> Tokens:
        """frames (B, T, …) → T·n tokens a row; empty frames give masked tokens."""
        if isinstance(frames, Patches):
            frames = self._read(frames, vit)
        latents, valid = frames.latents, frames.mask.bool()
        width, count = self.cfg.width, self.signal.history.latents
        if latents.dim() != 4 or latents.shape[2:] != (count, width):
            raise BadShape("latents", tuple(latents.shape), f"(B, T, {count}, {width})")
        if valid.shape != latents.shape[:2]:
            raise BadShape("mask", tuple(valid.shape), f"{tuple(latents.shape[:2])} as the latents")
        rows, slots = valid.shape
        if slots > self.cfg.history_slots:
            raise BadShape(self.name, f"{slots} frames", f"at most {self.cfg.history_slots}")
        table = grid_table(self.cfg.history_slots, count, self.cfg.head_dim, latents.device)
        rope = table[: slots * count].expand(rows, -1, -1)
        return Tokens(latents.flatten(1, 2), valid.repeat_interleave(count, dim=1), rope)

    def _read(self, patches: Patches, vit: ViT) -> FrameLatents:
        check_patches(self.name, patches, lead=2, width=self.signal.vit.patch_width)
        valid = patches.mask.bool().any(dim=-1)  # (B, T)
        # Only frames that exist go through the ViT; the others stay zero.
        chosen = Patches(
            patches.pixels[valid], patches.mask[valid], patches.pos_ids[valid], patches.grid
        )
        seen = self.encode_frames(chosen, vit)  # (F, n, D)
        latents = seen.new_zeros(*valid.shape, *seen.shape[1:])
        latents[valid] = seen
        return FrameLatents(latents, valid)


def check_patches(name: str, patches: Patches, lead: int, width: int) -> None:
    """Raise `BadShape` where the three tensors disagree or miss the `lead` batch axes."""
    shape = tuple(patches.pixels.shape)
    if len(shape) != lead + 2 or shape[-1] != width:
        letters = ("B, N" if lead == 1 else "B, T, N") + f", {width}"
        raise BadShape(f"{name}.pixels", shape, f"({letters})")
    for part in ("mask", "pos_ids"):
        if tuple(getattr(patches, part).shape) != shape[:-1]:
            got = tuple(getattr(patches, part).shape)
            raise BadShape(f"{name}.{part}", got, f"{shape[:-1]} as the pixels")


def _fields(patches: Patches) -> tuple[Tensor, Tensor, Tensor, tuple[int, int]]:
    return patches.pixels, patches.mask, patches.pos_ids, patches.grid


def moved(holder: Any, device: torch.device | str) -> Any:
    """The same dataclass with all it holds on `device`."""
    parts = {f.name: getattr(holder, f.name) for f in fields(holder)}
    return replace(holder, **{k: v.to(device) for k, v in parts.items() if hasattr(v, "to")})
