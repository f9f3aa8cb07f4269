"""Shifting and loss of text targets."""

import pytest
import torch

from uio2_agent.errors import BadShape
from uio2_agent.model.targets import shift_right, text_loss, token_cross_entropy


def test_the_decoder_reads_the_start_then_all_but_the_last(batch):
    targets = batch["targets.text.targets"]
    ours, recorded = shift_right(targets), batch["targets.text.inputs"]
    # The reference blanks positions that predict nothing; they are never compared.
    assert torch.equal(ours * (targets != 0), recorded)
    assert ours[:, 0].tolist() == [0, 0]


def test_the_loss_matches_the_reference(golden, batch, matches):
    out, targets = golden("out_main"), batch["targets.text.targets"]
    logits = torch.from_numpy(out["logits.text"])
    plain = text_loss(logits, targets, z_loss=0.0)
    matches(plain, out["loss_ce.text"])
    matches(text_loss(logits, targets), out["loss_ce.text"] + out["loss_z.text"])


def test_only_the_loss_mask_counts():
    logits, targets = torch.randn(2, 3, 9), torch.tensor([[4, 5, 1], [6, 1, 0]])
    mask = torch.tensor([[0, 1, 0], [0, 0, 0]])
    want = token_cross_entropy(logits, targets)[0, 1]
    torch.testing.assert_close(text_loss(logits, targets, mask, z_loss=0.0), want)
    torch.testing.assert_close(
        text_loss(logits, targets), text_loss(logits, targets, (targets != 0).float())
    )


def test_a_batch_without_targets_costs_nothing():
    logits = torch.randn(1, 2, 5, requires_grad=True)
    loss = text_loss(logits, torch.zeros(1, 2, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0.0 and logits.grad is not None and logits.grad.isfinite().all()


def test_targets_of_another_shape_are_refused():
    with pytest.raises(BadShape):
        text_loss(torch.randn(2, 3, 9), torch.zeros(2, 4, dtype=torch.int64))
