"""Pre-training the image ViT on labels that a simulator gives for free, patch by patch.

Unified-IO 2's ViTs come pre-trained too (spec a); ours learns, for every patch that shows an
object, which shape and texture it is and where the object's centre lies.
Legend: B pictures, N patches, C classes, D ViT width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BACKGROUND = -1


@dataclass(frozen=True, kw_only=True)
class DenseLabels:
    """Labels of patches; shape and texture are BACKGROUND where no object shows.

    Attributes:
        shape: int64 (B, N).
        texture: int64 (B, N).
        centre: float32 (B, N, 2), the object's centre minus the patch's, in patches (row, column).
        place: float32 (B, N, 2), the object's centre in the picture as fractions (row, column).
    """

    shape: Tensor
    texture: Tensor
    centre: Tensor
    place: Tensor


class DenseHead(nn.Module):
    """Linear read-outs of the last block; thrown away after pre-training.

    `place` is read as a distribution over bins of the picture's rows and columns: that puts an
    object's position into its patches' features linearly, where the decoder can copy it from.
    """

    def __init__(self, width: int, n_shapes: int, n_textures: int, place_bins: int = 48) -> None:
        super().__init__()
        self.sizes = (1 + n_shapes, n_textures, 2, 2 * place_bins)
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, sum(self.sizes))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, N, D) -> logits of shape (B, N, 1 + C), texture (B, N, C), centre and place.

        Class 0 of the shapes is background.
        """
        shape, texture, centre, place = self.read(self.norm(features)).split(self.sizes, -1)
        return shape, texture, centre, place.unflatten(-1, (2, -1))

    def losses(self, features: Tensor, labels: DenseLabels) -> dict[str, Tensor]:
        """Losses that are minimised, and `*_right` fractions that are only reported."""
        shape, texture, centre, place = self(features)
        seen = labels.shape != BACKGROUND  # (B, N)
        n_bins = place.shape[-1]
        ids = torch.arange(n_bins, device=place.device)
        where = labels.place[seen][..., None] * (n_bins - 1)  # (M, 2, 1)
        soft = torch.softmax(-0.5 * (ids - where).square(), -1)  # (M, 2, bins)
        objects = shape[seen][:, 1:].argmax(-1) == labels.shape[seen]
        textures = texture[seen].argmax(-1) == labels.texture[seen]
        off = (centre[seen] - labels.centre[seen]).norm(dim=-1)
        return {
            "shape": F.cross_entropy(shape.flatten(0, 1), labels.shape.flatten() + 1),
            "shape_of_objects": 0.5 * F.cross_entropy(shape[seen], labels.shape[seen] + 1),
            "texture": F.cross_entropy(texture[seen], labels.texture[seen]),
            "centre": F.smooth_l1_loss(centre[seen], labels.centre[seen], beta=0.25),
            "place": 0.5 * F.cross_entropy(place[seen].flatten(0, 1), soft.flatten(0, 1)),
            "shape_right": objects.float().mean().detach(),
            "texture_right": textures.float().mean().detach(),
            "centre_off_patches": off.mean().detach(),
        }
