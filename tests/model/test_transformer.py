"""Encoder and decoder against the reference; what must not matter to them."""

import copy
from dataclasses import replace

import pytest
import torch

from uio2_agent.model.inputs import Tokens
from uio2_agent.model.rope import line_table
from uio2_agent.model.targets import (
    Targets,
    TokenTargets,
    shift_right,
    text_targets,
    token_cross_entropy,
)
from uio2_agent.model.transformer import Encoded

CPU = torch.device("cpu")
HEAD = 16  # head width of the tiny model


def test_the_first_encoder_layer_matches_the_reference(tiny, recorded_input, golden, matches):
    embeddings, mask, rope, _ = recorded_input
    bias = torch.where(mask, 0.0, -1e10)[:, None, None]
    ours = tiny.encoder.layers[0](embeddings, bias, rope[:, None])
    matches(ours, golden("out_main")["encoder.layer0"], mask)


def test_encoder_states_of_five_modalities_match_the_reference(
    tiny, recorded_input, golden, matches
):
    mask = recorded_input[1]
    matches(tiny.encoder(*recorded_input), golden("out_main")["encoder.out"], mask)


def test_decoder_states_of_three_modalities_match_the_reference(
    tiny, recorded_states, tiny_targets, golden, matches
):
    out = golden("out_main")
    hidden = tiny.decode(recorded_states, tiny_targets)
    matches(hidden["text"][1], out["decoder.out_ex1_text"], tiny_targets.text.valid()[1])
    # Row 0 was recorded at every fourth position of text, image and audio.
    whole = torch.cat([hidden[name][0] for name, _ in tiny_targets.present()])
    valid = torch.from_numpy(out["tgt.mask_concat"])[0, ::4]
    matches(whole[::4], out["decoder.out_ex0_stride4"], valid)


def test_the_first_decoder_layer_matches_the_reference(
    tiny, recorded_states, batch, golden, matches
):
    targets = batch["targets.text.targets"]
    x = tiny.embed_targets(shift_right(targets))
    rope = line_table(512, HEAD, CPU)[None, : x.shape[1]]
    bias = torch.where(recorded_states.mask, 0.0, -1e10)[:, None, None]
    first = tiny.decoder.layers[0](
        x, rope[:, None], None, recorded_states.states, recorded_states.rope[:, None], bias
    )
    recorded = golden("out_main")["decoder.layer0_ex0_stride4"][:6]
    matches(first[0, ::4], recorded, targets[0, ::4] != 0)


def test_logits_and_cross_entropy_match_the_reference(
    tiny, recorded_states, tiny_targets, golden, matches
):
    out, whole = golden("out_main"), golden("logits_main")
    for name, part in tiny_targets.present():
        only = Targets(**{name: part})
        logits = tiny.logits(tiny.decode(recorded_states, only)[name], name)
        if name == "text":
            matches(logits, out["logits.text"], part.valid())
        else:
            matches(logits[0], whole[f"{name}_ex0"], part.valid()[0])
        ours = token_cross_entropy(logits, part.tokens) * part.weights()
        matches(ours, out[f"ce_token.{name}"], part.valid())


@pytest.mark.parametrize("lengths", [[1] * 24, [1, 5, 1, 1, 16], [24]])
def test_a_few_tokens_at_a_time_give_the_teacher_forced_states(
    tiny, recorded_states, batch, lengths
):
    tokens = shift_right(batch["targets.text.targets"])
    whole = tiny.decode(recorded_states, text_targets(batch["targets.text.targets"]))["text"]
    cache = tiny.start(recorded_states, tokens.shape[1])
    parts = tokens.split(lengths, dim=1)
    steps = [tiny.decoder.step(tiny.embed_targets(part), cache) for part in parts]
    torch.testing.assert_close(torch.cat(steps, dim=1), whole, atol=1e-5, rtol=1e-5)
    assert cache.length == 24


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_reads_a_few_tokens_at_a_time(tiny, recorded_states, batch, dtype):
    decoder = copy.deepcopy(tiny.decoder).to(dtype)
    states = replace(recorded_states, states=recorded_states.states.to(dtype))
    x = tiny.embed_targets(shift_right(batch["targets.text.targets"]))
    rope = line_table(512, HEAD, CPU)[:24]
    whole = tiny.decoder.step(x, tiny.decoder.start(recorded_states, rope))
    ours = decoder.step(x.to(dtype), decoder.start(states, rope))
    assert ours.dtype == dtype
    assert (ours.float() - whole).abs().mean() < 0.05


def test_a_given_bias_replaces_the_causal_mask(tiny, recorded_states, batch):
    targets = batch["targets.text.targets"]
    x = tiny.embed_targets(shift_right(targets))
    rope = line_table(512, HEAD, CPU)[None, : x.shape[1]]
    causal = torch.full((x.shape[1], x.shape[1]), -1e10).triu(1)[None, None]
    plain = tiny.decoder(x, rope, recorded_states)
    torch.testing.assert_close(tiny.decoder(x, rope, recorded_states, [causal] * 3), plain)
    alone = torch.full_like(causal, -1e10).masked_fill(torch.eye(x.shape[1]).bool(), 0.0)
    assert not torch.allclose(tiny.decoder(x, rope, recorded_states, [alone] * 3), plain)


def test_input_padding_changes_nothing(tiny, recorded_input, batch):
    embeddings, mask, rope, _ = recorded_input
    targets = batch["targets.text.targets"]
    plain = tiny.encoder(embeddings, mask, rope)
    padded = tuple(
        torch.cat([part, torch.full_like(part[:, :9], value)], dim=1)
        for part, value in ((embeddings, 5.0), (mask, 0), (rope, 1.0))
    )
    states = tiny.encoder(*padded)
    torch.testing.assert_close(states[:, :188][mask], plain[mask], atol=1e-5, rtol=1e-5)
    a = tiny.decode(Encoded(plain, mask, rope), text_targets(targets))["text"]
    b = tiny.decode(Encoded(states, padded[1], padded[2]), text_targets(targets))["text"]
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_a_row_with_nothing_to_read_stays_finite(tiny, recorded_input, batch):
    embeddings, mask, rope, _ = recorded_input
    empty = torch.zeros_like(mask)
    states = tiny.encoder(embeddings, empty, rope)
    targets = text_targets(batch["targets.text.targets"])
    answer = tiny.decode(Encoded(states, empty, rope), targets)["text"]
    assert states.isfinite().all() and answer.isfinite().all()


def test_packed_rows_give_what_their_examples_give_alone(tiny, recorded_input, batch):
    """Two examples side by side in one row, told apart by their numbers."""
    targets = batch["targets.text.targets"]
    valid = targets != 0
    apart = tiny.decode(tiny.encode(recorded_input), text_targets(targets))["text"]
    embeddings, mask, rope, _ = recorded_input

    def side_by_side(x: torch.Tensor) -> torch.Tensor:
        return x.flatten(0, 1)[None]

    numbers = torch.arange(2)[:, None]
    packed = Tokens(
        side_by_side(embeddings),
        side_by_side(mask),
        side_by_side(rope),
        side_by_side(numbers.expand_as(mask)),
    )
    ids = side_by_side(numbers.expand_as(targets))
    part = TokenTargets(side_by_side(targets), side_by_side(valid), answers=ids, examples=ids)
    together = tiny.decode(tiny.encode(packed), Targets(text=part))["text"]
    torch.testing.assert_close(
        together[0].unflatten(0, (2, 24))[valid], apart[valid], atol=1e-5, rtol=1e-5
    )
