"""Text targets: shifting, cross-entropy, loss (spec f).

Shapes: B rows, L target tokens, V rows of the text table.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from uio2_agent.errors import BadShape

START = 0


def shift_right(targets: Tensor) -> Tensor:
    """What the decoder reads to predict `targets` (B, L): START, then all but the last."""
    return F.pad(targets[:, :-1], (1, 0), value=START)


def token_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """logits (B, L, V), targets (B, L) → float32 (B, L), unmasked."""
    if logits.shape[:-1] != targets.shape:
        raise BadShape("targets", tuple(targets.shape), f"{tuple(logits.shape[:-1])} as the logits")
    return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none").view(
        targets.shape
    )


def text_loss(
    logits: Tensor, targets: Tensor, loss_mask: Tensor | None = None, z_loss: float = 1e-4
) -> Tensor:
    """Cross-entropy plus z_loss · logsumexp², each averaged over the loss mask of the batch.

    Args:
        logits: (B, L, V); targets: (B, L) ids, 0 where there is none.
        loss_mask: (B, L) weights; every real target counts once when left out.

    Returns:
        A float32 scalar; 0 (not NaN) where the mask is empty.
    """
    cross_entropy = token_cross_entropy(logits, targets)
    weights = (targets != 0 if loss_mask is None else loss_mask).to(cross_entropy.dtype)
    total = cross_entropy
    if z_loss:
        total = total + z_loss * torch.logsumexp(logits.float(), dim=-1).square()
    return (total * weights).sum() / weights.sum().clamp(min=1.0)
