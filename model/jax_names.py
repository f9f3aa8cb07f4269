"""Parameters of the JAX release, in an `.npz` archive, under the official names (spec n).

Names are nested ones joined by dots. Kernels of linear layers lie the other way round (in, out),
those of convolutions are (rows, columns, in, out), and those of the transposed convolution are
turned by half a circle as well.
"""

import re
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from uio2_agent.errors import BadCheckpoint
from uio2_agent.model.tensor_files import Shape

Layout = Literal["same", "linear", "convolution", "transposed convolution"]

_REMEDY = "Save the parameters again, each as a plain array under its nested names joined by dots"
_TOPS = {
    "input_text_encoder": "input_embedders.text",
    **{f"input_{s}_encoder": f"input_embedders.{s}" for s in ("image", "audio")},
    **{f"input_encoders_{s}_history": f"input_embedders.{s}_history" for s in ("image", "audio")},
    **{f"target_encoders_{m}": f"target_embedders.{m}" for m in ("text", "image", "audio")},
}
# Within the stacks named, in this order; `kernel`, `scale` and `embedding` come last of all.
_EVERYWHERE = ((r"layer_norm(?=\.)", "norm"),)
_RESAMPLER = ((r"\.PerceiverResampler_0\.", ".perceiver."), (r"\.resampler_latents$", ".latents"))
_VIT = (
    (r"\.Transformer_0\.", ".transformer."),
    (r"\.ResidualAttentionBlock_(\d+)\.", r".resblocks.\1."),
    (r"\.MultiHeadDotProductAttention_0\.out\.", ".attn.out_proj."),
    (r"\.MultiHeadDotProductAttention_0\.(\w+)\.kernel$", r".attn.\1_in_proj_kernel"),
    (r"\.MultiHeadDotProductAttention_0\.(\w+)\.bias$", r".attn.\1_in_proj_bias"),
    (r"\.MLP_0\.(c_fc|fc1)\.", ".mlp.fc1."),
    (r"\.MLP_0\.(c_proj|fc2)\.", ".mlp.fc2."),
    (r"\.norm([12])\.", r".ln_\1."),
    (r"\.pos_embed$", ".positional_embedding"),
    (r"\.scale$", ".weight"),
)
_VQGAN = (
    (r"\.discrete_vae\.", ".vqgan."),
    (r"\.quantize\.embedding$", ".quantize.embedding.weight"),
    (r"\.Transformer_0\.", ".transformer."),
    (r"\.MultiHeadDotProductAttention_0\.", ".attn."),
    (r"\.MlpBlock_0\.DenseGeneral_0\.", ".mlp.fc1."),
    (r"\.MlpBlock_0\.DenseGeneral_1\.", ".mlp.fc2."),
    (r"\.LayerNormWithBias_0\.", ".ln_1."),
    (r"\.LayerNormWithBias_1\.", ".ln_2."),
    (r"\.ConvTranspose_0\.", ".conv_transpose."),
    (r"\.scale$", ".weight"),
)
_RULES = {
    **{f"input_{s}_encoder": _VIT for s in ("image", "audio")},
    **{f"input_encoders_{s}_history": _RESAMPLER for s in ("image", "audio")},
    **{f"target_encoders_{s}": _VQGAN for s in ("image", "audio")},
}


def official_name(jax_name: str) -> tuple[str, Layout]:
    """The official name of a JAX parameter, and how its numbers lie; unknown names stay."""
    top, _, rest = jax_name.partition(".")
    name = f"{_TOPS.get(top, top)}.{rest}"
    for pattern, new in (*_EVERYWHERE, *_RULES.get(top, ())):
        name = re.sub(pattern, new, name)
    layout: Layout = "same"
    if name.endswith("kernel"):
        layout = "linear"
        if top == "target_encoders_image":
            layout = "convolution"
        elif ".conv_transpose." in name:
            layout = "transposed convolution"
    return re.sub(r"(?<=\.)embedding$|kernel$", "weight", name), layout


class JaxArchive:
    """An `.npz` of JAX parameters as a source of tensors under their official names.

    Raises:
        BadCheckpoint: It is missing, damaged, or holds pickled objects, which are never opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._entries: dict[str, tuple[str, Layout]] = {}
        self.shapes: dict[str, Shape] = {}
        try:
            self._archive = zipfile.ZipFile(path)
            for entry in self._archive.namelist():
                name, layout = official_name(entry.removesuffix(".npy").replace("/", "."))
                self._entries[name] = entry, layout
                blank = torch.empty(self._shape(entry), device="meta")
                self.shapes[name] = tuple(_turned(blank, layout).shape)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
            raise BadCheckpoint(self.path, f"cannot be read ({problem})", _REMEDY) from problem

    def read(self, name: str) -> Tensor:
        entry, layout = self._entries[name]
        try:
            with self._archive.open(entry) as file:
                array = npy.read_array(file, allow_pickle=False)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
            problem_line = f"{entry} cannot be read ({problem})"
            raise BadCheckpoint(self.path, problem_line, _REMEDY) from problem
        if array.dtype.kind == "V" and array.dtype.itemsize == 2:
            # numpy has no bfloat16 and keeps its two bytes without a meaning.
            return _turned(torch.from_numpy(array.view(np.int16)).view(torch.bfloat16), layout)
        return _turned(torch.from_numpy(array), layout)

    def _shape(self, entry: str) -> Shape:
        with self._archive.open(entry) as file:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read(file)
        if dtype.hasobject:
            raise BadCheckpoint(self.path, f"{entry} holds pickled objects", _REMEDY)
        return shape


def _turned(tensor: Tensor, layout: Layout) -> Tensor:
    """As the official tensor lies; one that cannot be turned stays, to be refused by its shape."""
    if layout == "linear" and tensor.dim() == 2:
        return tensor.T
    if layout == "convolution" and tensor.dim() == 4:
        return tensor.permute(3, 2, 0, 1)
    if layout == "transposed convolution" and tensor.dim() == 4:
        return tensor.permute(2, 3, 0, 1).flip(2, 3)
    return tensor
