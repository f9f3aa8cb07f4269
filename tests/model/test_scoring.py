"""Answers scored against an input: parity, chunks, rows, bad options."""

import copy
from dataclasses import replace

import pytest
import torch

from uio2_agent.errors import BadInput, BadSetting, UnknownName
from uio2_agent.model.scoring import score_answers
from uio2_agent.model.targets import text_targets, token_cross_entropy

SENTENCES = [[5, 9, 1], [7, 1], [5, 9, 11, 13, 40, 1], [1], [30, 31, 32, 1]]


def unpadded(rows) -> list[list[int]]:
    return [[token for token in row if token] for row in rows.tolist()]


@pytest.mark.parametrize(
    "options, settings, name",
    [
        ("options", {}, "avg"),
        ("options", {"reduction": "sum"}, "total"),
        ("options", {"chunk": 2}, "avg_batched2"),
        ("options_double_eos", {}, "avg_double_eos"),
    ],
)
def test_scores_match_the_reference(
    tiny, recorded_states, golden, matches, options, settings, name
):
    arrays = golden("answer_scores")
    scores = score_answers(tiny, recorded_states, unpadded(arrays[options]), **settings)
    assert scores.shape == (2, 4) and scores.dtype == torch.float32
    matches(scores[0], arrays[name])


@pytest.mark.parametrize("chunk", [1, 2, 50])
def test_scores_are_the_teacher_forced_cross_entropies_of_every_row(nano, nano_inputs, chunk):
    encoded = nano.encode(nano_inputs)
    scores = score_answers(nano, encoded, SENTENCES, chunk=chunk, reduction="sum")
    assert scores.shape == (3, 5)
    for i, sentence in enumerate(SENTENCES):
        tokens = torch.tensor([sentence] * 3)
        hidden = nano.decode(encoded, text_targets(tokens))["text"]
        want = token_cross_entropy(nano.logits(hidden), tokens).sum(dim=1)
        torch.testing.assert_close(scores[:, i], want, atol=1e-4, rtol=1e-5)


def test_an_input_is_read_once_for_all_options(nano, nano_inputs):
    calls: list[int] = []
    handles = [
        part.register_forward_hook(lambda *_: calls.append(1))
        for part in (nano.encoder, nano.decoder.layers[0].cross_attention.kv)
    ]
    try:
        score_answers(nano, nano_inputs, SENTENCES, chunk=2)
    finally:
        for handle in handles:
            handle.remove()
    assert len(calls) == 2


def test_a_zero_inside_an_option_counts_like_any_token(nano, nano_inputs):
    with_zero = score_answers(nano, nano_inputs, [[5, 0, 9, 1]], reduction="sum")
    alone = score_answers(nano, nano_inputs, [[5]], reduction="sum")
    assert (with_zero > alone + 0.1).all()


def test_bfloat16_models_score_in_float32(nano, nano_inputs):
    encoded, half = nano.encode(nano_inputs), copy.deepcopy(nano).bfloat16()
    states = replace(encoded, states=encoded.states.bfloat16())
    ours, want = score_answers(half, states, SENTENCES), score_answers(nano, encoded, SENTENCES)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, want, atol=0.1, rtol=0.03)


@pytest.mark.parametrize(
    "options, words",
    [
        ([], "options is empty"),
        ([[5, 1], []], "option 1 is 0 tokens long"),
        ([[5] * 513], "1 to 512 tokens"),
        ([[5, 2304]], "of 0 to 2303"),
        ([[-1, 1]], "of 0 to 2303"),
    ],
)
def test_bad_options_are_refused(nano, nano_inputs, options, words):
    with pytest.raises(BadInput, match=words):
        score_answers(nano, nano_inputs, options)


def test_bad_settings_are_refused(nano, nano_inputs):
    with pytest.raises(BadSetting, match="chunk"):
        score_answers(nano, nano_inputs, SENTENCES, chunk=0)
    with pytest.raises(UnknownName, match="Did you mean 'mean'"):
        score_answers(nano, nano_inputs, SENTENCES, reduction="meen")  # type: ignore[arg-type]
