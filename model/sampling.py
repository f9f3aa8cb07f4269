"""How the next token is chosen from the model's scores (spec h).

Shapes: B rows, V rows of a token table, T tokens so far.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from uio2_agent.errors import BadSetting, BadShape

# Given scores (B, V) float32, its own to change, and the tokens so far (B, T) with the leading
# start, what to choose from instead.
Rule = Callable[[Tensor, Tensor], Tensor]

_COLDEST = 1e-3


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How to choose from scores: divide by the temperature, cut to `top_k`, cut to `top_p`, draw.

    Args:
        temperature: 0 takes the likeliest token and draws nothing.
        top_k, top_p: Draw only from the k likeliest, or the smallest set with mass p.

    Raises:
        BadSetting: On a temperature that is neither 0 nor between 0.001 and infinity, a `top_k`
            below 1, a `top_p` outside (0, 1].
    """

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if self.temperature != 0 and not _COLDEST <= self.temperature < math.inf:
            raise BadSetting("temperature", self.temperature, f"0, or {_COLDEST} and above")
        if self.top_k is not None and self.top_k < 1:
            raise BadSetting("top_k", self.top_k, "at least 1")
        if self.top_p is not None and not 0.0 < self.top_p <= 1.0:
            raise BadSetting("top_p", self.top_p, "above 0, at most 1")

    @property
    def draws(self) -> bool:
        """Whether chance has a part in it."""
        return self.temperature > 0

    def filtered(self, scores: Tensor) -> Tensor:
        """scores (B, V) float → what is drawn from, dropped tokens at -inf."""
        if self.draws:
            scores = scores / self.temperature
        if self.top_k is not None:
            scores = keep_top_k(scores, self.top_k)
        return scores if self.top_p is None else keep_top_p(scores, self.top_p)

    def choose(self, scores: Tensor, uniform: Tensor | None = None) -> Tensor:
        """One token per row (B) int64 by inverting the cumulative distribution.

        Args:
            scores: (B, V) float32. A row with nothing but -inf gets some token.
            uniform: (B,) float64 in [0, 1), on the device of the scores; needed where this draws.
        """
        if not self.draws:
            return scores.argmax(dim=-1)
        assert uniform is not None
        mass = self.filtered(scores).double().softmax(dim=-1).nan_to_num(0.0).cumsum(dim=-1)
        # `right` skips leading tokens without mass when the number drawn is exactly 0.
        chosen = torch.searchsorted(mass, uniform[:, None] * mass[:, -1:], right=True)[:, 0]
        return chosen.clamp(max=scores.shape[-1] - 1)


def keep_top_k(scores: Tensor, k: int) -> Tensor:
    """scores (B, V) with all but the k largest of a row at -inf."""
    least = scores.topk(min(k, scores.shape[-1]), dim=-1).values[:, -1:]
    return scores.masked_fill(scores < least, -torch.inf)


def keep_top_p(scores: Tensor, p: float) -> Tensor:
    """scores (B, V) with all but the smallest set of mass ≥ p at -inf; at least one stays."""
    ascending, order = scores.sort(dim=-1)
    tail = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1.0 - p
    tail[:, -1] = False
    return scores.masked_fill(tail.scatter(-1, order, tail), -torch.inf)


def guide(cond: Tensor, uncond: Tensor, alpha: float) -> Tensor:
    """Classifier-free guidance: scores (B, V) pushed away from what any prompt would give.

    (1 + α)·logsoftmax(cond) − α·logsoftmax(uncond), not normalised again (spec h).
    """
    return (1 + alpha) * cond.log_softmax(dim=-1) - alpha * uncond.log_softmax(dim=-1)


def ruled(rule: Rule | None, scores: Tensor, tokens: Tensor) -> Tensor:
    """What `rule` makes of scores (B, V) after tokens (B, T); `BadShape` if of another shape."""
    if rule is None:
        return scores
    changed = rule(scores, tokens)
    if changed.shape != scores.shape:
        raise BadShape("the rule's scores", tuple(changed.shape), f"{tuple(scores.shape)}")
    return changed


def per_row(generators: Sequence[torch.Generator] | None, rows: int) -> list[torch.Generator]:
    """One generator per row, so that a row's draws do not depend on the others.

    Without any, row i gets a fresh one seeded i. `BadSetting` on another number of them.
    """
    if generators is None:
        return [torch.Generator().manual_seed(i) for i in range(rows)]
    if len(generators) != rows:
        raise BadSetting("generators", len(generators), f"one per row, {rows}")
    return list(generators)


def uniform_numbers(
    generators: Sequence[torch.Generator], count: int, device: torch.device
) -> Tensor:
    """(B, count) float64 in [0, 1), each row from its own generator in a single call."""
    rows = [
        torch.rand(count, generator=g, device=g.device, dtype=torch.float64) for g in generators
    ]
    return torch.stack([row.to(device) for row in rows])
