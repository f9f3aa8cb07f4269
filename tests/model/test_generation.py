"""Answers token by token: parity, masks, rules, batches, seeds, streaming."""

import copy
from dataclasses import replace

import pytest
import torch

from uio2_agent.errors import BadSetting, BadShape
from uio2_agent.model.generation import _uniform, generate_text
from uio2_agent.model.sampling import Sampling


def banned(rows: list[list[int]]) -> torch.Tensor:
    """The golden `ban` rule: never 0 or 1, nor any of the last twelve tokens."""
    mask = torch.ones(len(rows), 1664, dtype=torch.bool)
    mask[:, :2] = False
    for i, row in enumerate(rows):
        mask[i, row[-12:]] = False
    return mask


def test_greedy_answers_are_the_recorded_ones(tiny, recorded_states, golden):
    want = golden("gen")["text.sequences"]
    answer = generate_text(tiny, recorded_states, max_new_tokens=want.shape[1] - 1)
    assert answer.dtype == torch.int64
    assert answer.tolist() == want[:, : answer.shape[1]].tolist()


def test_scores_along_the_greedy_answer_match_the_reference(tiny, recorded_states, golden, matches):
    want = golden("gen")
    tokens = torch.from_numpy(want["text.sequences"])
    cache = tiny.start(recorded_states, tokens.shape[1])
    scores = [tiny.step(column[:, None], cache) for column in tokens[:, :-1].T]
    matches(torch.stack(scores, dim=1), want["text.scores"])


def test_greedy_answers_under_a_mask_are_the_recorded_ones(tiny, recorded_states, golden):
    want = golden("gen")["text_ban.sequences"]
    answer = generate_text(tiny, recorded_states, max_new_tokens=48, allowed=banned)
    assert answer.tolist() == want.tolist()


