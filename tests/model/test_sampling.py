"""Choosing a token: parity of the filters and of guidance, draws, settings."""

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadSetting, BadShape
from uio2_agent.model.sampling import (
    Sampling,
    guide,
    keep_top_k,
    keep_top_p,
    per_row,
    ruled,
    uniform_numbers,
)

CPU = torch.device("cpu")
LOGITS = torch.tensor([[0.5, 0.2, 0.0, 0.3]]).log()


@pytest.fixture
def arrays(golden):
    return golden("sampling")


@pytest.mark.parametrize(
    "sampling, name",
    [
        (Sampling(temperature=1.0, top_p=0.9), "top_p_0.9"),
        (Sampling(temperature=0.9, top_p=0.95), "top_p_0.95_temp0.9"),
        (Sampling(temperature=1.0, top_k=50), "top_k_50"),
    ],
)
def test_filters_match_the_reference(arrays, sampling, name):
    ours = sampling.filtered(torch.from_numpy(arrays["logits"]))
    np.testing.assert_allclose(ours, arrays[name], rtol=1e-6)


def test_guided_scores_match_the_reference(arrays):
    logits = torch.from_numpy(arrays["logits"])
    guided = guide(logits[:2], logits[2:], 10.0)
    np.testing.assert_allclose(guided, arrays["cfg_alpha10"][:2], rtol=1e-5)
    cut = Sampling(temperature=0.9, top_p=0.9).filtered(guided)
    np.testing.assert_allclose(cut, arrays["cfg_alpha10_then_temp0.9_top_p_0.9"][:2], rtol=1e-5)


def test_guidance_of_nothing_changes_no_probability():
    cond, uncond = torch.randn(2, 3, 9)
    torch.testing.assert_close(guide(cond, uncond, 0.0).softmax(-1), cond.softmax(-1))


def test_at_least_one_token_survives_any_filter():
    for cut in (keep_top_p(LOGITS, 1e-6), keep_top_k(LOGITS, 1)):
        assert cut.isfinite().tolist() == [[True, False, False, False]]
    assert torch.equal(keep_top_k(LOGITS, 99), LOGITS)


def test_draws_follow_the_distribution_and_skip_what_has_no_mass():
    uniform = uniform_numbers([torch.Generator().manual_seed(0)], 4000, CPU)[0]
    drawn = Sampling(temperature=1.0).choose(LOGITS.expand(4000, -1), uniform)
    share = np.bincount(drawn, minlength=4) / 4000
    np.testing.assert_allclose(share, [0.5, 0.2, 0.0, 0.3], atol=0.03)
    assert share[2] == 0.0


def test_the_smallest_number_draws_the_first_token_with_mass():
    scores = torch.tensor([[-torch.inf, -torch.inf, 0.0, 1.0]])
    drawn = Sampling(temperature=1.0).choose(scores, torch.zeros(1, dtype=torch.float64))
    assert drawn.tolist() == [2]


def test_a_low_temperature_draws_the_likeliest_and_none_takes_it():
    scores = torch.randn(50, 30, generator=torch.Generator().manual_seed(0)) * 1e4
    uniform = torch.full((50,), 0.999, dtype=torch.float64)
    assert torch.equal(Sampling(temperature=1e-3).choose(scores, uniform), scores.argmax(-1))
    assert torch.equal(Sampling().choose(scores), scores.argmax(-1))


def test_all_numbers_of_a_row_come_from_its_generator_alone():
    def numbers(*seeds: int) -> torch.Tensor:
        return uniform_numbers([torch.Generator().manual_seed(s) for s in seeds], 6, CPU)

    assert torch.equal(numbers(3, 4)[1], numbers(4)[0])
    assert not torch.equal(numbers(3), numbers(4))


def test_rows_without_a_generator_get_one_seeded_by_their_place():
    assert [g.initial_seed() for g in per_row(None, 3)] == [0, 1, 2]
    with pytest.raises(BadSetting, match="one per row, 3"):
        per_row([torch.Generator()], 3)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -1.0},
        {"temperature": 1e-30},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"top_p": float("nan")},
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(BadSetting, match=next(iter(settings))):
        Sampling(**settings)


def test_a_rule_that_changes_the_shape_is_refused():
    with pytest.raises(BadShape, match="rule"):
        ruled(lambda scores, _: scores[:, :1], torch.zeros(2, 5), torch.zeros(2, 1))
