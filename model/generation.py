"""Writing text token by token (spec h). Pictures and sounds are in `signal_generation.py`.

Shapes: B rows, V rows of the text table, T tokens so far with the leading 0.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from uio2_agent.errors import BadSetting, BadShape
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.sampling import Rule, Sampling, per_row, ruled, uniform_numbers
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
    rule: Rule | None = None,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generators: Sequence[torch.Generator] | None = None,
    on_tokens: Callable[[list[int]], None] | None = None,
) -> Tensor:
    """Answer every row of a batch.

    Args:
        inputs: What to read, or what `model.encode` made of it (for several answers to one input).
        max_new_tokens: Longest answer, EOS included.
        allowed: Given every row's tokens so far (without the leading 0, with those of finished
            rows), returns a bool (B, V) of what may come next; applied before anything is chosen.
            The rows of finished answers are ignored. Where it leaves every row a single token the
            model is not asked; fixed words of a format cost next to nothing.
        rule: Changes the scores of every step at which the model is asked, before `allowed`.
        temperature: 0 takes the likeliest token; above, tokens are drawn.
        top_k, top_p: Draw only from the k likeliest, or the smallest set with mass p.
        generators: One per row, so that a row's draws do not depend on the others; without,
            row i draws from a fresh generator seeded i.
        on_tokens: Called with every row's new token as soon as it is known, 0 for finished rows.

    Returns:
        int64 (B, T) starting with 0; after a row's end come zeros. Stops when all rows are done.

    Raises:
        BadSetting: On impossible settings, or when `allowed` leaves a row nothing.
        BadShape: When `allowed` or `rule` returns something of another shape.
    """
    if not 0 < max_new_tokens <= model.cfg.max_text:
        raise BadSetting("max_new_tokens", max_new_tokens, f"from 1 to {model.cfg.max_text}")
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    encoded = model.encode(inputs) if isinstance(inputs, Inputs) else inputs
    count, device = encoded.states.shape[0], encoded.states.device
    generators = per_row(generators, count)

    cache = model.start(encoded, max_new_tokens)
    tokens = torch.full((count, max_new_tokens + 1), START, dtype=torch.int64, device=device)
    rows: list[list[int]] = [[] for _ in range(count)]
    done = [False] * count
    length = 1
    while length <= max_new_tokens and not all(done):
        settled, mask = done, None
        if allowed is not None:
            mask = allowed(rows)
            settled = _settled(mask, (count, model.cfg.text_vocab_size), done)
        if mask is not None and all(settled):
            # Nobody has a choice: the model reads these tokens together with the next ones.
            chosen = mask.int().argmax(dim=-1)
        else:
            scores = model.step(tokens[:, cache.length : length], cache).float()  # (B, V)
            scores = ruled(rule, scores, tokens[:, :length])
            if mask is not None:
                scores = scores.masked_fill(~mask.to(device), -torch.inf)
            uniform = _uniform(generators, settled, device) if sampling.draws else None
            chosen = sampling.choose(scores, uniform)
        new = [PAD if over else token for token, over in zip(chosen.tolist(), done, strict=True)]
        tokens[:, length] = torch.tensor(new, device=device) if any(done) else chosen
        length += 1
        for i, token in enumerate(new):
            if not done[i]:
                rows[i].append(token)
                done[i] = token == EOS
        if on_tokens is not None:
            on_tokens(new)
    return tokens[:, :length].contiguous()


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


def _uniform(
    generators: Sequence[torch.Generator], settled: list[bool], device: torch.device
) -> Tensor:
    """The next number of every row (B,) float64.

    Rows without a choice draw no number: whether the model runs for them depends on the others.
    """
    uniform = torch.zeros(len(settled), dtype=torch.float64, device=device)
    for i, generator in enumerate(generators):
        if not settled[i]:
            uniform[i] = uniform_numbers([generator], 1, device)[0, 0]
    return uniform
