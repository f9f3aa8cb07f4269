"""Weights of the two main stacks as int8: a quarter of the memory of float32 (spec a).

Every row of a matrix, one output channel, is whole numbers from -127 to 127 times a step of its
own. They become numbers of the input's dtype when they are used; all else of the model (tables,
norms, ViTs, quantisers, everything a gradient could want) stays as it is.

Shapes: O numbers out, I numbers in.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MOST = 127
# Rows of input up to which not unpacking the weight is faster.
_FEW = 4


def quantise_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """weight (O, I) → int8 (O, I) and steps (O,) float32, whose product is nearest to it."""
    weight = weight.float()
    step = weight.abs().amax(dim=1) / _MOST
    # A row of zeros has no step; any will do.
    step = torch.where(step > 0, step, torch.ones_like(step))
    return (weight / step[:, None]).round_().to(torch.int8), step


class Int8Linear(nn.Module):
    """A linear layer without bias whose weight is int8; it learns nothing.

    weight (O, I) int8 and step (O,) float32 are buffers.
    """

    weight: Tensor
    step: Tensor

    def __init__(self, wide: int, out: int, device: torch.device | str | None = None) -> None:
        super().__init__()
        self.in_features, self.out_features = wide, out
        self.register_buffer("weight", torch.zeros(out, wide, dtype=torch.int8, device=device))
        self.register_buffer("step", torch.ones(out, device=device))

    @classmethod
    def of(cls, linear: nn.Linear) -> "Int8Linear":
        """The same layer with its weight rounded."""
        layer = cls(linear.in_features, linear.out_features, linear.weight.device)
        if not linear.weight.is_meta:
            layer.weight, layer.step = quantise_rows(linear.weight.detach())
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """x (…, I) → (…, O)."""
        step = self.step.to(x.dtype)
        few = x.numel() <= _FEW * self.in_features
        if few and x.dtype == torch.bfloat16 and x.device.type == "cpu":
            # Reads the int8 weight as it is: half the time of a bfloat16 weight for one row. With
            # float32 rows the same operation is slow.
            flat = torch._weight_int8pack_mm(x.reshape(-1, self.in_features), self.weight, step)
            return flat.view(*x.shape[:-1], -1)
        return F.linear(x, self.weight.to(x.dtype)) * step

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}"


def int8_layers(model: nn.Module) -> list[str]:
    """Names of the layers that are worth it: every matrix of the encoder and the decoder."""
    return [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and name.startswith(("encoder.", "decoder."))
    ]


def swap_linears(model: nn.Module, names: Iterable[str]) -> None:
    """Put an `Int8Linear` in the place of each named linear layer; other names are left alone."""
    layers = dict(model.named_modules())
    for name in names:
        layer = layers.get(name)
        if isinstance(layer, nn.Linear) and layer.bias is None:
            owner, _, leaf = name.rpartition(".")
            setattr(layers[owner], leaf, Int8Linear.of(layer))


def quantise(model: nn.Module) -> None:
    """Turn the matrices of encoder and decoder into int8, one at a time, in place."""
    swap_linears(model, int8_layers(model))
