"""Examples side by side."""

import numpy as np
import pytest
import torch

from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import FrameLatents
from uio2_agent.model.targets import text_targets
from uio2_agent.model.training.examples import Example, collate, pad
from uio2_agent.model.unified import UnifiedIO2


@pytest.fixture(scope="module")
def model() -> UnifiedIO2:
    return UnifiedIO2(SIZES["nano"]).eval()


def example(frames: int, seed: int = 0) -> Example:
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (1 + frames, 3, 128, 256), dtype=np.uint8)
    image, *history = pictures
    return Example(question=[5, 6], image=image, frames=history, answer=[7] * (seed + 1))


def test_rows_are_padded_after_their_end_tokens():
    assert pad([[5], [6, 7]]).tolist() == [[5, 1, 0], [6, 7, 1]]


def test_frames_go_into_the_slots_of_their_rows(model):
    batch = collate([example(2, 0), example(0, 1), example(1, 2)])
    with torch.no_grad():
        history = batch.inputs(model).image_history
        alone = collate([example(1, 2)]).inputs(model).image_history
    assert isinstance(history, FrameLatents)
    assert isinstance(alone, FrameLatents)
    assert history.mask.tolist() == [[True, True], [False, False], [True, False]]
    torch.testing.assert_close(history.latents[2, 0], alone.latents[0, 0])


def test_a_batch_without_frames_has_no_history(model):
    assert collate([example(0)]).inputs(model).image_history is None


def test_the_company_an_example_keeps_does_not_change_its_logits(model):
    with torch.no_grad():
        one, many = collate([example(1, 0)]), collate([example(1, 0), example(3, 4)])
        alone = model(one.inputs(model), text_targets(one.targets))["text"]
        among = model(many.inputs(model), text_targets(many.targets))["text"]
    torch.testing.assert_close(among[:1, : alone.shape[1]], alone, atol=1e-4, rtol=1e-4)
