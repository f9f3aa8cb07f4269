"""Rounded weights: how far off, where they stand in, and what they cost."""

import copy

import pytest
import torch
from torch import nn

from uio2_agent.model.checkpoint import cast
from uio2_agent.model.int8 import Int8Linear, int8_layers, quantise, quantise_rows


def relative(error: torch.Tensor, want: torch.Tensor) -> float:
    return (error.norm() / want.norm()).item()


def test_every_weight_is_within_half_a_step():
    weight = torch.randn(40, 96) * torch.logspace(-3, 2, 40)[:, None]
    weight[7] = 0
    whole, step = quantise_rows(weight)
    assert whole.dtype == torch.int8 and whole.abs().max() <= 127
    assert torch.isfinite(step).all()
    assert ((whole * step[:, None] - weight).abs() <= step[:, None] * 0.5001).all()
    assert not whole[7].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 3, 20])
def test_a_layer_computes_with_its_rounded_weight(rows, dtype):
    linear = nn.Linear(64, 96, bias=False)
    layer = Int8Linear.of(linear)
    x = torch.randn(2, rows, 64, dtype=dtype)
    want = x.float() @ (layer.weight * layer.step[:, None]).T
    y = layer(x)
    assert y.dtype == dtype and y.shape == (2, rows, 96)
    assert relative(y.float() - want, want) < (1e-5 if dtype == torch.float32 else 6e-3)


def test_a_matrix_of_the_large_model_is_off_by_less_than_one_percent():
    """Random numbers of its shape; the error of a product is that of its weights."""
    weight = torch.randn(2816, 1024)
    whole, step = quantise_rows(weight)
    x = torch.randn(8, 1024)
    want = x @ weight.T
    error = relative(x @ (whole * step[:, None]).T - want, want)
    print(f"INT8 large layer {error:.4f}")
    assert error < 0.01


def test_logits_stay_close(tiny, tiny_inputs, tiny_targets):
    model = copy.deepcopy(tiny)
    quantise(model)
    with torch.no_grad():
        for name, want in tiny(tiny_inputs, tiny_targets).items():
            where = getattr(tiny_targets, name).valid()
            logits = model(tiny_inputs, tiny_targets)[name]
            error = relative((logits - want)[where], want[where])
            largest = (logits - want)[where].abs().max().item()
            print(f"INT8 {name} logits: relative {error:.4f}, largest {largest:.4f}")
            assert error < 0.03


def test_only_the_two_main_stacks_are_rounded(tiny):
    model = copy.deepcopy(tiny)
    names = int8_layers(model)
    assert {name.split(".")[0] for name in names} == {"encoder", "decoder"}
    quantise(model)
    rounded = {name for name, layer in model.named_modules() if isinstance(layer, Int8Linear)}
    assert rounded == set(names)
    assert not int8_layers(model), "no linear layer is left there"
    size = {name: tensor.nbytes for name, tensor in model.state_dict().items()}
    before = {name: tensor.nbytes for name, tensor in tiny.state_dict().items()}
    for name in names:
        assert size[f"{name}.weight"] * 4 == before[f"{name}.weight"]
    assert all(size[name] == before[name] for name in before if name[:-7] not in names)


def test_casting_leaves_whole_numbers_and_steps_alone(tiny):
    model = copy.deepcopy(tiny)
    quantise(model)
    state = cast(model, torch.bfloat16).state_dict()
    assert state["encoder.layers.0.attention.out.weight"].dtype == torch.int8
    assert state["encoder.layers.0.attention.out.step"].dtype == torch.float32
    assert state["text_table.weight"].dtype == torch.bfloat16
