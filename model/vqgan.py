"""The convolutional quantiser of pictures (spec g).

Shapes: B pictures, C channels, S side of the picture, g side of the grid of codes, E numbers in
a code. Parts are named and chained as in the official checkpoints: `encoder` and `decoder` are
plain sequences.

    picture (3, S, S) ─ encoder ─ quant_conv ─▶ (E, g, g) ─ nearest code ─▶ codes (g·g)
    codes ─ codebook ─ post_quant_conv ─ decoder ─▶ picture
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadShape
from uio2_agent.model.codebook import Codebook
from uio2_agent.model.config import VQGANConfig

# Pictures computed at once; the full-size decoder needs about 0.2 GB for each.
_CHUNK = 4


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(32, channels, eps=1e-6)


class ResidualBlock(nn.Module):
    """x + two rounds of norm, SiLU, 3×3 convolution."""

    def __init__(self, wide: int, out: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = _norm(wide), nn.Conv2d(wide, out, 3, padding=1)
        self.norm2, self.conv2 = _norm(out), nn.Conv2d(out, out, 3, padding=1)
        if wide != out:
            self.nin_shortcut = nn.Conv2d(wide, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.silu(self.norm1(x), inplace=True))
        y = self.conv2(F.silu(self.norm2(y), inplace=True))
        return y.add_(self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)


class AttentionBlock(nn.Module):
    """x + single-head attention of every place to every place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = _norm(channels)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        q, k, v = (part(y).flatten(2).transpose(1, 2)[:, None] for part in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v)[:, 0]  # (B, g·g, C)
        return x + self.proj_out(y.transpose(1, 2).unflatten(2, x.shape[2:]))


class Downsample(nn.Module):
    """Half the side; the missing row and column are added right and below."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Twice the side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class VQGAN(nn.Module):
    """Pictures to codes and back. Frozen: its tensors ask for no gradient, its methods make none.

    `encode` and `decode` work in the dtype of the weights, also under autocast, and a few
    pictures at a time, so that memory does not grow with the batch.
    """

    def __init__(self, cfg: VQGANConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.encoder = _encoder(cfg)
        self.quant_conv = nn.Conv2d(cfg.code_width, cfg.code_width, 1)
        self.codebook = Codebook(cfg.codes, cfg.code_width)
        self.post_quant_conv = nn.Conv2d(cfg.code_width, cfg.code_width, 1)
        self.decoder = _decoder(cfg)
        self.requires_grad_(False)

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """images (B, 3, S, S) in [0, 1] → codes (B, g·g) int64, row by row.

        Raises:
            BadShape: When images are not floating-point pictures of this size.
        """
        want = (3, self.cfg.size, self.cfg.size)
        if images.dim() != 4 or images.shape[1:] != want or not images.is_floating_point():
            got = f"{images.dtype} {tuple(images.shape)}"
            raise BadShape("images", got, f"floating-point (B, {', '.join(map(str, want))})")
        codes = [
            self.codebook.nearest(self.features(part * 2 - 1).flatten(2).transpose(1, 2))
            for part in images.split(_CHUNK)
        ]
        return torch.cat(codes)

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """codes (B, g·g) in row order → images (B, 3, S, S) in [0, 1].

        Raises:
            BadShape: When codes are not whole numbers of shape (B, g·g).
            BadInput: When a code is not in the codebook.
        """
        rows, cols = self.cfg.grid
        vectors = self.codebook(codes, rows * cols).transpose(1, 2).unflatten(2, (rows, cols))
        images = [
            self.reconstruct(part).add_(1).div_(2).clamp_(0, 1) for part in vectors.split(_CHUNK)
        ]
        return torch.cat(images)

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """images (B, 3, S, S) in [-1, 1] → what is quantised (B, E, g, g)."""
        with torch.autocast(images.device.type, enabled=False):
            images = images.to(self.quant_conv.weight.dtype)
            return self.quant_conv(self.encoder(images))

    @torch.no_grad()
    def reconstruct(self, vectors: Tensor) -> Tensor:
        """vectors of codes (B, E, g, g) → images (B, 3, S, S), about [-1, 1] but not clipped."""
        with torch.autocast(vectors.device.type, enabled=False):
            return self.decoder(self.post_quant_conv(vectors))


def _encoder(cfg: VQGANConfig) -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    parts["conv_in"] = nn.Conv2d(3, cfg.channels, 3, padding=1)
    wide, side = cfg.channels, cfg.size
    for level, multiplier in enumerate(cfg.multipliers):
        for index in range(cfg.blocks):
            out = cfg.channels * multiplier
            parts[f"down_{level}_block_{index}"] = ResidualBlock(wide, out)
            wide = out
            if side in cfg.attention_sides:
                parts[f"down_{level}_attn_{index}"] = AttentionBlock(wide)
        if level < len(cfg.multipliers) - 1:
            parts[f"down_{level}_downsample"] = Downsample(wide)
            side //= 2
    _middle(parts, wide)
    return _finished(parts, wide, cfg.code_width)


def _decoder(cfg: VQGANConfig) -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    wide, side = cfg.channels * cfg.multipliers[-1], cfg.grid[0]
    parts["conv_in"] = nn.Conv2d(cfg.code_width, wide, 3, padding=1)
    _middle(parts, wide)
    for level, multiplier in enumerate(reversed(cfg.multipliers)):
        for index in range(cfg.blocks + 1):
            out = cfg.channels * multiplier
            parts[f"up_{level}_block_{index}"] = ResidualBlock(wide, out)
            wide = out
            if side in cfg.attention_sides:
                parts[f"up_{level}_attn_{index}"] = AttentionBlock(wide)
        if level < len(cfg.multipliers) - 1:
            parts[f"up_{level}_upsample"] = Upsample(wide)
            side *= 2
    return _finished(parts, wide, 3)


def _middle(parts: OrderedDict[str, nn.Module], channels: int) -> None:
    parts["mid_block_1"] = ResidualBlock(channels, channels)
    parts["mid_attn_1"] = AttentionBlock(channels)
    parts["mid_block_2"] = ResidualBlock(channels, channels)


def _finished(parts: OrderedDict[str, nn.Module], channels: int, out: int) -> nn.Sequential:
    parts["norm_out"] = _norm(channels)
    parts["activation"] = nn.SiLU(inplace=True)
    parts["conv_out"] = nn.Conv2d(channels, out, 3, padding=1)
    return nn.Sequential(parts)
