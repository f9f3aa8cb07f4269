"""A frozen ViT that looks at a picture only once: pictures of prompts come again and again."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from uio2_agent.model.vit import ViT


class RememberedViT(nn.Module):
    """Called as the ViT it wraps, for pictures of all patches in row-major order; gives the last feature only.

    Args:
        vit: Frozen; what it says of a picture must never change.
        capacity: Pictures kept; about 50 KB each at width 192.
    """

    def __init__(self, vit: ViT, capacity: int = 4000) -> None:
        super().__init__()
        self.vit, self.capacity = vit, capacity
        self._seen: OrderedDict[int, Tensor] = OrderedDict()

    @torch.no_grad()
    def forward(
        self, pixels: Tensor, mask: Tensor, pos_ids: Tensor, grid: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """(F, N, P) -> the last feature (F, N, W) twice; the history does not read the second one."""
        keys = [hash(picture.numpy().tobytes()) for picture in pixels]
        new = list({k: i for i, k in enumerate(keys) if k not in self._seen}.values())
        if new:
            last, _ = self.vit(pixels[new], mask[new], pos_ids[new], grid)
            for i, feature in zip(new, last.bfloat16(), strict=True):
                self._seen[keys[i]] = feature.clone()
        features = torch.stack([self._seen[k] for k in keys]).to(pixels.dtype)
        for k in keys:
            self._seen.move_to_end(k)
        while len(self._seen) > self.capacity:
            self._seen.popitem(last=False)
        return features, features
