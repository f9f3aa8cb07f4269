"""The parts of every stack."""

import pytest
import torch

from uio2_agent.model.layers import MLP, Attention, GatedMLP, Linear, RMSNorm, attention_bias


def test_rms_norm_is_its_formula():
    norm, x = RMSNorm(8), torch.randn(3, 8)
    norm.scale.data = torch.arange(8.0)
    want = torch.arange(8.0) * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)
    torch.testing.assert_close(norm(x), want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_masked_key_gets_no_weight_and_an_empty_row_stays_finite(dtype):
    bias = attention_bias(torch.tensor([[True, False], [False, False]]), dtype)
    assert bias.shape == (2, 1, 1, 2)
    weights = bias.float().softmax(dim=-1)[:, 0, 0]
    assert weights.tolist() == [[1.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize("kind", ["plain", "qk_norm", "scaled_cosine"])
@pytest.mark.parametrize("bias", [False, True])
def test_attention_of_each_kind_is_its_formula(kind, bias):
    torch.manual_seed(0)
    layer = Attention(12, 3, 4, kind=kind, bias=bias)
    x, context = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    q = layer.q(x).reshape(2, 5, 3, 4)
    k, v = layer.kv(context).reshape(2, 7, 2, 3, 4).unbind(2)
    sharp = torch.full((3,), 0.5)
    if kind == "qk_norm":
        layer.q_norm.scale.data.uniform_(1, 2)
        q, k = layer.q_norm(q), layer.k_norm(k)
    elif kind == "scaled_cosine":
        layer.logit_scale.data = torch.tensor([0.0, 2.0, 9.0])
        sharp = torch.tensor([1.0, 7.38905609893, 100.0])  # e^9 is held at 100
        q, k = q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True)
    logits = torch.einsum("blhd,bnhd->bhln", q, k) * sharp[:, None, None]
    want = layer.out(torch.einsum("bhln,bnhd->blhd", logits.softmax(-1), v).flatten(2))
    torch.testing.assert_close(layer(x, context), want, atol=1e-5, rtol=1e-4)


def test_the_two_mlps_are_their_formulas():
    torch.manual_seed(0)
    x, gated = torch.randn(2, 6), GatedMLP(6, 10)
    gate, up = gated.gate_up.weight[:10], gated.gate_up.weight[10:]
    want = (torch.nn.functional.silu(x @ gate.T) * (x @ up.T)) @ gated.down.weight.T
    torch.testing.assert_close(gated(x), want)
    relu = MLP(6, 10, "relu", True)
    torch.testing.assert_close(relu(x), relu.down(relu.up(x).clamp(min=0)))
    erf, tanh = MLP(6, 10, "gelu_erf", True), MLP(6, 10, "gelu_tanh", True)
    tanh.load_state_dict(erf.state_dict())
    assert 0 < (erf(x) - tanh(x)).abs().max() < 1e-3


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("bias", [False, True])
def test_the_fast_product_of_large_weights_is_the_plain_one(rows, bias):
    torch.manual_seed(0)
    layer, x = Linear(1024, 512, bias=bias), torch.randn(3, rows, 1024)
    want = torch.nn.functional.linear(x, layer.weight, layer.bias)
    assert want.requires_grad
    torch.testing.assert_close(layer(x), want)  # gradients take the plain way
    with torch.no_grad():
        torch.testing.assert_close(layer(x), want.detach(), atol=1e-5, rtol=1e-5)
