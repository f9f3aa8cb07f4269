"""The encoder and the decoder (spec d).

Shapes: B rows, N input tokens, L target tokens, T cache length, D width, H heads, d head width.
Rope rows of a sequence: complex64 (B or 1, length, d/2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from uio2_agent.model.config import ModelConfig
from uio2_agent.model.layers import Attention, GatedMLP, RMSNorm, attention_bias, masked_logit
from uio2_agent.model.rope import line_table


@dataclass(frozen=True)
class Encoded:
    """What the decoder reads: states (B, N, D), mask (B, N) bool, rope (B, N, d/2)."""

    states: Tensor
    mask: Tensor
    rope: Tensor


@dataclass
class DecoderCache:
    """What one running answer remembers, per decoder layer.

    keys, values: self-attention so far, (B, H, T, d), filled up to `length`.
    cross: keys and values of the whole input, (B, H, N, d), computed once per answer.
    """

    keys: list[Tensor]
    values: list[Tensor]
    cross: list[tuple[Tensor, Tensor]]
    cross_bias: Tensor
    rope: Tensor
    length: int = 0


class EncoderLayer(nn.Module):
    """x += attention(norm1 x); x += mlp(norm2 x)."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.norm1 = RMSNorm(cfg.width)
        self.attention = Attention(cfg.width, cfg.heads, cfg.head_dim, kind="qk_norm")
        self.norm2 = RMSNorm(cfg.width)
        self.mlp = GatedMLP(cfg.width, cfg.mlp_width)

    def forward(self, x: Tensor, bias: Tensor, rope: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x), bias=bias, rope=rope)
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    """Reads one sequence of already embedded tokens of all modalities."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(cfg) for _ in range(cfg.encoder_layers))
        self.norm = RMSNorm(cfg.width)

    def forward(self, embeddings: Tensor, mask: Tensor, rope: Tensor) -> Tensor:
        """embeddings (B, N, D), mask (B, N), rope (B or 1, N, d/2) → states (B, N, D)."""
        bias = attention_bias(mask, embeddings.dtype)
        rope, x = rope[:, None], embeddings
        for layer in self.layers:
            x = layer(x, bias, rope)
        return self.norm(x)


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention, MLP, each pre-norm residual. RoPE in both attentions."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.norm1 = RMSNorm(cfg.width)
        self.attention = Attention(cfg.width, cfg.heads, cfg.head_dim, kind="qk_norm")
        self.norm2 = RMSNorm(cfg.width)
        self.cross_attention = Attention(cfg.width, cfg.heads, cfg.head_dim, kind="qk_norm")
        self.norm3 = RMSNorm(cfg.width)
        self.mlp = GatedMLP(cfg.width, cfg.mlp_width)

    def forward(
        self,
        x: Tensor,
        rope: Tensor,
        self_bias: Tensor | None,
        states: Tensor,
        states_rope: Tensor,
        cross_bias: Tensor,
    ) -> Tensor:
        x = x + self.attention(self.norm1(x), bias=self_bias, causal=self_bias is None, rope=rope)
        x = x + self.cross_attention(
            self.norm2(x), states, bias=cross_bias, rope=rope, context_rope=states_rope
        )
        return x + self.mlp(self.norm3(x))

    def step(
        self, x: Tensor, rope: Tensor, bias: Tensor | None, cache: DecoderCache, index: int
    ) -> Tensor:
        """The next L tokens of every row: x (B, L, D) from position `cache.length` on."""
        here, end = cache.length, cache.length + x.shape[1]
        h = self.norm1(x)
        k, v = self.attention.keys_values(h, rope)
        cache.keys[index][:, :, here:end] = k
        cache.values[index][:, :, here:end] = v
        keys, values = cache.keys[index][:, :, :end], cache.values[index][:, :, :end]
        x = x + self.attention.read(self.attention.queries(h, rope), keys, values, bias)
        q = self.cross_attention.queries(self.norm2(x), rope)
        x = x + self.cross_attention.read(q, *cache.cross[index], cache.cross_bias)
        return x + self.mlp(self.norm3(x))


class Decoder(nn.Module):
    """Writes tokens that read their predecessors and the whole input."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.heads, self.head_dim = cfg.heads, cfg.head_dim
        self.layers = nn.ModuleList(DecoderLayer(cfg) for _ in range(cfg.decoder_layers))
        self.norm = RMSNorm(cfg.width)

    def forward(
        self, embeddings: Tensor, rope: Tensor, encoded: Encoded, self_bias: Tensor | None = None
    ) -> Tensor:
        """Teacher-forced: embeddings (B, L, D), rope (B or 1, L, d/2) → hidden (B, L, D).

        `self_bias`, additive and broadcastable to (B, H, L, L), replaces the plain causal mask.
        """
        cross_bias = attention_bias(encoded.mask, embeddings.dtype)
        rope, states_rope, x = rope[:, None], encoded.rope[:, None], embeddings
        for layer in self.layers:
            x = layer(x, rope, self_bias, encoded.states, states_rope, cross_bias)
        return self.norm(x)

    def start(self, encoded: Encoded, max_length: int) -> DecoderCache:
        """An empty cache for `max_length` tokens per row, cross keys and values filled in."""
        states, rope = encoded.states, encoded.rope[:, None]
        shape = (states.shape[0], self.heads, max_length, self.head_dim)
        cross = []
        for layer in self._layers():
            k, v = layer.cross_attention.keys_values(states, rope)
            cross.append((k.contiguous(), v.contiguous()))
        return DecoderCache(
            keys=[states.new_empty(shape) for _ in self.layers],
            values=[states.new_empty(shape) for _ in self.layers],
            cross=cross,
            cross_bias=attention_bias(encoded.mask, states.dtype),
            rope=line_table(max_length, self.head_dim, states.device),
        )

    def step(self, embeddings: Tensor, cache: DecoderCache) -> Tensor:
        """The next L tokens of every row: embeddings (B, L, D) → hidden (B, L, D); cache grows."""
        here, end = cache.length, cache.length + embeddings.shape[1]
        rope, x = cache.rope[None, None, here:end], embeddings
        bias = None  # a single token reads everything before it
        if end - here > 1:
            bias = x.new_full((end - here, end), masked_logit(x.dtype)).triu_(here + 1)
        for index, layer in enumerate(self._layers()):
            x = layer.step(x, rope, bias, cache, index)
        cache.length = end
        return self.norm(x)

    def _layers(self) -> Iterator[DecoderLayer]:
        return cast("Iterator[DecoderLayer]", iter(self.layers))
