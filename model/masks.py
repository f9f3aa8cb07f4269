"""Which target token may read which (spec d, f).

Shapes: B rows, L target tokens, N input tokens. Masks are bool [query, key], true = may read.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args

import torch
from torch import Tensor

from uio2_agent.errors import UnknownName
from uio2_agent.model.config import ModelConfig
from uio2_agent.model.layers import masked_logit
from uio2_agent.model.targets import TokenTargets

Pattern = Literal["causal", "row", "column", "window"]

_WINDOW = 5  # cells to every side: 11 x 11


def self_biases(
    cfg: ModelConfig, parts: Mapping[str, TokenTargets], dtype: torch.dtype
) -> list[Tensor] | None:
    """What the targets of one batch read of each other, in every decoder layer.

    Tokens read valid ones before them, of their own modality, answer and example.

    Returns:
        An additive bias (B, 1, L, L) per layer, L tokens of all modalities; layers with the same
        pattern share theirs. None where being causal is all there is to it.
    """
    sparse = cfg.sparse_masks and parts.keys() != {"text"}
    if not sparse and len(parts) == 1 and all(part.plain for part in parts.values()):
        return None
    kinds: list[Pattern] = ["causal"] * cfg.decoder_layers
    if sparse:
        kinds = layer_patterns(cfg.decoder_layers)
    by_kind = {}
    for kind in set(kinds):
        blocks = [_readable(cfg, name, part, kind) for name, part in parts.items()]
        total = sum(block.shape[-1] for block in blocks)
        whole = blocks[0].new_zeros(len(blocks[0]), total, total)
        here = 0
        for block in blocks:
            end = here + block.shape[-1]
            whole[:, here:end, here:end] = block
            here = end
        by_kind[kind] = as_bias(whole, dtype)
    return [by_kind[kind] for kind in kinds]


def _readable(cfg: ModelConfig, name: str, part: TokenTargets, kind: Pattern) -> Tensor:
    """(B, L, L) within one modality."""
    length, device = part.tokens.shape[1], part.tokens.device
    if name == "text":
        pattern = grid_pattern("causal", 1, length)
    else:
        pattern = grid_pattern(kind, *cfg.signal(name).quantiser.grid)[:length, :length]
    valid = part.valid()
    readable = pattern.to(device) & valid[:, :, None] & valid[:, None, :]
    for ids in (part.answers, part.examples):
        if ids is not None:
            readable = readable & same_segment(ids, ids)
    if cfg.dynamic_masks and part.task_mask is not None:
        readable = readable & dynamic_mask(part.task_mask)
    return readable


def layer_patterns(layers: int) -> list[Pattern]:
    """The sparse pattern of each decoder layer: the last a window, every fourth a column."""
    kinds: list[Pattern] = ["column" if index % 4 == 1 else "row" for index in range(layers)]
    return [*kinds[:-1], "window"]


@lru_cache(maxsize=16)
def grid_pattern(kind: Pattern, rows: int, cols: int) -> Tensor:
    """What a token of a row-major grid reads of its own and earlier tokens (L, L).

    - `causal`: all of them;
    - `row`: itself and the `cols` tokens before it;
    - `column`: every token straight above;
    - `window`: earlier ones no more than five rows and columns away.
    """
    index = torch.arange(rows * cols)
    behind = index[:, None] - index[None, :]
    if kind == "causal":
        return behind >= 0
    if kind == "row":
        return (behind >= 0) & (behind <= cols)
    if kind == "column":
        return (behind >= 0) & (behind % cols == 0)
    if kind == "window":
        row, col = index // cols, index % cols
        near = (row[:, None] - row[None, :]).abs() <= _WINDOW
        return (behind >= 0) & near & ((col[:, None] - col[None, :]).abs() <= _WINDOW)
    raise UnknownName("pattern", kind, get_args(Pattern))


def dynamic_mask(task_mask: Tensor) -> Tensor:
    """task_mask (B, L), true where the encoder was not shown the token → (B, L, L).

    The decoder reads its targets shifted by one, and so is the mask: hidden tokens read and are
    read by nobody but themselves.
    """
    shown = torch.ones_like(task_mask, dtype=torch.bool)
    shown[:, 1:] = ~task_mask[:, :-1].bool()
    own = torch.eye(task_mask.shape[1], dtype=torch.bool, device=task_mask.device)
    return (shown[:, :, None] & shown[:, None, :]) | own


def same_segment(queries: Tensor, keys: Tensor) -> Tensor:
    """Segment ids (B, L) and (B, N) → (B, L, N), true where they agree."""
    return queries[:, :, None] == keys[:, None, :]


def as_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """mask (B, L, N) → additive bias (B, 1, L, N), 0 where readable."""
    bias = torch.zeros(mask.shape, dtype=dtype, device=mask.device)
    return bias.masked_fill_(~mask, masked_logit(dtype))[:, None]
