"""Unified-IO 2: every modality in, one sequence through, every modality out.

Shapes: B rows, N input tokens, L target tokens, V rows of a token table, D width,
F frames, n latents a frame.

    text ──────────────────────── table ──┐
    image, audio ─────── ViT ─── project ─┼─▶ encoder ─▶ decoder ─▶ logits (tied tables)
    their histories ──── ViT ── resample ─┘                 ▲
                                        targets, shifted right: text (tokenizer),
                                        image (VQGAN), audio (ViT-VQGAN)
"""

import math
from typing import cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadShape, UnknownName
from uio2_agent.model.codebook import Codebook
from uio2_agent.model.config import ModelConfig
from uio2_agent.model.inputs import (
    HistoryInput,
    Inputs,
    Patches,
    SignalInput,
    TextInput,
    Tokens,
)
from uio2_agent.model.layers import RMSNorm, Table, linear
from uio2_agent.model.masks import self_biases
from uio2_agent.model.replay import Decoding, ReplayedCache, Replays
from uio2_agent.model.rope import grid_table, line_table
from uio2_agent.model.targets import TargetEmbedder, Targets, TokenTargets, shift_right
from uio2_agent.model.transformer import Decoder, DecoderCache, Encoded, Encoder
from uio2_agent.model.vit import ViT


def _embedder(cfg: ModelConfig, name: str) -> nn.Module:
    if name == "text":
        return TextInput(cfg)
    return HistoryInput(cfg, name) if name.endswith("history") else SignalInput(cfg, name)


