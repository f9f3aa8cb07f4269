"""Our model and the port's with the same random weights, and what both of them read.

Shapes: B rows, T frames, L tokens, V rows of a token table, N input tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from peer import Port
from timing import Call, Rounds, interleaved
from torch import Tensor

from uio2_agent.model.checkpoint import build_on_meta, cast
from uio2_agent.model.config import ModelConfig, model_config
from uio2_agent.model.inputs import Inputs, Patches, patchify
from uio2_agent.model.transformer import DecoderCache, Encoded
from uio2_agent.model.unified import UnifiedIO2

WORDS, FRAMES = 24, 8
ORDINARY = 3  # the first token of text that is not special


@dataclass(frozen=True)
class Pair:
    """`port` is None where no checkout of it is at hand."""

    ours: UnifiedIO2
    port: Port | None

    def compare(
        self,
        ours: Call,
        port: Callable[[Port], object],
        repeats: int,
        warm_up: bool = True,
        products: Call | None = None,
    ) -> Rounds:
        """`ours`, `port` where there is one, and `products` if given, in turn."""
        calls = {"ours": ours}
        peer = self.port
        if peer is not None:
            calls["port"] = lambda: port(peer)
        if products is not None:
            calls["products"] = products
        return interleaved(calls, repeats, warm_up)


def config(size: str) -> ModelConfig:
    """Sound plays no part in what is measured, and is left out of both models."""
    whole = model_config(size)
    return replace(whole, inputs=("text", "image", "image_history"), targets=("text", "image"))


def random_model(cfg: ModelConfig, device: torch.device, dtype: torch.dtype) -> UnifiedIO2:
    """Weights of an ordinary scale, the same on every run, and no memory but for them."""
    model = cast(build_on_meta(cfg), dtype).to_empty(device=device)
    generator = torch.Generator(device).manual_seed(0)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if name.endswith("scale") or (".norm" in name and name.endswith("weight")):
                tensor.fill_(1.0)
            elif tensor.dim() > 1:
                tensor.normal_(0.0, tensor[0].numel() ** -0.5, generator=generator)
            else:
                tensor.zero_()
        model.text_table.weight.normal_(generator=generator)
        model.image_table.weight.normal_(generator=generator)
    return model.eval().requires_grad_(False)


def make(cfg: ModelConfig, device: torch.device, dtype: torch.dtype, folder: Path | None) -> Pair:
    ours = random_model(cfg, device, dtype)
    return Pair(ours, None if folder is None else Port.beside(folder, ours))


def question(cfg: ModelConfig, device: torch.device, rows: int = 1) -> Inputs:
    """Text of 24 tokens and a picture of the size the model is made for."""
    generator = torch.Generator().manual_seed(1)
    text = torch.randint(ORDINARY, cfg.text_vocab_size, (rows, WORDS), generator=generator)
    picture = torch.rand(rows, 3, *cfg.image.size, generator=generator)
    return Inputs(text=text, image=patchify(picture)).to(device)


def frames(cfg: ModelConfig) -> Patches:
    """Eight frames of the past, (1, T, …)."""
    generator = torch.Generator().manual_seed(2)
    return patchify(torch.rand(1, FRAMES, 3, *cfg.image.history_size, generator=generator))


def picture_cache(model: UnifiedIO2, encoded: Encoded) -> DecoderCache:
    """An empty picture; what later places would read of it is zeros."""
    cache = model.start(encoded, model.cfg.image.target_length, "image")
    for stored in (*cache.keys, *cache.values):
        stored.zero_()
    return cache


def picture_tokens(model: UnifiedIO2, cache: DecoderCache, count: int, position: int = 0) -> Tensor:
    """`count` greedy tokens from `position` on, (B, count)."""
    cache.length = position
    token = torch.zeros(len(cache.cross_bias), 1, dtype=torch.int64, device=cache.rope.device)
    written = []
    for _ in range(count):
        token = model.step(token, cache).argmax(dim=-1, keepdim=True)
        written.append(token)
    return torch.cat(written, dim=1)