def test_a_rule_changes_the_scores_as_a_mask_would(tiny, recorded_states, golden):
    def rule(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        scores[:, :2] = -1e4
        return scores.scatter(1, tokens[:, -12:], -1e4)

    want = golden("gen")["text_ban.sequences"]
    answer = generate_text(tiny, recorded_states, max_new_tokens=48, rule=rule)
    assert answer.tolist() == want.tolist()


def only(*tokens: int):
    """A mask that allows `tokens[i]` at step i."""

    def allowed(rows: list[list[int]]) -> torch.Tensor:
        mask = torch.zeros(len(rows), 2304, dtype=torch.bool)
        for i, row in enumerate(rows):
            mask[i, tokens[min(len(row), len(tokens) - 1)]] = True
        return mask

    return allowed


def sentence(rows: list[list[int]]) -> torch.Tensor:
    """Three fixed tokens, one of a hundred, and so on; row 1 is one token behind; 12 tokens."""
    mask = torch.zeros(len(rows), 2304, dtype=torch.bool)
    for i, row in enumerate(rows):
        place = len(row) + (4 - i if len(rows) > 1 else 0)
        if len(row) == 11:
            mask[i, 1] = True
        elif place % 4 == 3:
            mask[i, 100:200] = True
        else:
            mask[i, 50 + place % 4] = True
    return mask


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_fixed_tokens_are_read_together_and_change_nothing(nano, nano_inputs, temperature):
    generators = [torch.Generator().manual_seed(i) for i in range(3)]
    seeds = [torch.Generator().manual_seed(i) for i in range(3)]
    reads = []
    handle = nano.decoder.layers[0].norm1.register_forward_pre_hook(
        lambda _, args: reads.append(args[0].shape[1])
    )
    try:
        answer = generate_text(
            nano,
            nano_inputs,
            max_new_tokens=12,
            allowed=sentence,
            temperature=temperature,
            generators=generators,
        )
    finally:
        handle.remove()
    assert sum(reads) < 12 and max(reads) > 1 and answer.shape == (3, 13)
    cache = nano.start(nano.encode(nano_inputs), 12)
    for at in range(12):
        logits = nano.step(answer[:, at : at + 1], cache)
        mask = sentence(answer[:, 1 : at + 1].tolist())
        logits = logits.masked_fill(~mask, -torch.inf)
        single = (mask.sum(dim=-1) == 1).tolist()
        uniform = _uniform(seeds, single, logits.device)
        drawn = Sampling(temperature=temperature).choose(logits, uniform)
        assert drawn.tolist() == answer[:, at + 1].tolist()


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_mask_decides_and_the_answer_ends_at_eos(nano, nano_inputs, temperature):
    answer = generate_text(
        nano, nano_inputs, max_new_tokens=9, allowed=only(7, 8, 1), temperature=temperature
    )
    assert answer.tolist() == [[0, 7, 8, 1]] * 3


def test_a_finished_row_is_padded_while_others_go_on(nano, nano_inputs):
    def allowed(rows: list[list[int]]) -> torch.Tensor:
        mask = torch.zeros(len(rows), 2304, dtype=torch.bool)
        for i, row in enumerate(rows):
            if 1 not in row:  # a finished row may be left without any choice
                mask[i, 1 if len(row) == i else 50] = True
        return mask

    for temperature in (0.0, 1.0):
        answer = generate_text(
            nano, nano_inputs, max_new_tokens=9, allowed=allowed, temperature=temperature
        )
        assert answer.tolist() == [[0, 1, 0, 0], [0, 50, 1, 0], [0, 50, 50, 1]]


def test_an_answer_stops_at_its_longest(nano, nano_inputs):
    answer = generate_text(nano, nano_inputs, max_new_tokens=5, allowed=only(9))
    assert answer.tolist() == [[0, 9, 9, 9, 9, 9]] * 3


def _row(inputs, i: int):
    row = slice(i, i + 1)

    def cut(p):
        return replace(p, pixels=p.pixels[row], mask=p.mask[row], pos_ids=p.pos_ids[row])

    return replace(
        inputs,
        text=inputs.text[row],
        image=cut(inputs.image),
        image_history=cut(inputs.image_history),
    )


@pytest.mark.parametrize("settings", [{}, {"temperature": 1.0, "top_p": 0.95, "top_k": 40}])
def test_a_row_does_not_depend_on_its_neighbours(nano, nano_inputs, settings):
    def seeded(*seeds: int) -> dict:
        return {**settings, "generators": [torch.Generator().manual_seed(s) for s in seeds]}

    together = generate_text(nano, nano_inputs, max_new_tokens=12, **seeded(3, 4, 5))
    for i in range(3):
        alone = generate_text(nano, _row(nano_inputs, i), max_new_tokens=12, **seeded(3 + i))
        row = together[i, : alone.shape[1]]
        assert row.tolist() == alone[0].tolist()


def test_the_same_seed_draws_the_same_answer_and_another_one_not(nano, nano_inputs):
    def draw(seed: int) -> list[list[int]]:
        generators = [torch.Generator().manual_seed(seed + i) for i in range(3)]
        return generate_text(
            nano, nano_inputs, max_new_tokens=8, temperature=1.0, generators=generators
        ).tolist()

    assert draw(1) == draw(1) != draw(7)


def test_every_token_is_streamed_as_it_comes(nano, nano_inputs):
    def allowed(rows: list[list[int]]) -> torch.Tensor:
        mask = torch.zeros(len(rows), 2304, dtype=torch.bool)
        for i, row in enumerate(rows):
            mask[i, 1 if len(row) == i else 50 + len(row)] = True
        return mask

    columns: list[list[int]] = []
    answer = generate_text(
        nano, nano_inputs, max_new_tokens=9, allowed=allowed, on_tokens=columns.append
    )
    assert columns == [[1, 50, 50], [0, 1, 51], [0, 0, 1]] == answer[:, 1:].T.tolist()


def test_an_interrupted_answer_leaves_nothing_behind(nano, nano_inputs):
    whole = generate_text(nano, nano_inputs, max_new_tokens=6, temperature=1.0)

    def interrupt(_: list[int]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_text(nano, nano_inputs, max_new_tokens=6, temperature=1.0, on_tokens=interrupt)
    again = generate_text(nano, nano_inputs, max_new_tokens=6, temperature=1.0)
    assert torch.equal(again, whole)


def test_bfloat16_models_choose_in_float32(nano, nano_inputs):
    half, seen = copy.deepcopy(nano).bfloat16(), []

    def rule(scores: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        seen.append(scores.dtype)
        return scores

    inputs = replace(nano_inputs, image=None, image_history=None)
    answer = generate_text(half, inputs, max_new_tokens=4, temperature=1.0, rule=rule)
    assert answer.shape == (3, 5) and set(seen) == {torch.float32}


def test_cross_attention_keys_are_computed_once_per_answer(nano, nano_inputs):
    encoded, calls = nano.encode(nano_inputs), []
    handles = [
        layer.cross_attention.kv.register_forward_hook(lambda *_: calls.append(1))
        for layer in nano.decoder.layers
    ]
    generate_text(nano, encoded, max_new_tokens=6, allowed=only(9))
    for handle in handles:
        handle.remove()
    assert len(calls) == len(nano.decoder.layers)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_new_tokens": 0},
        {"max_new_tokens": 513},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"temperature": 1.0, "generators": [torch.Generator()]},
        {"generators": []},
        {"allowed": lambda rows: torch.zeros(len(rows), 2304, dtype=torch.bool)},
    ],
)
def test_impossible_settings_are_refused(nano, nano_inputs, settings):
    with pytest.raises(BadSetting):
        generate_text(nano, nano_inputs, **{"max_new_tokens": 4, **settings})


def test_a_mask_of_another_shape_is_refused(nano, nano_inputs):
    with pytest.raises(BadShape, match="allowed"):
        generate_text(
            nano, nano_inputs, max_new_tokens=2, allowed=lambda rows: torch.ones(3, 5).bool()
        )
