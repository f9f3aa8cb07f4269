"""Shifting and losses; what counts as a target."""

import pytest
import torch

from uio2_agent.errors import BadShape
from uio2_agent.model.targets import (
    Targets,
    TokenTargets,
    shift_right,
    text_targets,
    token_cross_entropy,
    token_loss,
    total_loss,
)

NAMES = ("text", "image", "audio")


def test_the_decoder_reads_the_start_then_all_but_the_last(batch):
    targets = batch["targets.text.targets"]
    ours, recorded = shift_right(targets), batch["targets.text.inputs"]
    # The reference blanks positions that predict nothing; they are never compared.
    assert torch.equal(ours * (targets != 0), recorded)
    assert ours[:, 0].tolist() == [0, 0]


def test_every_answer_in_a_row_begins_with_the_start():
    tokens, answers = torch.tensor([[5, 1, 6, 7, 1]]), torch.tensor([[0, 0, 1, 1, 1]])
    assert shift_right(tokens, answers).tolist() == [[0, 5, 0, 6, 7]]


@pytest.mark.parametrize("name", ["image", "audio"])
def test_tokens_of_pictures_and_sounds_match_the_reference(tiny, batch, golden, name):
    recorded = torch.from_numpy(golden("out_main")[f"tgt.{name}.tokens"]).long()
    if name == "image":
        signal = (batch["targets.image.image"].permute(0, 3, 1, 2) + 1) / 2
    else:  # recorded in the quantiser's units
        signal = batch["targets.audio.audio"][..., 0] * 3.8312 - 5.0945
    assert torch.equal(tiny.targets[name].tokens(signal)[:1], recorded[:1])


def test_the_two_tokens_without_a_code_read_as_the_first(tiny):
    embedder = tiny.targets["audio"]
    signals = [embedder.signal(torch.full((1, 512), token)) for token in (0, 1, 2)]
    assert torch.equal(signals[0], signals[2]) and torch.equal(signals[1], signals[2])


def test_losses_match_the_reference(tiny, tiny_inputs, tiny_targets, golden, matches):
    out = golden("out_main")
    logits = tiny(tiny_inputs, tiny_targets)
    for name, part in tiny_targets.present():
        plain = token_loss(logits[name], part, z_loss=0.0)
        matches(plain, out[f"loss_ce.{name}"])
        matches(token_loss(logits[name], part), out[f"loss_ce.{name}"] + out[f"loss_z.{name}"])
    matches(total_loss(logits, tiny_targets, z_loss=0.0), out["loss_total_ce"])
    matches(total_loss(logits, tiny_targets), out["loss_total"])


def test_only_the_loss_mask_counts():
    logits, tokens = torch.randn(2, 3, 9), torch.tensor([[4, 5, 1], [6, 1, 0]])
    mask = torch.tensor([[0, 1, 0], [0, 0, 0]])
    want = token_cross_entropy(logits, tokens)[0, 1]
    torch.testing.assert_close(token_loss(logits, TokenTargets(tokens, loss_mask=mask), 0.0), want)
    torch.testing.assert_close(
        token_loss(logits, TokenTargets(tokens)),
        token_loss(logits, TokenTargets(tokens, loss_mask=(tokens != 0).float())),
    )


def test_a_batch_without_targets_costs_nothing():
    logits = torch.randn(1, 2, 5, requires_grad=True)
    loss = token_loss(logits, TokenTargets(torch.zeros(1, 2, dtype=torch.int64)))
    loss.backward()
    assert loss.item() == 0.0 and logits.grad is not None and logits.grad.isfinite().all()


def test_targets_of_another_shape_than_the_logits_are_refused():
    with pytest.raises(BadShape):
        token_loss(torch.randn(2, 3, 9), TokenTargets(torch.zeros(2, 4, dtype=torch.int64)))


@pytest.mark.parametrize(
    "tokens", [torch.zeros(3).long(), torch.zeros(2, 0).long(), torch.ones(1, 2)]
)
def test_tokens_of_the_wrong_shape_or_kind_are_refused(tokens):
    with pytest.raises(BadShape, match="targets"):
        TokenTargets(tokens)


def test_a_mask_of_another_shape_is_called_by_its_name():
    with pytest.raises(BadShape, match="task_mask"):
        TokenTargets(torch.ones(2, 3).long(), task_mask=torch.ones(2, 4).bool())


def test_modalities_come_in_sequence_order():
    part = TokenTargets(torch.ones(1, 1).long())
    assert [name for name, _ in Targets(audio=part, text=part).present()] == ["text", "audio"]
    assert [name for name, _ in text_targets(part.tokens).present()] == ["text"]


def test_targets_move_with_all_they_hold():
    part = TokenTargets(torch.ones(1, 1).long(), mask=torch.ones(1, 1).bool())
    moved = Targets(image=part).to("meta")
    assert moved.text is None and moved.image is not None and moved.image.mask is not None
    assert moved.image.tokens.is_meta and moved.image.mask.is_meta
