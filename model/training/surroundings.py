"""Pre-training the image ViT on how far things are, patch by patch.

A simulator gives depth for free. The same labels go with a colour picture, where distance must be
inferred, and with a depth picture, where it is what one sees.
Legend: B pictures, N patches, D ViT width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class RangeLabels:
    """Labels of patches, all in [0, 1].

    Attributes:
        depth: float32 (B, N), square root of the mean depth as a fraction of the farthest.
        obstacle: float32 (B, N), the same of the nearest thing that stands in a body's way; 1 where
            nothing does.
        floor: float32 (B, N), share of the pixels that show the floor.
    """

    depth: Tensor
    obstacle: Tensor
    floor: Tensor


class RangeHead(nn.Module):
    """Linear read-outs of the last block; thrown away after pre-training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, 3)

    def losses(self, features: Tensor, labels: RangeLabels) -> dict[str, Tensor]:
        """(B, N, D) -> losses that are minimised, and `*_off` errors that are only reported."""
        depth, obstacle, floor = self.read(self.norm(features)).unbind(-1)
        off = (depth.clamp(0, 1).square() - labels.depth.square()).abs().mean()
        return {
            "depth": 4 * F.smooth_l1_loss(depth, labels.depth, beta=0.05),
            "obstacle": 4 * F.smooth_l1_loss(obstacle, labels.obstacle, beta=0.05),
            "floor": 0.5 * F.binary_cross_entropy_with_logits(floor, labels.floor),
            "depth_off": off.detach(),
            "obstacle_off": (obstacle - labels.obstacle).abs().mean().detach(),
            "floor_off": (torch.sigmoid(floor) - labels.floor).abs().mean().detach(),
        }