class UnifiedIO2(nn.Module):
    """The model of one `ModelConfig`, with fresh weights (seed 0) until some are loaded."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self._decoding: Decoding | None = None
        self.text_table = Table(cfg.text_vocab_size, cfg.width)
        if "image" in cfg.targets:
            self.image_table = Table(cfg.image.vocab_size, cfg.width)
        if "audio" in cfg.targets:
            self.audio_table = Table(cfg.audio.vocab_size, cfg.width)
        self.inputs = nn.ModuleDict({name: _embedder(cfg, name) for name in cfg.inputs})
        self.targets = nn.ModuleDict({name: TargetEmbedder(cfg, name) for name in cfg.targets})
        if {"image", "image_history"} & set(cfg.inputs):
            self.vit = ViT(cfg.image.vit)
        if {"audio", "audio_history"} & set(cfg.inputs):
            self.audio_vit = ViT(cfg.audio.vit)
        self.encoder = Encoder(cfg)
        self.decoder = Decoder(cfg)
        self.replays = Replays()
        self.init_weights(seed=0)

    @property
    def decoding(self) -> Decoding:
        """How tokens are written one by one; on a GPU replayed unless told otherwise."""
        on_gpu = self.text_table.weight.is_cuda
        return self._decoding or ("replayed" if on_gpu else "eager")

    @decoding.setter
    def decoding(self, how: Decoding) -> None:
        if how not in get_args(Decoding):
            raise UnknownName("way of decoding", how, get_args(Decoding))
        self._decoding = how

    def forward(self, inputs: Inputs, targets: Targets) -> dict[str, Tensor]:
        """Teacher-forced logits (B, L, V) of every target modality."""
        hidden = self.decode(self.encode(inputs), targets)
        return {name: self.logits(part, name) for name, part in hidden.items()}

    # --- reading --------------------------------------------------------------------------------

    def embed(self, inputs: Inputs) -> Tokens:
        """All modalities as one sequence, in the order of `INPUT_MODALITIES` (spec c)."""
        parts: list[Tokens] = []
        for name, value in vars(inputs).items():
            if value is not None:
                parts.append(self._input(name)(value, self._shared(name)))
        if not parts:
            raise BadShape("inputs", "empty", f"at least one of {', '.join(self.cfg.inputs)}")
        if len({part.mask.shape[0] for part in parts}) > 1:
            got = [part.mask.shape[0] for part in parts]
            raise BadShape("inputs", f"of {got} rows", "the same number of rows in every modality")
        columns = zip(*(part[:3] for part in parts), strict=True)
        return Tokens(*(torch.cat(column, dim=1) for column in columns))

    def encode(self, inputs: Inputs | Tokens) -> Encoded:
        """Read one batch; the result serves any number of answers."""
        tokens = inputs if isinstance(inputs, Tokens) else self.embed(inputs)
        return Encoded(self.encoder(*tokens), *tokens[1:])

    def encode_frames(
        self, patches: Patches, modality: str = "image_history", vit: nn.Module | None = None
    ) -> Tensor:
        """Frames (F, N, …) → latents (F, n, D) to keep and hand back as `FrameLatents`.

        `vit` is called instead of the model's own, e.g. one that remembers.
        """
        history = cast(HistoryInput, self._input(modality))
        return history.encode_frames(patches, vit or self._shared(modality))

    def _input(self, name: str) -> nn.Module:
        if name not in self.inputs:
            raise BadShape("inputs", f"with {name}", f"only {', '.join(self.cfg.inputs)}")
        return self.inputs[name]

    def _shared(self, name: str) -> nn.Module:
        """What an embedder uses and another owns too."""
        if name == "text":
            return self.text_table
        return self.vit if name.startswith("image") else self.audio_vit

    # --- writing --------------------------------------------------------------------------------

    def decode(self, encoded: Encoded, targets: Targets) -> dict[str, Tensor]:
        """Hidden states (B, L, D) that predict the targets of every modality.

        Modalities of one example never read each other (spec d).
        """
        parts = dict(targets.present())
        for name, part in parts.items():
            self._check_target(name, part, encoded)
        if not parts:
            raise BadShape("targets", "empty", f"at least one of {', '.join(self.cfg.targets)}")
        x = torch.cat(
            [self.embed_targets(shift_right(t.tokens, t.answers), n) for n, t in parts.items()],
            dim=1,
        )
        rope = torch.cat([self._rope(n, t, x.device) for n, t in parts.items()], dim=1)
        examples = [t.examples for t in parts.values() if t.examples is not None]
        if examples and len(examples) != len(parts):
            raise BadShape("targets", "partly packed", "`examples` in every modality or in none")
        biases = self_biases(self.cfg, parts, x.dtype)
        packed = torch.cat(examples, dim=1) if examples else None
        hidden = self.decoder(x, rope, encoded, biases, packed)
        lengths = [part.tokens.shape[1] for part in parts.values()]
        return dict(zip(parts, hidden.split(lengths, dim=1), strict=True))

    def embed_targets(self, tokens: Tensor, modality: str = "text") -> Tensor:
        """Decoder input ids (B, L) → embeddings (B, L, D)."""
        return self.table(modality)(tokens) + self.targets[modality].modality

    def start(self, encoded: Encoded, max_length: int, modality: str = "text") -> DecoderCache:
        """An empty answer of up to `max_length` tokens a row."""
        rope = self._positions(modality, encoded.states.device)[:max_length]
        biases = None
        if self.cfg.sparse_masks and modality != "text":
            blank = torch.ones(1, len(rope), dtype=torch.int64, device=rope.device)
            whole = self_biases(self.cfg, {modality: TokenTargets(blank)}, encoded.states.dtype)
            biases = whole and [bias[0, 0] for bias in whole]
        if self.decoding != "eager" and not torch.is_grad_enabled():
            return self.replays.start(self, encoded, rope, biases, modality)
        return self.decoder.start(encoded, rope, biases, modality)

    def step(self, tokens: Tensor, cache: DecoderCache) -> Tensor:
        """The next L tokens (B, L) of running answers → logits (B, V) of what follows them."""
        if isinstance(cache, ReplayedCache) and tokens.shape[1] == 1:
            return cache.step(tokens)
        hidden = self.decoder.step(self.embed_targets(tokens, cache.modality), cache)
        return self.logits(hidden[:, -1], cache.modality)

    def logits(self, hidden: Tensor, modality: str = "text") -> Tensor:
        """hidden (…, D) · tableᵀ / sqrt(D) → (…, V); in float32 outside autocast (spec d)."""
        return linear(hidden * self.cfg.width**-0.5, self.table(modality).weight)

    def table(self, modality: str) -> Table:
        """The tokens of a target modality; text shares its own with the input."""
        return cast(Table, getattr(self, f"{modality}_table"))

    def _check_target(self, name: str, part: TokenTargets, encoded: Encoded) -> None:
        if name not in self.targets:
            raise BadShape("targets", f"with {name}", f"only {', '.join(self.cfg.targets)}")
        rows, length = part.tokens.shape
        most = len(self._positions(name, part.tokens.device))
        if length > most or rows != len(encoded.states):
            want = f"(B, L) with L at most {most} and B {len(encoded.states)} as the inputs"
            raise BadShape(f"{name} targets", (rows, length), want)

    def _positions(self, modality: str, device: torch.device) -> Tensor:
        """RoPE rows of all places an answer of this modality has, (T, d/2)."""
        if modality == "text":
            return line_table(self.cfg.max_text, self.cfg.head_dim, device)
        return grid_table(*self.cfg.signal(modality).target_grid, self.cfg.head_dim, device)

    def _rope(self, modality: str, part: TokenTargets, device: torch.device) -> Tensor:
        """RoPE rows (B, L, d/2); several answers in a row each begin at place 0."""
        table, (rows, length) = self._positions(modality, device), part.tokens.shape
        if part.answers is None:
            return table[:length].expand(rows, -1, -1)
        index = torch.arange(length, device=device).expand_as(part.tokens)
        begins = part.answers != F.pad(part.answers[:, :-1], (1, 0), value=-1)
        return table[index - (index * begins).cummax(dim=1).values]

    @torch.no_grad()
    def init_weights(self, seed: int) -> None:
        """Fill every tensor; the same numbers for the same seed on any device.

        | tensor                          | start, as N(mean, standard deviation) |
        |---------------------------------|---------------------------------------|
        | text table                      | N(0, 1)                               |
        | modality embeddings             | N(0, 0.02)                            |
        | linear and convolution weights  | N(0, 1 / sqrt(fan_in))                |
        | every bias                      | 0                                     |
        | scales and weights of norms     | 1                                     |
        | ViT special tokens, positions   | N(0, 1 / sqrt(width))                 |
        | resampler latents, codebooks    | N(0, 1)                               |
        | scaled-cosine logit scale       | ln 10                                 |

        On the meta device there is nothing to fill.
        """
        generator = torch.Generator().manual_seed(seed)

        def normal(tensor: Tensor, std: float) -> None:
            if not tensor.is_meta:
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * std)

        for module in self.modules():
            if isinstance(module, Table | Codebook):
                normal(module.weight, 1.0)
            elif isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                normal(module.weight, module.weight[0].numel() ** -0.5)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, RMSNorm):
                module.scale.fill_(1.0)
            elif isinstance(module, nn.LayerNorm | nn.GroupNorm):
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
