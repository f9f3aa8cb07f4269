"""Bins are places on a line."""

import pytest
import torch

from uio2_agent.model.training.losses import soft_bin_loss
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint

WIDTH = 2304


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(find_checkpoint("nano") / "tokenizer.model")


def sure(ids: list[int]) -> torch.Tensor:
    """Logits that put nearly everything on one id at each place."""
    logits = torch.zeros(1, len(ids), WIDTH)
    logits[0, range(len(ids)), ids] = 20.0
    return logits


def test_a_near_miss_costs_less_than_a_far_one(tokenizer):
    target = torch.tensor([[tokenizer.extra_id(700)]])

    def loss(number):
        return soft_bin_loss(sure([tokenizer.extra_id(number)]), target, tokenizer, width=8).bins

    assert loss(700) < loss(705) < loss(720) < loss(800)


def test_the_right_distribution_costs_nothing(tokenizer):
    first = tokenizer.extra_id(1199)
    logits = torch.full((1, 1, WIDTH), -1e4)
    distance = torch.arange(1000.0) - 500
    logits[0, 0, first : first + 1000] = -0.5 * (distance / 8) ** 2
    losses = soft_bin_loss(logits, torch.tensor([[first + 500]]), tokenizer, width=8)
    assert losses.bins == pytest.approx(0, abs=1e-4)


def test_padding_does_not_count(tokenizer):
    logits = torch.randn(1, 3, WIDTH)
    target = torch.tensor([[40, tokenizer.extra_id(300), 0]])
    other = logits.clone()
    other[:, 2] += torch.randn(WIDTH)
    a, b = (soft_bin_loss(x, target, tokenizer, width=8) for x in (logits, other))
    assert a.total == b.total


def test_words_count_by_plain_cross_entropy(tokenizer):
    logits = torch.randn(2, 4, WIDTH)
    target = torch.randint(5, 900, (2, 4))
    losses = soft_bin_loss(logits, target, tokenizer, width=8)
    plain = torch.nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())
    assert losses.words == pytest.approx(plain)
    assert losses.bins == 0
