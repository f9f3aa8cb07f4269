"""Unified-IO 2: every modality in, one sequence through, text out.

Shapes: B rows, N input tokens, L target tokens, V rows of the text table, D width,
F frames, n latents a frame.

    text ───────────── table ──┐
    image ──── ViT ─ project ──┼─▶ encoder ─▶ decoder ─▶ logits (tied table)
    history ── ViT ─ resample ─┘                ▲
                                      targets, shifted right
"""

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadShape
from uio2_agent.model.config import ModelConfig
from uio2_agent.model.inputs import (
    HistoryInput,
    ImageInput,
    Inputs,
    Patches,
    TextInput,
    Tokens,
)
from uio2_agent.model.layers import RMSNorm
from uio2_agent.model.rope import line_table
from uio2_agent.model.targets import shift_right
from uio2_agent.model.transformer import Decoder, DecoderCache, Encoded, Encoder
from uio2_agent.model.vit import ViT


class TextTarget(nn.Module):
    """What marks a decoder token as text."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.modality = nn.Parameter(torch.zeros(cfg.width))


class UnifiedIO2(nn.Module):
    """The model of one `ModelConfig`, with fresh weights (seed 0) until some are loaded."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.text_table = nn.Embedding(cfg.text_vocab_size, cfg.width)
        makers = {"text": TextInput, "image": ImageInput, "image_history": HistoryInput}
        self.inputs = nn.ModuleDict({name: makers[name](cfg) for name in cfg.inputs})
        self.targets = nn.ModuleDict({name: TextTarget(cfg) for name in cfg.targets})
        if {"image", "image_history"} & set(cfg.inputs):
            self.vit = ViT(cfg.vit)
        self.encoder = Encoder(cfg)
        self.decoder = Decoder(cfg)
        self.init_weights(seed=0)

    def forward(self, inputs: Inputs, text_targets: Tensor) -> Tensor:
        """Teacher-forced logits (B, L, V) for text_targets (B, L), right-padded with 0."""
        return self.logits(self.decode(self.encode(inputs), text_targets))

    @property
    def history(self) -> HistoryInput:
        """The embedder of image history; `BadShape` where the config lists none."""
        if "image_history" not in self.inputs:
            raise BadShape("inputs", "with frames", f"only {', '.join(self.cfg.inputs)}")
        return cast(HistoryInput, self.inputs["image_history"])

    def embed(self, inputs: Inputs) -> Tokens:
        """All modalities as one sequence: text, image, image history (spec c)."""
        parts: list[Tokens] = []
        for name in ("text", "image", "image_history"):
            value = getattr(inputs, name)
            if value is None:
                continue
            if name not in self.inputs:
                raise BadShape("inputs", f"with {name}", f"only {', '.join(self.cfg.inputs)}")
            shared = self.text_table if name == "text" else self.vit
            parts.append(self.inputs[name](value, shared))
        if not parts:
            raise BadShape("inputs", "empty", f"at least one of {', '.join(self.cfg.inputs)}")
        if len({part.mask.shape[0] for part in parts}) > 1:
            got = [part.mask.shape[0] for part in parts]
            raise BadShape("inputs", f"of {got} rows", "the same number of rows in every modality")
        return Tokens(*(torch.cat(columns, dim=1) for columns in zip(*parts, strict=True)))

    def encode(self, inputs: Inputs) -> Encoded:
        """Read one batch; the result serves any number of answers."""
        tokens = self.embed(inputs)
        return Encoded(self.encoder(*tokens), tokens.mask, tokens.rope)

    def encode_frames(self, patches: Patches) -> Tensor:
        """Frames (F, N, …) → latents (F, n, D) to keep and hand back as `FrameLatents`."""
        return self.history.encode_frames(patches, self.vit)

    def embed_targets(self, tokens: Tensor) -> Tensor:
        """Decoder input ids (B, L) → embeddings (B, L, D)."""
        return self.text_table(tokens) + self.targets["text"].modality

    def decode(self, encoded: Encoded, text_targets: Tensor) -> Tensor:
        """Hidden states (B, L, D) that predict text_targets (B, L)."""
        length = text_targets.shape[-1]
        if text_targets.dim() != 2 or not 0 < length <= self.cfg.max_text:
            want = f"(B, L) with L from 1 to {self.cfg.max_text}"
            raise BadShape("text_targets", tuple(text_targets.shape), want)
        if text_targets.shape[0] != encoded.states.shape[0]:
            want = f"{encoded.states.shape[0]} rows as the inputs"
            raise BadShape("text_targets", tuple(text_targets.shape), want)
        x = self.embed_targets(shift_right(text_targets))
        rope = line_table(self.cfg.max_text, self.cfg.head_dim, x.device)[None, :length]
        return self.decoder(x, rope, encoded)

    def step(self, tokens: Tensor, cache: DecoderCache) -> Tensor:
        """The next L tokens (B, L) of running answers → logits (B, V) of what follows them."""
        hidden = self.decoder.step(self.embed_targets(tokens), cache)
        return self.logits(hidden[:, -1])

    def logits(self, hidden: Tensor) -> Tensor:
        """hidden (…, D) · tableᵀ / sqrt(D) → (…, V); in float32 outside autocast (spec d)."""
        return F.linear(hidden * self.cfg.width**-0.5, self.text_table.weight)

    @torch.no_grad()
    def init_weights(self, seed: int) -> None:
        """Fill every tensor; the same numbers for the same seed on any device.

        | tensor                          | start, as N(mean, standard deviation) |
        |---------------------------------|---------------------------------------|
        | text table                      | N(0, 1)                               |
        | modality embeddings             | N(0, 0.02)                            |
        | every linear weight             | N(0, 1 / sqrt(fan_in))                |
        | every bias                      | 0                                     |
        | RMSNorm scale, LayerNorm weight | 1                                     |
        | ViT special tokens, positions   | N(0, 1 / sqrt(width))                 |
        | resampler latents               | N(0, 1)                               |
        | scaled-cosine logit scale       | ln 10                                 |

        On the meta device there is nothing to fill.
        """
        generator = torch.Generator().manual_seed(seed)

        def normal(tensor: Tensor, std: float) -> None:
            if not tensor.is_meta:
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * std)

        for module in self.modules():
            if isinstance(module, nn.Embedding):
                normal(module.weight, 1.0)
            elif isinstance(module, nn.Linear):
                normal(module.weight, module.in_features**-0.5)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, RMSNorm):
                module.scale.fill_(1.0)
            elif isinstance(module, nn.LayerNorm):
                module.weight.fill_(1.0)
                module.bias.zero_()
        for name, tensor in self.named_parameters():
            leaf = name.rsplit(".", 1)[-1]
            if leaf == "modality":
                normal(tensor, 0.02)
            elif leaf in ("special", "position"):
                normal(tensor, tensor.shape[-1] ** -0.5)
            elif leaf == "latents":
                normal(tensor, 1.0)
            elif leaf == "logit_scale":
                tensor.fill_(math.log(10.0))

    def parameter_groups(self) -> dict[str, int]:
        """Parameters of every part, by name; the shared ViT counts once."""
        groups = {
            name: sum(p.numel() for p in part.parameters()) for name, part in self.named_children()
        }
        total = sum(p.numel() for p in self.parameters())
        assert sum(groups.values()) == total, (groups, total)
        return groups

    def parameter_count(self) -> int:
        """All parameters, the shared ViT counted once."""
        return sum(self.parameter_groups().values())
