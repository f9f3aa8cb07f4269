"""Steps of fixed shape write what plain decoding writes; the recording itself needs a GPU."""

import copy
import gc

import pytest
import torch

from uio2_agent.errors import UnknownName
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.replay import ReplayedCache
from uio2_agent.model.unified import UnifiedIO2


@pytest.fixture
def model(tiny) -> UnifiedIO2:
    return copy.deepcopy(tiny)


def logits(model: UnifiedIO2, inputs: Inputs, modality: str, steps: int = 5) -> torch.Tensor:
    """Greedy, a few tokens of two rows."""
    with torch.inference_mode():
        cache = model.start(model.encode(inputs), 40, modality)
        tokens = torch.tensor([[0, 7, 9], [0, 8, 3]], device=model.text_table.weight.device)
        rows = [model.step(tokens, cache)]  # several tokens at once come first, as in generation
        for _ in range(steps):
            rows.append(model.step(rows[-1].argmax(dim=-1)[:, None], cache))
    return torch.stack(rows)


@pytest.mark.parametrize("modality", ["text", "image", "audio"])
def test_steps_of_fixed_shape_give_the_logits_of_plain_decoding(model, tiny_inputs, modality):
    plain = logits(model, tiny_inputs, modality)
    model.decoding = "replayed"
    torch.testing.assert_close(logits(model, tiny_inputs, modality), plain, atol=1e-5, rtol=1e-5)


def test_sparse_masks_hold_in_steps_of_fixed_shape(model, tiny_inputs):
    object.__setattr__(model.cfg, "sparse_masks", True)
    try:
        plain = logits(model, tiny_inputs, "image")
        model.decoding = "replayed"
        torch.testing.assert_close(logits(model, tiny_inputs, "image"), plain, atol=1e-5, rtol=1e-5)
    finally:
        object.__setattr__(model.cfg, "sparse_masks", False)


def test_a_recording_serves_answer_after_answer(model, tiny_inputs):
    short = Inputs(text=tiny_inputs.text)
    plain = [logits(model, inputs, "text") for inputs in (tiny_inputs, short, tiny_inputs)]
    model.decoding = "replayed"
    again = [logits(model, inputs, "text") for inputs in (tiny_inputs, short, tiny_inputs)]
    for ours, want in zip(again, plain, strict=True):
        torch.testing.assert_close(ours, want, atol=1e-5, rtol=1e-5)


def test_two_answers_at_a_time_never_share_their_tensors(model, tiny_inputs):
    model.decoding = "replayed"
    with torch.inference_mode():
        encoded = model.encode(tiny_inputs)
        first, second = (model.start(encoded, 9) for _ in range(2))
        assert isinstance(first, ReplayedCache) and isinstance(second, ReplayedCache)
        kept = first.replay
        assert second.replay is not kept
        del first
        gc.collect()
        third = model.start(encoded, 9)
    assert isinstance(third, ReplayedCache) and third.replay is kept, "it is free again"


def test_an_answer_in_inference_mode_does_not_spoil_the_next_outside_of_it(model, tiny_inputs):
    model.decoding = "replayed"
    inside = logits(model, tiny_inputs, "text")
    with torch.no_grad():
        cache = model.start(model.encode(tiny_inputs), 40, "text")
        outside = model.step(torch.tensor([[0, 7, 9], [0, 8, 3]]), cache)
        model.step(torch.tensor([[4], [5]]), cache)
    torch.testing.assert_close(outside, inside[0])


def test_only_so_many_recordings_are_kept(model, tiny_inputs):
    model.decoding = "replayed"
    with torch.inference_mode():
        encoded = model.encode(tiny_inputs)
        first = model.start(encoded, 5)
        kept = [model.start(encoded, 10 + n).replay for n in range(12)]
        assert model.start(encoded, 21).replay is kept[-1], "the latest is still there"
        assert model.start(encoded, 10).replay is not kept[0], "the oldest is not"
        held = first.replay
        del first
        gc.collect()
        assert model.start(encoded, 5).replay is held, "one in use never goes"


@pytest.mark.slow
def test_compiled_steps_give_the_logits_of_plain_decoding(model, tiny_inputs):
    """Slow because it calls a C++ compiler."""
    plain = logits(model, tiny_inputs, "text")
    model.decoding = "compiled"
    torch.testing.assert_close(logits(model, tiny_inputs, "text"), plain, atol=1e-5, rtol=1e-5)


def test_another_way_of_decoding_is_refused(model):
    with pytest.raises(UnknownName, match="eager"):
        model.decoding = "fast"


def test_training_never_meets_a_recording(model, tiny_inputs):
    model.decoding = "replayed"
    assert not isinstance(model.start(model.encode(tiny_inputs), 5), ReplayedCache)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("decoding", ["replayed", "compiled"])
def test_a_replayed_step_gives_the_logits_of_plain_decoding(model, tiny_inputs, decoding):
    model, inputs = model.to("cuda"), tiny_inputs.to("cuda")
    model.decoding = "eager"
    plain = logits(model, inputs, "text")
    model.decoding = decoding
    torch.testing.assert_close(logits(model, inputs, "text"), plain, atol=1e-4, rtol=1e-4)
