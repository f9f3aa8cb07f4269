"""One perceiver resampler for every history (spec e).

Shapes: F frames, N tokens in, n latents out, R width.
"""

import torch
from torch import Tensor, nn

from uio2_agent.model.config import ResamplerConfig
from uio2_agent.model.layers import MLP, Attention, RMSNorm, attention_bias


class ResamplerLayer(nn.Module):
    """Latents read the context, then an MLP; both pre-norm residual."""

    def __init__(self, cfg: ResamplerConfig) -> None:
        super().__init__()
        self.norm1 = RMSNorm(cfg.width)
        self.attention = Attention(cfg.width, cfg.heads, cfg.head_dim, kind=cfg.attention)
        self.norm2 = RMSNorm(cfg.width)
        self.mlp = MLP(cfg.width, cfg.mlp_width, cfg.activation, bias=False)

    def forward(self, latents: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        latents = latents + self.attention(self.norm1(latents), context, bias=bias)
        return latents + self.mlp(self.norm2(latents))


class Resampler(nn.Module):
    """Squeeze any number of tokens into n latents by cross-attention."""

    def __init__(self, cfg: ResamplerConfig) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(cfg.latents, cfg.width))
        self.context_norm = RMSNorm(cfg.width)
        self.layers = nn.ModuleList(ResamplerLayer(cfg) for _ in range(cfg.layers))
        self.norm = RMSNorm(cfg.width)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """tokens (F, N, R), mask (F, N) → (F, n, R)."""
        context = self.context_norm(tokens)
        bias = attention_bias(mask, tokens.dtype)
        latents = self.latents.expand(tokens.shape[0], -1, -1)
        for layer in self.layers:
            latents = layer(latents, context, bias)
        return self.norm(latents)
