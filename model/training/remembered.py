"""A frozen ViT that looks at a picture only once: pictures of prompts come again and again."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from uio2_agent.model.vit import ViT


class RememberedViT(nn.Module):
    """Called as the ViT it wraps, with pictures of all patches in row-major order.

    It gives the last feature only.

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
        """(F, N, P) -> the last feature (F, N, W), twice: the history does not read the second."""
        keys = [hash(picture.numpy().tobytes()) for picture in pixels]
        for i, key in enumerate(keys):
            if key not in self._seen:
                # One by one: in company its bits would depend on who was new beside it, and a
                # resumed run would differ from an uninterrupted one.
                one = slice(i, i + 1)
                last, _ = self.vit(pixels[one], mask[one], pos_ids[one], grid)
                self._seen[key] = last[0].bfloat16()
        features = torch.stack([self._seen[k] for k in keys]).to(pixels.dtype)
        for k in keys:
            self._seen.move_to_end(k)
        while len(self._seen) > self.capacity:
            self._seen.popitem(last=False)
        return features, features
