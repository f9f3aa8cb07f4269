"""The transformer quantiser of log-mel spectrograms (spec g).

Shapes: B sounds, T frames (time), M mels, p side of a patch, R = M/p and C = T/p rows and columns
of patches, W width, E numbers in a code.

Inside, a spectrogram lies on its side, mel by time, and its patches run along time first; the
model reads codes time by time, low to high mel. Both turns happen here.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadShape
from uio2_agent.model.codebook import Codebook
from uio2_agent.model.config import ViTVQGANConfig
from uio2_agent.model.vit import ViTBlock

EPS = 1e-6
# Natural log-mel to the quantiser's units: (x - MEAN) / DEVIATION.
MEAN, DEVIATION = -5.0945, 3.8312
# Sounds computed at once; the full size needs about 0.01 GB for each.
_CHUNK = 32


@lru_cache(maxsize=16)
def sincos_table(rows: int, cols: int, width: int, device: torch.device) -> Tensor:
    """Fixed positions of a row-major grid → (rows·cols, W) float32.

    The first half of a row turns with the column, the second with the row; each is W/4 sines,
    then W/4 cosines, of falling frequency.
    """
    with torch.inference_mode(False):
        quarter = width // 4
        frequency = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
        row = torch.arange(rows, dtype=torch.float64).repeat_interleave(cols)[:, None] * frequency
        col = torch.arange(cols, dtype=torch.float64).repeat(rows)[:, None] * frequency
        table = torch.cat([col.sin(), col.cos(), row.sin(), row.cos()], dim=1)
        return table.float().to(device)


class _Blocks(nn.Module):
    """Positions, blocks and a last norm; encoder and decoder put their ends to it."""

    def __init__(self, cfg: ViTVQGANConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.blocks = nn.ModuleList(
            ViTBlock(
                cfg.width,
                cfg.heads,
                cfg.head_dim,
                cfg.mlp_width,
                activation="relu",
                eps=EPS,
                attention_bias=False,
            )
            for _ in range(cfg.layers)
        )
        self.norm = nn.LayerNorm(cfg.width, eps=EPS)

    def transform(self, x: Tensor) -> Tensor:
        """x (B, R·C, W) → the same."""
        cols, rows = self.cfg.grid
        x = x + sincos_table(rows, cols, self.cfg.width, x.device).to(x.dtype)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class SpectrogramEncoder(_Blocks):
    """Patches to what is quantised."""

    def __init__(self, cfg: ViTVQGANConfig) -> None:
        super().__init__(cfg)
        self.patch = nn.Linear(cfg.patch**2, cfg.width)
        self.project = nn.Linear(cfg.width, cfg.code_width, bias=False)
        self.shift = nn.Parameter(torch.zeros(cfg.code_width))  # a LayerNorm's bias, without scale

    def forward(self, x: Tensor) -> Tensor:
        """x (B, M, T) normalised → (B, R·C, E)."""
        side = self.cfg.patch
        patches = x.unflatten(2, (-1, side)).unflatten(1, (-1, side))  # (B, R, p, C, p)
        x = self.patch(patches.transpose(2, 3).flatten(3).flatten(1, 2))  # (B, R·C, W)
        x = self.project(F.relu(self.transform(x)))
        return F.layer_norm(x, self.shift.shape, bias=self.shift, eps=EPS)


class SpectrogramDecoder(_Blocks):
    """Vectors of codes to a spectrogram."""

    def __init__(self, cfg: ViTVQGANConfig) -> None:
        super().__init__(cfg)
        self.project = nn.Linear(cfg.code_width, cfg.width, bias=False)
        self.unpatch = nn.ConvTranspose2d(cfg.width, 1, cfg.patch, stride=cfg.patch, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, R·C, E) → (B, M, T) normalised."""
        cols, rows = self.cfg.grid
        x = self.transform(self.project(x)).transpose(1, 2)  # (B, W, R·C)
        return self.unpatch(x.unflatten(2, (rows, cols)))[:, 0]


class ViTVQGAN(nn.Module):
    """Sounds to codes and back. Frozen: its tensors ask for no gradient, its methods make none.

    `encode` and `decode` work in the dtype of the weights, also under autocast.
    """

    def __init__(self, cfg: ViTVQGANConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.encoder = SpectrogramEncoder(cfg)
        self.codebook = Codebook(cfg.codes, cfg.code_width, unit=True)
        self.decoder = SpectrogramDecoder(cfg)
        self.requires_grad_(False)

    @torch.no_grad()
    def encode(self, log_mel: Tensor) -> Tensor:
        """log_mel (B, T, M), natural log of power → codes (B, C·R) int64, time by time.

        Raises:
            BadShape: When log_mel is not floating-point spectrograms of this size.
        """
        if log_mel.shape[1:] != self.cfg.size or not log_mel.is_floating_point():
            got = f"{log_mel.dtype} {tuple(log_mel.shape)}"
            raise BadShape(
                "log_mel", got, f"floating-point (B, {self.cfg.size[0]}, {self.cfg.size[1]})"
            )
        codes = [
            self.codebook.nearest(self.features((part - MEAN) / DEVIATION))
            for part in log_mel.split(_CHUNK)
        ]
        return _turned(torch.cat(codes), *reversed(self.cfg.grid))

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """codes (B, C·R), time by time → log-mel (B, T, M), natural log of power.

        Raises:
            BadShape: When codes are not whole numbers of shape (B, C·R).
            BadInput: When a code is not in the codebook.
        """
        cols, rows = self.cfg.grid
        vectors = _turned(self.codebook(codes, rows * cols), cols, rows)
        sounds = [self.reconstruct(part) * DEVIATION + MEAN for part in vectors.split(_CHUNK)]
        return torch.cat(sounds)

    @torch.no_grad()
    def features(self, spectrograms: Tensor) -> Tensor:
        """spectrograms (B, T, M) normalised → what is quantised (B, R·C, E), mel by mel."""
        with torch.autocast(spectrograms.device.type, enabled=False):
            spectrograms = spectrograms.to(self.encoder.shift.dtype)
            return self.encoder(spectrograms.transpose(1, 2))

    @torch.no_grad()
    def reconstruct(self, vectors: Tensor) -> Tensor:
        """vectors of codes (B, R·C, E), mel by mel → spectrograms (B, T, M), normalised."""
        with torch.autocast(vectors.device.type, enabled=False):
            return self.decoder(vectors).transpose(1, 2)


def _turned(x: Tensor, rows: int, cols: int) -> Tensor:
    """A row-major grid x (B, rows·cols, …) read column by column."""
    return x.unflatten(1, (rows, cols)).transpose(1, 2).flatten(1, 2)
