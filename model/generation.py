"""Writing an answer token by token (spec h).

Shapes: B rows, V rows of the text table, T tokens so far with the leading 0.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from uio2_agent.errors import BadSetting, BadShape
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.targets import START
from uio2_agent.model.transformer import Encoded
from uio2_agent.model.unified import UnifiedIO2

EOS = 1
PAD = 0

Allowed = Callable[[list[list[int]]], Tensor]


@torch.inference_mode()
def generate_text(
    model: UnifiedIO2,
    inputs: Inputs | Encoded,
    *,
    max_new_tokens: int,
    allowed: Allowed | None = None,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generators: Sequence[torch.Generator] | None = None,
) -> Tensor:
    """Answer every row of a batch.

    Args:
        inputs: What to read, or what `model.encode` made of it (for several answers to one input).
        max_new_tokens: Longest answer, EOS included.
        allowed: Given every row's tokens so far (without the leading 0, with those of finished
            rows), returns a bool (B, V) of what may come next; applied before anything is chosen.
            The rows of finished answers are ignored. Where it leaves every row a single token the
            model is not asked; fixed words of a format cost next to nothing.
        temperature: 0 takes the likeliest token; above, tokens are drawn.
        top_k, top_p: Draw only from the k likeliest, or the smallest set with mass p.
        generators: One per row, so that a row's draws do not depend on the others; without,
            row i draws from a fresh generator seeded i.

    Returns:
        int64 (B, T) starting with 0; after a row's EOS come zeros. Stops when all rows are done.

    Raises:
        BadSetting: On impossible settings, or when `allowed` leaves a row nothing.
    """
    if not 0 < max_new_tokens <= model.cfg.max_text:
        raise BadSetting("max_new_tokens", max_new_tokens, f"from 1 to {model.cfg.max_text}")
    if not temperature >= 0.0:
        raise BadSetting("temperature", temperature, "0 or more")
    if top_k is not None and top_k < 1:
        raise BadSetting("top_k", top_k, "at least 1")
    if top_p is not None and not 0.0 < top_p <= 1.0:
        raise BadSetting("top_p", top_p, "above 0, at most 1")
    encoded = model.encode(inputs) if isinstance(inputs, Inputs) else inputs
    count, device = encoded.states.shape[0], encoded.states.device
    if temperature > 0:
        generators = generators or [torch.Generator().manual_seed(i) for i in range(count)]
        if len(generators) != count:
            raise BadSetting("generators", len(generators), f"one per row, {count}")

    cache = model.decoder.start(encoded, max_new_tokens)
    rows: list[list[int]] = [[] for _ in range(count)]
    done = [False] * count
    columns = [torch.full((count,), START, dtype=torch.int64, device=device)]
    mask: Tensor | None = None
    settled = done
    while len(columns) <= max_new_tokens and not all(done):
        if allowed is not None:
            mask = allowed(rows)
            settled = _settled(mask, (count, model.cfg.text_vocab_size), done)
        if mask is not None and all(settled):
            # Nobody has a choice: the model reads these tokens together with the next ones.
            chosen = mask.int().argmax(dim=-1).to(device)
        else:
            unread = torch.stack(columns[cache.length :], dim=1)
            logits = model.step(unread, cache)  # (B, V)
            if mask is not None:
                logits = logits.masked_fill(~mask.to(device), -torch.inf)
            if temperature > 0:
                assert generators is not None
                chosen = _draw(logits.float() / temperature, top_k, top_p, generators, settled)
            else:
                chosen = logits.argmax(dim=-1)
        tokens = chosen.tolist()
        if any(done):
            tokens = [PAD if over else token for token, over in zip(tokens, done, strict=True)]
            chosen = torch.tensor(tokens, device=device)
        for i, token in enumerate(tokens):
            if not done[i]:
                rows[i].append(token)
                done[i] = token == EOS
        columns.append(chosen)
    return torch.stack(columns, dim=1)


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """logits (B, V) with all but the k largest of a row at -inf."""
    least = logits.topk(min(k, logits.shape[-1]), dim=-1).values[:, -1:]
    return logits.masked_fill(logits < least, -torch.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """logits (B, V) with all but the smallest set of mass ≥ p at -inf; at least one stays."""
    ascending, order = logits.sort(dim=-1)
    tail = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1.0 - p
    tail[:, -1] = False
    return logits.masked_fill(tail.scatter(-1, order, tail), -torch.inf)


def _settled(mask: Tensor, shape: tuple[int, int], done: list[bool]) -> list[bool]:
    """Which rows have nothing to choose: finished, or left a single token."""
    if tuple(mask.shape) != shape or mask.dtype != torch.bool:
        got = f"{tuple(mask.shape)} of {mask.dtype}"
        raise BadShape("allowed mask", got, f"{shape} of torch.bool")
    left = mask.sum(dim=-1).tolist()
    for i, count in enumerate(left):
        if not count and not done[i]:
            raise BadSetting("allowed mask", f"empty for row {i}", "at least one token")
    return [over or count == 1 for over, count in zip(done, left, strict=True)]


def _draw(
    logits: Tensor,
    top_k: int | None,
    top_p: float | None,
    generators: Sequence[torch.Generator],
    settled: list[bool],
) -> Tensor:
    """One token per row (B) by inverting the cumulative distribution.

    Rows without a choice draw no number: whether the model runs for them depends on the others.
    """
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p)
    # A finished row may have nothing allowed; what it draws is dropped.
    mass = logits.double().softmax(dim=-1).nan_to_num(0.0).cumsum(dim=-1)
    uniform = [
        0.0 if over else torch.rand(1, generator=g, device=g.device, dtype=torch.float64).item()
        for g, over in zip(generators, settled, strict=True)
    ]
    point = torch.tensor(uniform, dtype=torch.float64, device=logits.device)[:, None]
    # `right` skips leading tokens without mass when the number drawn is exactly 0.
    chosen = torch.searchsorted(mass, point * mass[:, -1:], right=True)[:, 0]
    return chosen.clamp(max=logits.shape[-1] - 1)
