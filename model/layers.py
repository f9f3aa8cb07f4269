"""The parts every stack is made of: norm, attention, MLP.

Shapes: B rows, L queries, N keys, W width in, H heads, d head width.
"""

import math
from contextlib import nullcontext
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.model.config import Activation
from uio2_agent.model.rope import rotate

_MAX_LOGIT_SCALE = math.log(100.0)
_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
_LARGE = 2**19  # numbers in a weight: 2 MB, more than a core keeps at hand


def masked_logit(dtype: torch.dtype) -> float:
    """What is added to the logit of a key that must not be read.

    A large finite number rather than -inf, so that a row with nothing to read becomes uniform
    and stays finite (spec d); float16 cannot hold -1e10 and gets half its lowest number.
    """
    return max(-1e10, torch.finfo(dtype).min / 2)


def attention_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Key mask (B, N) → additive bias (B, 1, 1, N), 0 where readable."""
    bias = torch.zeros(mask.shape, dtype=dtype, device=mask.device)
    return bias.masked_fill_(~mask.bool(), masked_logit(dtype))[:, None, None, :]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (…, K) · weightᵀ (N, K) + bias → (…, N), by the fastest product the processor offers.

    PyTorch sends float32 products on a CPU to MKL, which is slow on processors that are not
    Intel's. oneDNN, which it uses for every other dtype, was 1.1 to 1.2 times as fast for 600 rows
    and twice for one (AMD EPYC, 2 cores). It has no backward pass, and
    what it costs to call is not worth it for small weights.
    """
    if (
        weight.numel() >= _LARGE
        and _ONEDNN
        and x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
    ):
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return F.linear(x, weight, bias)


class Linear(nn.Linear):
    """`nn.Linear`, by way of `linear`."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


class Table(nn.Embedding):
    """`nn.Embedding`, filled by the model alone.

    PyTorch's own start would, on the meta device, import its compiler: a second and 76 MB.
    """

    def reset_parameters(self) -> None:
        pass


class RMSNorm(nn.Module):
    """scale · x · rsqrt(mean(x²) + 1e-6), statistics in float32."""

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.width, self.eps = (width,), eps
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.width, self.scale.to(x.dtype), self.eps)


class Attention(nn.Module):
    """Multi-head attention, self or cross, with three ways to treat queries and keys.

    - `plain`: as they are, divided by sqrt(d);
    - `qk_norm`: RMSNorm over the head width, one scale vector for all heads, then RoPE, / sqrt(d);
    - `scaled_cosine`: unit length, logits times a learned number per head (at most 100).

    `queries`, `keys_values` and `read` are separate so that generation can keep keys and values.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        head_dim: int,
        *,
        kind: Literal["plain", "qk_norm", "scaled_cosine"],
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.heads, self.head_dim, self.kind = heads, head_dim, kind
        inner = heads * head_dim
        self.q = Linear(width, inner, bias=bias)
        self.kv = Linear(width, 2 * inner, bias=bias)  # keys first, then values
        self.out = Linear(inner, width, bias=bias)
        self.scale = head_dim**-0.5
        if kind == "qk_norm":
            self.q_norm = RMSNorm(head_dim)
            self.k_norm = RMSNorm(head_dim)
        elif kind == "scaled_cosine":
            self.logit_scale = nn.Parameter(torch.full((heads,), math.log(10.0)))
            self.scale = 1.0

    def queries(self, x: Tensor, rope: Tensor | None = None) -> Tensor:
        """x (B, L, W), rope (B or 1, 1, L, d/2) → (B, H, L, d)."""
        q = self.q(x).unflatten(-1, (self.heads, self.head_dim))  # (B, L, H, d)
        if self.kind == "qk_norm":
            q = self.q_norm(q)  # before the transposition, while it lies in one piece
        elif self.kind == "scaled_cosine":
            sharpness = self.logit_scale.clamp(max=_MAX_LOGIT_SCALE).exp()
            q = F.normalize(q, dim=-1) * sharpness[:, None]
        q = q.transpose(1, 2)
        return q if rope is None else rotate(q, rope)

    def keys_values(self, x: Tensor, rope: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x (B, N, W), rope (B or 1, 1, N, d/2) → two of (B, H, N, d)."""
        kv = self.kv(x).unflatten(-1, (2, self.heads, self.head_dim))
        k, v = kv.unbind(-3)  # (B, N, H, d)
        if self.kind == "qk_norm":
            k = self.k_norm(k)
        elif self.kind == "scaled_cosine":
            k = F.normalize(k, dim=-1)
        k, v = k.transpose(1, 2), v.transpose(1, 2)
        return (k if rope is None else rotate(k, rope)), v

    def read(
        self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """q (B, H, L, d), k and v (B, H, N, d), bias broadcastable to (B, H, L, N) → (B, L, W)."""
        # Logits in float32 (spec d). Autocast's bfloat16 has a backward pass 3x slower on CPUs.
        on_cpu = q.device.type == "cpu" and torch.is_autocast_enabled("cpu")
        if on_cpu:
            q, k, v = q.float(), k.float(), v.float()
            bias = None if bias is None else bias.float()
        with torch.autocast("cpu", enabled=False) if on_cpu else nullcontext():
            y = F.scaled_dot_product_attention(
                q, k, v, attn_mask=bias, is_causal=causal, scale=self.scale
            )
        return self.out(y.transpose(1, 2).flatten(-2))

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        *,
        bias: Tensor | None = None,
        causal: bool = False,
        rope: Tensor | None = None,
        context_rope: Tensor | None = None,
    ) -> Tensor:
        """x (B, L, W) reads itself, or context (B, N, W) where one is given → (B, L, W)."""
        if context is None:
            context, context_rope = x, rope
        k, v = self.keys_values(context, context_rope)
        return self.read(self.queries(x, rope), k, v, bias, causal)


class GatedMLP(nn.Module):
    """down( silu(gate x) · up x ), gate and up in one product."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate_up = Linear(width, 2 * hidden, bias=False)
        self.down = Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class MLP(nn.Module):
    """down( activation(up x) )."""

    def __init__(self, width: int, hidden: int, activation: Activation, bias: bool) -> None:
        super().__init__()
        self.up = Linear(width, hidden, bias=bias)
        self.down = Linear(hidden, width, bias=bias)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        if self.activation == "relu":
            return self.down(F.relu(x))
        return self.down(
            F.gelu(x, approximate="tanh" if self.activation == "gelu_tanh" else "none")
        )
