"""Patterns against the reference; who reads whom."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from uio2_agent.errors import UnknownName
from uio2_agent.model.config import SIZES
from uio2_agent.model.masks import (
    as_bias,
    dynamic_mask,
    grid_pattern,
    layer_patterns,
    same_segment,
    self_biases,
)
from uio2_agent.model.targets import TokenTargets

RELEASED = {"row": "row", "column": "col", "window": "conv"}
SPARSE = replace(SIZES["tiny"], sparse_masks=True, dynamic_masks=True)


@pytest.mark.parametrize("kind", RELEASED)
@pytest.mark.parametrize(
    ("name", "rows", "cols"), [("image_32x32", 32, 32), ("audio_32x16", 32, 16)]
)
def test_grid_patterns_are_those_of_the_release(golden, name, rows, cols, kind):
    packed = golden("masks")[f"{name}.{RELEASED[kind]}"]
    recorded = np.unpackbits(packed, axis=1)[:, : rows * cols].astype(bool)
    assert np.array_equal(grid_pattern(kind, rows, cols).numpy(), recorded)


@pytest.mark.parametrize("kind", RELEASED)
def test_a_grid_that_is_not_square_has_the_released_pattern_too(golden, kind):
    recorded = golden("masks")[f"small_5x4.{RELEASED[kind]}"].astype(bool)
    assert np.array_equal(grid_pattern(kind, 5, 4).numpy(), recorded)


def test_a_pattern_nobody_knows_is_refused():
    with pytest.raises(UnknownName, match="diagonal"):
        grid_pattern("diagonal", 2, 2)  # type: ignore[arg-type]


def test_layers_of_the_large_decoder_have_the_released_patterns():
    kinds = layer_patterns(24)
    assert [i for i, kind in enumerate(kinds) if kind == "column"] == [1, 5, 9, 13, 17, 21]
    assert [i for i, kind in enumerate(kinds) if kind == "window"] == [23]
    assert kinds.count("row") == 17


def test_hidden_tokens_are_read_by_nobody_but_themselves():
    hidden = torch.tensor([[False, True, False, False]])  # the input is shifted: place 2 is hidden
    mask = dynamic_mask(hidden)[0]
    assert mask[2].tolist() == mask[:, 2].tolist() == [False, False, True, False]
    assert mask[[0, 1, 3]][:, [0, 1, 3]].all()


def test_segments_agree_token_by_token():
    own = same_segment(torch.tensor([[0, 1]]), torch.tensor([[0, 0, 1]]))
    assert own.tolist() == [[[True, True, False], [False, False, True]]]


def test_what_is_not_readable_gets_a_bias_no_logit_outweighs():
    bias = as_bias(torch.tensor([[[True, False]]]), torch.float16)
    assert bias.shape == (1, 1, 1, 2)
    assert bias[0, 0, 0].tolist()[0] == 0 and bias[0, 0, 0, 1] < -30000 and bias.isfinite().all()


def tokens(*rows: list[int]) -> torch.Tensor:
    return torch.tensor(rows)


def test_one_plain_answer_needs_no_bias():
    assert self_biases(SIZES["tiny"], {"text": TokenTargets(tokens([5, 1, 0]))}, torch.float32) is (
        None
    )


def test_modalities_of_one_example_never_read_each_other():
    parts = {
        "text": TokenTargets(tokens([5, 6])),
        "image": TokenTargets(tokens([2, 3, 4])),
    }
    biases = self_biases(SIZES["tiny"], parts, torch.float32)
    assert biases is not None and len(biases) == 3
    want = torch.zeros(5, 5, dtype=torch.bool)
    want[:2, :2], want[2:, 2:] = torch.ones(2, 2).tril() > 0, torch.ones(3, 3).tril() > 0
    assert all(torch.equal(bias[0, 0] == 0, want) for bias in biases)


def test_answers_and_packed_examples_are_kept_apart():
    ids = tokens([0, 0, 1, 1])
    want = torch.block_diag(*[torch.ones(2, 2).tril()] * 2) > 0
    for name in ("answers", "examples"):
        part = TokenTargets(tokens([5, 1, 6, 1]), **{name: ids})
        biases = self_biases(SIZES["tiny"], {"text": part}, torch.float32)
        assert biases is not None and torch.equal(biases[0][0, 0] == 0, want)


def test_layers_with_the_same_pattern_share_their_bias():
    cfg = replace(SPARSE, decoder_layers=8)
    image = TokenTargets(torch.full((1, 1024), 3))
    biases = self_biases(cfg, {"image": image}, torch.float32)
    assert biases is not None
    assert len({bias.data_ptr() for bias in biases}) == 3
    assert biases[0] is biases[2] and biases[1] is biases[5]


def test_text_is_read_whole_even_with_sparse_masks():
    parts = {"text": TokenTargets(tokens([5, 6, 7])), "image": TokenTargets(tokens([2, 3, 4]))}
    biases = self_biases(SPARSE, parts, torch.float32)
    assert biases is not None
    for bias in biases:
        assert torch.equal(bias[0, 0, :3, :3] == 0, torch.ones(3, 3).tril() > 0)


def test_dynamic_masks_hold_only_when_switched_on():
    part = TokenTargets(tokens([2, 3, 4]), task_mask=tokens([1, 0, 0]).bool())
    off = self_biases(SIZES["tiny"], {"image": part}, torch.float32)
    on = self_biases(replace(SIZES["tiny"], dynamic_masks=True), {"image": part}, torch.float32)
    assert off is not None and on is not None
    assert (off[0][0, 0, 1] == 0).tolist() == [True, True, False]
    assert (on[0][0, 0, 1] == 0).tolist() == [False, True, False]
