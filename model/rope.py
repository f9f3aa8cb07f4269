"""Rotary positions: one complex number of unit length per token and channel pair (spec c5).

Shapes: N tokens, d head width, B rows, H heads. A *rope row* is complex64 (d/2): cos + i sin.
Tables are made once per (size, device) and shared by every layer and model.
"""

from functools import lru_cache

import torch
from torch import Tensor

BASE = 10000.0


@lru_cache(maxsize=64)
def line_table(length: int, head_dim: int, device: torch.device) -> Tensor:
    """1-D positions 0 … length-1 → (length, d/2) complex64."""
    # A tensor born in inference mode could never be used in training later.
    with torch.inference_mode(False):
        inverse = 1.0 / BASE ** (torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
        angles = torch.arange(length, dtype=torch.float32)[:, None] * inverse
        return torch.polar(torch.ones_like(angles), angles).to(device)


@lru_cache(maxsize=64)
def grid_table(
    rows: int, cols: int, head_dim: int, device: torch.device, scale: float = 1.0
) -> Tensor:
    """Row-major grid positions → (rows·cols, d/2) complex64.

    The first half of the pairs turns with the row, the second with the column; coordinates
    start at 0 and are multiplied by `scale`.
    """
    with torch.inference_mode(False):
        half = head_dim // 2
        inverse = 1.0 / BASE ** (torch.arange(0, half, 2, dtype=torch.float32) / half)
        row = torch.arange(rows, dtype=torch.float32).repeat_interleave(cols) * scale
        col = torch.arange(cols, dtype=torch.float32).repeat(rows) * scale
        angles = torch.cat([row[:, None] * inverse, col[:, None] * inverse], dim=1)
        return torch.polar(torch.ones_like(angles), angles).to(device)


def rotate(x: Tensor, rope: Tensor) -> Tensor:
    """Turn interleaved channel pairs of x (B, H, N, d) by rope (B or 1, 1, N, d/2), in float32.

    Rope may be given as real numbers (B or 1, 1, N, d/2, 2) too: compilers do not fuse complex
    ones, while the processor is fastest with them.
    """
    pairs = x.float().unflatten(-1, (-1, 2))
    if rope.is_complex():
        turned = torch.view_as_real(torch.view_as_complex(pairs) * rope)
    else:
        (real, imaginary), (cos, sin) = pairs.unbind(-1), rope.unbind(-1)
        parts = (real * cos - imaginary * sin, imaginary * cos + real * sin)
        turned = torch.stack(parts, dim=-1)
    return turned.flatten(-2).to(x.dtype)
