"""The encoder and the decoder (spec d).

Shapes: B rows, N input tokens, L target tokens, T cache length, D width, H heads, d head width.
Rope rows of a sequence: complex64 (B or 1, length, d/2).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from uio2_agent.model.config import ModelConfig
from uio2_agent.model.layers import Attention, GatedMLP, RMSNorm, attention_bias, masked_logit
from uio2_agent.model.masks import as_bias, same_segment


@dataclass(frozen=True)
class Encoded:
    """What the decoder reads: states (B, N, D), mask (B, N) bool, rope (B, N, d/2).

    examples (B, N) int64: where rows are packed, the example each token belongs to.
    """

    states: Tensor
    mask: Tensor
    rope: Tensor
    examples: Tensor | None = None


@dataclass
class DecoderCache:
    """What one running answer remembers, per decoder layer.

    keys, values: self-attention so far, (B, H, T, d), filled up to `length`.
    cross: keys and values of the whole input, (B, H, N, d), computed once per answer.
    rope: of every position the answer may reach, (T, d/2).
    biases: per layer what a position may read of the answer, (T, T); none where it is all before.
    modality: what is being written.
    """

    keys: list[Tensor]
    values: list[Tensor]
    cross: list[tuple[Tensor, Tensor]]
    cross_bias: Tensor
    rope: Tensor
    biases: Sequence[Tensor] | None = None
    modality: str = "text"
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

    def forward(
        self, embeddings: Tensor, mask: Tensor, rope: Tensor, examples: Tensor | None = None
    ) -> Tensor:
        """embeddings (B, N, D), mask (B, N), rope (B or 1, N, d/2) → states (B, N, D).

        Tokens of packed rows read only those of their own example: examples (B, N) int64.
        """
        if examples is None:
            bias = attention_bias(mask, embeddings.dtype)
        else:
            own = same_segment(examples, examples) & mask[:, None, :].bool()
            bias = as_bias(own, embeddings.dtype)
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
        self,
        x: Tensor,
        rope: Tensor,
        bias: Tensor | None,
        past: tuple[Tensor, Tensor],
        place: slice | Tensor,
        cross: tuple[Tensor, Tensor],
        cross_bias: Tensor,
    ) -> Tensor:
        """The next L tokens of every row: x (B, L, D).

        Their keys and values are put into `past`, two of (B, H, T, d), at `place`, a slice or
        indices (L); they read all T of them, as `bias` allows, and all of `cross`, two of
        (B, H, N, d).
        """
        h = self.norm1(x)
        for kept, new in zip(past, self.attention.keys_values(h, rope), strict=True):
            kept[:, :, place] = new.to(kept.dtype)
        x = x + self.attention.read(self.attention.queries(h, rope), *past, bias)
        q = self.cross_attention.queries(self.norm2(x), rope)
        x = x + self.cross_attention.read(q, *cross, cross_bias)
        return x + self.mlp(self.norm3(x))


class Decoder(nn.Module):
    """Writes tokens that read their predecessors and the whole input."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.heads, self.head_dim = cfg.heads, cfg.head_dim
        self.layers = nn.ModuleList(DecoderLayer(cfg) for _ in range(cfg.decoder_layers))
        self.norm = RMSNorm(cfg.width)

    def forward(
        self,
        embeddings: Tensor,
        rope: Tensor,
        encoded: Encoded,
        self_biases: Sequence[Tensor] | None = None,
        examples: Tensor | None = None,
    ) -> Tensor:
        """Teacher-forced: embeddings (B, L, D), rope (B or 1, L, d/2) → hidden (B, L, D).

        Args:
            self_biases: One per layer, additive, broadcastable to (B, H, L, L), in place of the
                plain causal mask.
            examples: (B, L) int64; tokens of packed rows read only inputs of their own example.
        """
        cross_bias = attention_bias(encoded.mask, embeddings.dtype)
        if examples is not None and encoded.examples is not None:
            own = same_segment(examples, encoded.examples) & encoded.mask[:, None, :]
            cross_bias = as_bias(own, embeddings.dtype)
        rope, states_rope, x = rope[:, None], encoded.rope[:, None], embeddings
        for index, layer in enumerate(self.layers):
            self_bias = None if self_biases is None else self_biases[index]
            x = layer(x, rope, self_bias, encoded.states, states_rope, cross_bias)
        return self.norm(x)

    def start(
        self,
        encoded: Encoded,
        rope: Tensor,
        biases: Sequence[Tensor] | None = None,
        modality: str = "text",
    ) -> DecoderCache:
        """An empty cache for the T positions of rope (T, d/2), cross keys and values filled in."""
        states = encoded.states
        shape = (states.shape[0], self.heads, rope.shape[0], self.head_dim)
        # One piece of memory for all layers: many small ones would not fit together.
        cross = states.new_empty(len(self.layers), 2, *shape[:2], states.shape[1], self.head_dim)
        for kept, new in zip(cross, self.cross(encoded), strict=True):
            for room, part in zip(kept, new, strict=True):
                room.copy_(part)
        return DecoderCache(
            keys=[states.new_empty(shape) for _ in self.layers],
            values=[states.new_empty(shape) for _ in self.layers],
            cross=[(k, v) for k, v in cross],
            cross_bias=attention_bias(encoded.mask, states.dtype),
            rope=rope,
            biases=biases,
            modality=modality,
        )

    def step(self, embeddings: Tensor, cache: DecoderCache) -> Tensor:
        """The next L tokens of every row: embeddings (B, L, D) → hidden (B, L, D); cache grows."""
        here, end = cache.length, cache.length + embeddings.shape[1]
        rope, x = cache.rope[None, None, here:end], embeddings
        bias = None  # a single token reads everything before it
        if end - here > 1:
            bias = x.new_full((end - here, end), masked_logit(x.dtype)).triu_(here + 1)
        place = slice(here, end)
        for index, layer in enumerate(self._layers()):
            if cache.biases is not None:
                bias = cache.biases[index][here:end, :end]
            past = (cache.keys[index][:, :, :end], cache.values[index][:, :, :end])
            x = layer.step(x, rope, bias, past, place, cache.cross[index], cache.cross_bias)
        cache.length = end
        return self.norm(x)

    def cross(self, encoded: Encoded) -> Iterator[tuple[Tensor, Tensor]]:
        """Every layer's keys and values of the whole input, two of (B, H, N, d)."""
        for layer in self._layers():
            yield layer.cross_attention.keys_values(encoded.states, encoded.rope[:, None])

    def _layers(self) -> Iterator[DecoderLayer]:
        return cast("Iterator[DecoderLayer]", iter(self.layers))
