"""Encoder and decoder against the reference; what must not matter to them."""

import copy
from dataclasses import replace

import pytest
import torch

from uio2_agent.model.rope import line_table
from uio2_agent.model.targets import shift_right, token_cross_entropy
from uio2_agent.model.transformer import Encoded

CPU = torch.device("cpu")
HEAD = 16  # head width of the tiny model


def test_the_first_encoder_layer_matches_the_reference(tiny, recorded_input, golden, matches):
    embeddings, mask, rope = recorded_input
    bias = torch.where(mask, 0.0, -1e10)[:, None, None]
    ours = tiny.encoder.layers[0](embeddings, bias, rope[:, None])
    matches(ours, golden("out_main")["encoder.layer0"], mask)


def test_encoder_states_of_five_modalities_match_the_reference(
    tiny, recorded_input, golden, matches
):
    mask = recorded_input[1]
    matches(tiny.encoder(*recorded_input), golden("out_main")["encoder.out"], mask)


def test_decoder_states_match_the_reference(tiny, recorded_states, batch, golden, matches):
    out = golden("out_main")
    targets = batch["targets.text.targets"]
    x = tiny.embed_targets(shift_right(targets))
    rope = line_table(512, HEAD, CPU)[None, : x.shape[1]]
    valid = targets != 0
    states = tiny.decoder(x, rope, recorded_states)
    matches(states[1], out["decoder.out_ex1_text"], valid[1])
    # Row 0 was recorded at every fourth position of text, image and audio targets; text is first.
    matches(states[0, ::4], out["decoder.out_ex0_stride4"][:6], valid[0, ::4])
    bias = torch.where(recorded_states.mask, 0.0, -1e10)[:, None, None]
    first = tiny.decoder.layers[0](
        x, rope[:, None], None, recorded_states.states, recorded_states.rope[:, None], bias
    )
    matches(first[0, ::4], out["decoder.layer0_ex0_stride4"][:6], valid[0, ::4])


def test_logits_and_cross_entropy_match_the_reference(
    tiny, recorded_states, batch, golden, matches
):
    out, targets = golden("out_main"), batch["targets.text.targets"]
    logits = tiny.logits(tiny.decode(recorded_states, targets))
    matches(logits, out["logits.text"], targets != 0)
    ours = token_cross_entropy(logits, targets) * (targets != 0)
    matches(ours, out["ce_token.text"], targets != 0)


@pytest.mark.parametrize("lengths", [[1] * 24, [1, 5, 1, 1, 16], [24]])
def test_a_few_tokens_at_a_time_give_the_teacher_forced_states(
    tiny, recorded_states, batch, lengths
):
    tokens = shift_right(batch["targets.text.targets"])
    whole = tiny.decode(recorded_states, batch["targets.text.targets"])
    cache = tiny.decoder.start(recorded_states, tokens.shape[1])
    parts = tokens.split(lengths, dim=1)
    steps = [tiny.decoder.step(tiny.embed_targets(part), cache) for part in parts]
    torch.testing.assert_close(torch.cat(steps, dim=1), whole, atol=1e-5, rtol=1e-5)
    assert cache.length == 24


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_reads_a_few_tokens_at_a_time(tiny, recorded_states, batch, dtype):
    decoder = copy.deepcopy(tiny.decoder).to(dtype)
    states = replace(recorded_states, states=recorded_states.states.to(dtype))
    x = tiny.embed_targets(shift_right(batch["targets.text.targets"]))
    whole = tiny.decoder.step(x, tiny.decoder.start(recorded_states, 24))
    ours = decoder.step(x.to(dtype), decoder.start(states, 24))
    assert ours.dtype == dtype
    assert (ours.float() - whole).abs().mean() < 0.05


def test_a_given_bias_replaces_the_causal_mask(tiny, recorded_states, batch):
    targets = batch["targets.text.targets"]
    x = tiny.embed_targets(shift_right(targets))
    rope = line_table(512, HEAD, CPU)[None, : x.shape[1]]
    causal = torch.full((x.shape[1], x.shape[1]), -1e10).triu(1)[None, None]
    plain = tiny.decoder(x, rope, recorded_states)
    torch.testing.assert_close(tiny.decoder(x, rope, recorded_states, causal), plain)
    alone = torch.full_like(causal, -1e10).masked_fill(torch.eye(x.shape[1]).bool(), 0.0)
    assert not torch.allclose(tiny.decoder(x, rope, recorded_states, alone), plain)


def test_input_padding_changes_nothing(tiny, recorded_input, batch):
    embeddings, mask, rope = recorded_input
    targets = batch["targets.text.targets"]
    plain = tiny.encoder(embeddings, mask, rope)
    padded = tuple(
        torch.cat([part, torch.full_like(part[:, :9], value)], dim=1)
        for part, value in ((embeddings, 5.0), (mask, 0), (rope, 1.0))
    )
    states = tiny.encoder(*padded)
    torch.testing.assert_close(states[:, :188][mask], plain[mask], atol=1e-5, rtol=1e-5)
    a = tiny.decode(Encoded(plain, mask, rope), targets)
    b = tiny.decode(Encoded(states, padded[1], padded[2]), targets)
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_a_row_with_nothing_to_read_stays_finite(tiny, recorded_input, batch):
    embeddings, mask, rope = recorded_input
    empty = torch.zeros_like(mask)
    states = tiny.encoder(embeddings, empty, rope)
    answer = tiny.decode(Encoded(states, empty, rope), batch["targets.text.targets"])
    assert states.isfinite().all() and answer.isfinite().all()
