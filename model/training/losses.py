"""Cross-entropy that knows that location bins are places on a line.

Legend: B rows, A answer tokens, V rows of the text table.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from uio2_agent.model.vocabulary import Tokenizer


@dataclass(frozen=True, kw_only=True)
class TextLosses:
    """Means over the batch's tokens of each kind; `total` is what is minimised."""

    words: Tensor
    bins: Tensor
    z: Tensor

    @property
    def total(self) -> Tensor:
        return self.words + self.bins + self.z


def soft_bin_loss(
    logits: Tensor,
    targets: Tensor,
    tokenizer: Tokenizer,
    *,
    width: float,
    z_weight: float = 1e-4,
) -> TextLosses:
    """Words against their ids, bins against a Gaussian over neighbouring bins.

    Args:
        logits: (B, A, V).
        targets: (B, A), 0 where padded.
        tokenizer: Says which ids are bins.
        width: Standard deviation in bins; a miss by a few bins is a small error, not a wrong class.
        z_weight: Of the squared log-partition, as in the released trainer (spec f).
    """
    first, last = sorted((tokenizer.first_location_id, tokenizer.last_location_id))
    valid = targets != Tokenizer.PAD
    is_bin = (targets >= first) & (targets <= last)
    z = torch.logsumexp(logits, -1)  # (B, A)
    words, bins = valid & ~is_bin, valid & is_bin
    hard = F.cross_entropy(logits[words].float(), targets[words], reduction="sum")
    ids = torch.arange(first, last + 1, device=logits.device)  # (1000,)
    distance = (ids - targets[bins][:, None]) / width  # (M, 1000)
    weights = torch.softmax(-0.5 * distance.square(), -1)
    expected = (weights * logits[bins][:, first : last + 1]).sum(-1)  # (M,)
    soft = (z[bins] - expected - _entropy(weights)).sum()  # Kullback-Leibler, so that perfect is 0
    return TextLosses(
        words=hard / words.sum().clamp(min=1),
        bins=soft / bins.sum().clamp(min=1),
        z=z_weight * z[valid].square().mean(),
    )


def _entropy(weights: Tensor) -> Tensor:
    return -torch.special.xlogy(weights, weights).sum(-1)
