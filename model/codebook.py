"""What a quantiser's codes stand for, and which code is nearest (spec g).

Shapes: K codes, E numbers in a code, n codes of one signal, B rows.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadInput, BadShape

# Distances held at once, in numbers: 128 MB; eight full-size pictures have 0.5 GB.
_BLOCK = 1 << 25


class Codebook(nn.Module):
    """K vectors; `unit` reads them, and what is compared with them, at unit length."""

    def __init__(self, codes: int, width: int, *, unit: bool = False) -> None:
        super().__init__()
        self.unit = unit
        self.weight = nn.Parameter(torch.zeros(codes, width))

    def vectors(self) -> Tensor:
        """All of them (K, E)."""
        return F.normalize(self.weight, dim=-1, eps=1e-12) if self.unit else self.weight

    def nearest(self, x: Tensor) -> Tensor:
        """x (…, E) → index (…) int64 of the vector at the least Euclidean distance.

        The lowest index wins a tie. Always in float32, also under autocast: the two best may be
        1e-5 apart.
        """
        table = self.vectors().float()
        x = (F.normalize(x, dim=-1, eps=1e-12) if self.unit else x).float()
        rows, step = x.reshape(-1, x.shape[-1]), max(1, _BLOCK // len(table))
        # ‖e‖² / 2 - x·e orders the codes as the distance does.
        half = table.square().sum(-1) / 2
        with torch.autocast(x.device.type, enabled=False):
            found = [
                torch.addmm(half, part, table.T, alpha=-1).argmin(-1) for part in rows.split(step)
            ]
        return torch.cat(found).view(x.shape[:-1])

    def forward(self, codes: Tensor, count: int) -> Tensor:
        """codes (B, n) → vectors (B, n, E).

        Raises:
            BadShape: When codes are not whole numbers of shape (B, count).
            BadInput: When one is not in 0 … K-1.
        """
        whole = not (codes.is_floating_point() or codes.dtype == torch.bool)
        if codes.dim() != 2 or codes.shape[1] != count or not whole:
            got = f"{codes.dtype} {tuple(codes.shape)}"
            raise BadShape("codes", got, f"whole numbers of shape (B, {count})")
        last = len(self.weight) - 1
        if codes.numel() and (codes.min() < 0 or codes.max() > last):
            got = f"from {int(codes.min())} to {int(codes.max())}"
            raise BadInput("codes", got, f"from 0 to {last}, without the 2 of target tokens")
        return F.embedding(codes.long(), self.vectors())
