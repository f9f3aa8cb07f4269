"""The perceiver: parity in both kinds of attention, and what must not matter."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from uio2_agent.errors import UnknownName
from uio2_agent.model.config import SIZES, ResamplerConfig
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.official_names import from_official
from uio2_agent.model.resampler import Resampler
from uio2_agent.model.unified import UnifiedIO2

SMALL = ResamplerConfig(width=12, heads=2, layers=2, mlp_width=16, latents=5)


def small(**changes) -> Resampler:
    resampler = Resampler(replace(SMALL, **changes)).eval()
    generator = torch.Generator().manual_seed(1)
    for name, tensor in resampler.named_parameters():
        if not name.endswith("scale"):
            tensor.data = 0.5 * torch.randn(tensor.shape, generator=generator)
    return resampler


def test_latents_match_the_reference(tiny, tiny_inputs, golden, matches):
    frames = tiny_inputs.image_history
    pixels, mask, pos_ids = (t.flatten(0, 1) for t in (frames.pixels, frames.mask, frames.pos_ids))
    history = tiny.inputs["image_history"]
    features, _ = tiny.vit(pixels, mask, pos_ids, frames.grid)
    ours = history.resampler(history.pre_projection(features), mask)
    recorded = golden("out_main")["resampler.image_history"]
    matches(ours[mask.any(1)], recorded[mask.any(1)])


@pytest.mark.parametrize("name", ["image", "audio"])
def test_scaled_cosine_matches_the_reference(
    official, tiny_inputs, golden, golden_folder, matches, name
):
    signal = SIZES["tiny"].signal(name)
    cosine = replace(signal, history=replace(signal.history, attention="scaled_cosine"))
    changes: Any = {name: cosine}
    cfg = replace(SIZES["tiny"], **changes)
    other = load_file(golden_folder / "weights_scaled_cosine_history.safetensors")
    ours = f"input_embedders.{name}_history."
    weights = {k: v for k, v in official.items() if not k.startswith(ours)}
    weights |= {k: v for k, v in other.items() if k.startswith(ours)}
    model = UnifiedIO2(cfg)
    model.load_state_dict(from_official(weights, cfg).state_dict)
    history = f"{name}_history"
    with torch.no_grad():
        tokens = model.embed(Inputs(**{history: getattr(tiny_inputs, history)}))
    recorded = golden("out_scaled_cosine")
    assert torch.equal(tokens.mask, torch.from_numpy(recorded[f"{history}.mask"]).bool())
    matches(tokens.embeddings, recorded[f"{history}.embed"], tokens.mask, atol=1e-5)


@pytest.mark.parametrize("attention", ["qk_norm", "scaled_cosine"])
@pytest.mark.parametrize("activation", ["gelu_erf", "gelu_tanh"])
def test_any_number_of_tokens_becomes_the_same_number_of_latents(attention, activation):
    resampler = small(attention=attention, activation=activation)
    for count in (1, 7, 40):
        latents = resampler(torch.randn(3, count, 12), torch.ones(3, count, dtype=torch.bool))
        assert latents.shape == (3, 5, 12) and latents.isfinite().all()


@pytest.mark.parametrize("attention", ["qk_norm", "scaled_cosine"])
def test_padding_changes_nothing_and_order_neither(attention):
    resampler = small(attention=attention)
    tokens = torch.randn(2, 9, 12, generator=torch.Generator().manual_seed(4))
    plain = resampler(tokens, torch.ones(2, 9, dtype=torch.bool))
    padded = torch.cat([tokens.flip(1), torch.full((2, 4, 12), 3.0)], dim=1)
    mask = torch.arange(13).expand(2, -1) < 9
    torch.testing.assert_close(resampler(padded, mask), plain, atol=2e-6, rtol=1e-5)


def test_a_frame_with_nothing_to_read_stays_finite():
    mask = torch.zeros(1, 6, dtype=torch.bool)
    assert small()(torch.randn(1, 6, 12), mask).isfinite().all()


def test_an_unknown_attention_lists_the_known_ones():
    with pytest.raises(UnknownName, match="scaled_cosine"):
        replace(SMALL, attention="scaled_cosin")  # type: ignore[arg-type]
