"""One vision transformer for pictures and spectrograms (spec c1, c3).

Shapes: F pictures, N patches, P numbers in a patch, W width, S special tokens.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadShape
from uio2_agent.model.config import Activation, ViTConfig
from uio2_agent.model.layers import MLP, Attention, attention_bias

# Products of 577 rows, a class token and 24 x 24 patches, take a third longer than of 584 on a
# processor (AMD EPYC, 2 cores); tokens nobody reads make up the difference.
_ROWS = 8


class ViTBlock(nn.Module):
    """Pre-norm block; norms and MLP have biases, attention as `attention_bias` says."""

    def __init__(
        self,
        width: int,
        heads: int,
        head_dim: int,
        mlp_width: int,
        *,
        activation: Activation,
        eps: float,
        attention_bias: bool = True,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=eps)
        self.attention = Attention(width, heads, head_dim, kind="plain", bias=attention_bias)
        self.norm2 = nn.LayerNorm(width, eps=eps)
        self.mlp = MLP(width, mlp_width, activation, bias=True)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """x (F, N, W), bias broadcastable to (F, heads, N, N) → (F, N, W)."""
        x = x + self.attention(self.norm1(x), bias=bias)
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """Patches in any order and number to two features each.

    A row-major positional table serves a grid of any size; a column-major one only its own.
    """

    def __init__(self, cfg: ViTConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.patch = nn.Linear(cfg.patch_width, cfg.width, bias=cfg.patch_bias)
        self.special = nn.Parameter(torch.zeros(cfg.special_tokens, cfg.width))
        self.position = nn.Parameter(
            torch.zeros(cfg.special_tokens + cfg.stored_positions, cfg.width)
        )
        self.pre_norm = nn.LayerNorm(cfg.width, eps=cfg.eps) if cfg.pre_norm else nn.Identity()
        self.blocks = nn.ModuleList(
            ViTBlock(
                cfg.width,
                cfg.heads,
                cfg.head_dim,
                cfg.mlp_width,
                activation=cfg.activation,
                eps=cfg.eps,
            )
            for _ in range(cfg.layers)
        )
        self._tables: dict[tuple[object, ...], Tensor] = {}

    def positions(self, grid: tuple[int, int]) -> Tensor:
        """The positional rows of a grid (rows·cols, W), resampled where the stored one differs.

        Bicubic with antialias, whose cubic coefficient is -0.5 as the reference's is.

        Raises:
            BadShape: When a column-major table is asked for another grid than its own.
        """
        if self.cfg.column_major:
            if grid != self.cfg.grid:
                raise BadShape("grid", grid, f"{self.cfg.grid}, the only one of this ViT")
            by_column = self._stored().unflatten(0, (grid[1], grid[0]))  # (cols, rows, W)
            return by_column.transpose(0, 1).flatten(0, 1)
        if grid == self.cfg.grid:
            return self._stored()
        if torch.is_grad_enabled() or self.position.is_inference():
            return self._resample(grid)
        stored = self.position
        # The version changes with every in-place update, the pointer when a tensor is swapped in.
        key = (grid, stored._version, stored.data_ptr(), stored.device, stored.dtype)
        if key not in self._tables:
            if len(self._tables) >= 8:
                self._tables.clear()
            with torch.inference_mode(False), torch.no_grad():
                self._tables[key] = self._resample(grid)
        return self._tables[key]

    def _stored(self) -> Tensor:
        """The rows of the table that belong to its own grid (rows·cols, W), as they are stored."""
        rows, cols = self.cfg.grid
        return self.position[self.cfg.special_tokens :][: rows * cols]

    def _resample(self, grid: tuple[int, int]) -> Tensor:
        stored = self._stored()
        image = stored.T.reshape(1, -1, *self.cfg.grid).float()  # (1, W, rows, cols)
        image = F.interpolate(image, size=grid, mode="bicubic", antialias=True)
        return image.flatten(2)[0].T.to(stored.dtype)

    def forward(
        self, pixels: Tensor, mask: Tensor, pos_ids: Tensor, grid: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """pixels (F, N, P), mask (F, N), pos_ids (F, N) → last and second feature (F, N, W).

        Raises:
            BadShape: When patches are not P numbers wide.
        """
        special, patches = self.cfg.special_tokens, pixels.shape[-2]
        if pixels.dim() != 3 or pixels.shape[-1] != self.cfg.patch_width:
            raise BadShape("patches", tuple(pixels.shape), f"(F, N, {self.cfg.patch_width})")
        x = self.patch(pixels.to(self.position.dtype)) + self.positions(grid)[pos_ids]
        front = (self.special + self.position[:special]).expand(x.shape[0], -1, -1)
        x = self.pre_norm(torch.cat([front, x], dim=1))  # (F, S + N, W)
        mask = F.pad(mask.bool(), (special, 0), value=True)
        spare = -x.shape[1] % _ROWS
        if spare <= x.shape[1] // 64:
            x, mask = F.pad(x, (0, 0, 0, spare)), F.pad(mask, (0, spare))
        bias = attention_bias(mask, x.dtype)
        second = x
        for index, block in enumerate(self.blocks):
            x = block(x, bias)
            if index == self.cfg.second_feature:
                second = x
        kept = slice(special, special + patches)
        return x[:, kept], second[:, kept]
