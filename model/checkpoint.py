"""Weights on disk, and the names of the official release (spec n).

A checkpoint of ours is a folder with `weights.safetensors` and `config.json`. An official state
dict holds the same numbers under other names; where we keep several official tensors as one
(keys with values, gate with up), they are joined along the first axis, so the way back is exact.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from uio2_agent.errors import (
    BadCheckpoint,
    BadSetting,
    CannotWrite,
    CheckpointMismatch,
    UnknownName,
)
from uio2_agent.model.config import ModelConfig
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.storage import make_folder, whole, write_json

WEIGHTS, CONFIG = "weights.safetensors", "config.json"

_IMAGE = "input_embedders.image."
_HISTORY = "input_embedders.image_history."
_PERCEIVER = _HISTORY + "resampler.perceiver."
_VIT_HOMES = (
    _IMAGE + "image_encoder.vision_transformer.",
    _HISTORY + "vit_image_encoder.vision_transformer.",  # of a model without image input
)
_SINGLE = {
    "text_table.weight": "text_token_embedder.weight",
    "inputs.text.modality": "input_embedders.text.modality_embedding",
    "inputs.image.modality": _IMAGE + "modality_embedding",
    "inputs.image.projection.weight": _IMAGE + "projection.weight",
    "inputs.image_history.modality": _HISTORY + "modality_embedding",
    "inputs.image_history.pre_projection.weight": _HISTORY + "pre_projection.weight",
    "inputs.image_history.post_projection.weight": _HISTORY + "post_projection.weight",
    "inputs.image_history.resampler.latents": _PERCEIVER + "latents",
    "inputs.image_history.resampler.context_norm.scale": _PERCEIVER + "context_norm.scale",
    "inputs.image_history.resampler.norm.scale": _PERCEIVER + "perceiver_norm.scale",
    "targets.text.modality": "target_embedders.text.modality_embedding",
    "encoder.norm.scale": "encoder.encoder_norm.scale",
    "decoder.norm.scale": "decoder.decoder_norm.scale",
    "vit.patch.weight": _VIT_HOMES[0] + "embedding.weight",
    "vit.special": _VIT_HOMES[0] + "class_embedding",
    "vit.position": _VIT_HOMES[0] + "positional_embedding",
    "vit.pre_norm.weight": _VIT_HOMES[0] + "pre_ln.weight",
    "vit.pre_norm.bias": _VIT_HOMES[0] + "pre_ln.bias",
}
_LEAVES = {
    "scale": ("scale",),
    "q.weight": ("query.weight",),
    "kv.weight": ("key.weight", "value.weight"),
    "out.weight": ("out.weight",),
    "q_norm.scale": ("query_norm.scale",),
    "k_norm.scale": ("key_norm.scale",),
    "logit_scale": ("logit_scale",),
    "gate_up.weight": ("wi_0.weight", "wi_1.weight"),
    "up.weight": ("wi.weight",),
    "down.weight": ("wo.weight",),
}
_VIT_LEAVES = {
    new: old
    for kind in ("weight", "bias")
    for new, old in {
        kind: (kind,),
        f"q.{kind}": (f"query_in_proj_{kind}",),
        f"kv.{kind}": (f"key_in_proj_{kind}", f"value_in_proj_{kind}"),
        f"out.{kind}": (f"out_proj.{kind}",),
        f"up.{kind}": (f"fc1.{kind}",),
        f"down.{kind}": (f"fc2.{kind}",),
    }.items()
}
# Layers of a stack: our prefix, theirs, names of the parts of a layer, names within a part.
_STACKS: tuple[tuple[str, str, dict[str, str], dict[str, tuple[str, ...]]], ...] = (
    (
        "encoder.layers.",
        "encoder.layers_",
        {"norm1": "pre_attention_norm", "attention": "attention", "norm2": "pre_mlp_norm"},
        _LEAVES,
    ),
    (
        "decoder.layers.",
        "decoder.layers_",
        {
            "norm1": "pre_self_attention_norm",
            "attention": "self_attention",
            "norm2": "pre_cross_attention_norm",
            "cross_attention": "encoder_decoder_attention",
            "norm3": "pre_mlp_norm",
        },
        _LEAVES,
    ),
    (
        "inputs.image_history.resampler.layers.",
        _PERCEIVER + "layers_",
        {"norm1": "pre_xattention_norm", "attention": "xattention", "norm2": "pre_mlp_norm"},
        _LEAVES,
    ),
    (
        "vit.blocks.",
        _VIT_HOMES[0] + "transformer.resblocks.",
        {"norm1": "ln_1", "attention": "attn", "norm2": "ln_2"},
        _VIT_LEAVES,
    ),
)
_OFFICIAL_INPUTS = ("text", "image", "image_history", "audio", "audio_history")
_OFFICIAL_TARGETS = ("text", "image", "audio")


@dataclass(frozen=True)
class Placement:
    """An official state dict in our names, and what of it this model has no room for.

    out_of_scope: official names of modalities the config does not list.
    """

    state_dict: dict[str, Tensor]
    out_of_scope: list[str]


def save(model: UnifiedIO2, folder: str | Path, dtype: torch.dtype | None = None) -> Path:
    """Write weights (in `dtype`, or as they are) and config; each file appears whole or not at all.

    Returns:
        The folder.

    Raises:
        CannotWrite: The disk is full; what the folder held before is left alone.
    """
    folder = make_folder(Path(folder))
    tensors = {
        name: tensor.detach().to("cpu", dtype or tensor.dtype).contiguous()
        for name, tensor in model.state_dict().items()
    }
    with whole(folder / WEIGHTS) as part:
        try:
            save_file(tensors, part, metadata={"format": "pt"})
        except SafetensorError as problem:  # of a full disk it tells in words only
            raise CannotWrite(str(folder / WEIGHTS), str(problem)) from problem
    write_json(folder / CONFIG, {"model": model.cfg.to_json()})
    return folder


def load(
    folder: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> UnifiedIO2:
    """Build the model of a folder written by `save`, in evaluation mode.

    Raises:
        BadCheckpoint: When a file is missing, truncated or foreign.
        CheckpointMismatch: When tensors do not fit the config, each by name.
    """
    folder = Path(folder)
    cfg = read_config(folder)
    tensors = read_tensors(folder / WEIGHTS)
    model = build_on_meta(cfg)
    check_fit(str(folder), tensors, _shapes(model))
    model.load_state_dict(
        {name: tensor.to(device, dtype) for name, tensor in tensors.items()}, assign=True
    )
    return model.eval()


def read_config(folder: str | Path) -> ModelConfig:
    """The config of a checkpoint folder; `BadCheckpoint` when it is missing or foreign."""
    path = Path(folder) / CONFIG
    remedy = f"Give a folder written by save(), with {WEIGHTS} and {CONFIG}"
    try:
        fields: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadCheckpoint(str(path), f"cannot be read ({problem})", remedy) from problem
    if not isinstance(fields, dict) or not isinstance(fields.get("model"), dict):
        raise BadCheckpoint(str(path), "has no model config", remedy)
    try:
        return ModelConfig.from_json(fields["model"])
    except (BadSetting, UnknownName) as problem:
        raise BadCheckpoint(
            str(path), f"describes no model of ours ({problem})", remedy
        ) from problem


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file; `BadCheckpoint` when missing, truncated or foreign."""
    try:
        return load_file(path)
    except (OSError, SafetensorError) as problem:
        remedy = "Fetch or write the file again; it must be a whole safetensors file"
        raise BadCheckpoint(str(path), f"cannot be read ({problem})", remedy) from problem


def build_on_meta(cfg: ModelConfig) -> UnifiedIO2:
    """The model without memory for its weights, to be filled or only to be asked for shapes."""
    with torch.device("meta"):
        return UnifiedIO2(cfg)


def check_fit(path: str, tensors: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> None:
    """Raise `CheckpointMismatch` unless names and shapes are the same."""
    missing = sorted(shapes.keys() - tensors.keys())
    unexpected = sorted(tensors.keys() - shapes.keys())
    misshapen = [
        f"{name}: {tuple(tensors[name].shape)} != {shapes[name]}"
        for name in sorted(shapes.keys() & tensors.keys())
        if tuple(tensors[name].shape) != shapes[name]
    ]
    if missing or unexpected or misshapen:
        raise CheckpointMismatch(path, missing, unexpected, misshapen)


def official_names(name: str) -> tuple[str, ...]:
    """The official tensors that one of ours joins, in order; `UnknownName` for a foreign name."""
    if name in _SINGLE:
        return (_SINGLE[name],)
    for ours, theirs, parts, leaves in _STACKS:
        match = re.fullmatch(re.escape(ours) + r"(\d+)\.([a-z0-9_]+)\.(.+)", name)
        if match and match[3] in leaves and (match[2] in parts or match[2] == "mlp"):
            part = parts.get(match[2], "mlp")
            return tuple(f"{theirs}{match[1]}.{part}.{leaf}" for leaf in leaves[match[3]])
    raise UnknownName("tensor", name, (*_SINGLE, *(f"{stack[0]}…" for stack in _STACKS)))


def to_official(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict under the official names; undone by `from_official`."""
    home = _VIT_HOMES["inputs.image.modality" not in state_dict]
    official: dict[str, Tensor] = {}
    for name, tensor in state_dict.items():
        names = [old.replace(_VIT_HOMES[0], home) for old in official_names(name)]
        pieces = tensor.chunk(len(names), dim=0)
        for old, piece in zip(names, pieces, strict=True):
            official[old] = piece[0] if name == "vit.special" else piece
    return official


def from_official(
    state_dict: dict[str, Tensor], cfg: ModelConfig, path: str = "official state dict"
) -> Placement:
    """Place an official state dict into the names of the model of `cfg`.

    Returns:
        Our state dict (dtypes kept) and the names that belong to modalities `cfg` leaves out.

    Raises:
        CheckpointMismatch: Official tensors that are missing, misshapen, or neither placed nor
            known to be out of scope, each by its official name.
    """
    ours = {name: torch.empty(shape, device="meta") for name, shape in model_shapes(cfg).items()}
    wanted = {old: tuple(tensor.shape) for old, tensor in to_official(ours).items()}
    given = dict(state_dict)
    if "image" not in cfg.inputs and "image_history" in cfg.inputs:
        # A full checkpoint keeps the shared ViT with the image input, which this model lacks.
        for old in wanted:
            shared = old.replace(_VIT_HOMES[1], _VIT_HOMES[0])
            if old not in given and shared in given:
                given[old] = given.pop(shared)
    skipped = tuple(
        prefix
        for prefix in (
            *(f"input_embedders.{m}." for m in _OFFICIAL_INPUTS if m not in cfg.inputs),
            *(f"target_embedders.{m}." for m in _OFFICIAL_TARGETS if m not in cfg.targets),
            *(f"{m}_token_embedder." for m in _OFFICIAL_TARGETS[1:] if m not in cfg.targets),
        )
    )
    out_of_scope = sorted(old for old in given.keys() - wanted.keys() if old.startswith(skipped))
    check_fit(path, {k: v for k, v in given.items() if k not in set(out_of_scope)}, wanted)
    home = _VIT_HOMES["image" not in cfg.inputs]
    placed: dict[str, Tensor] = {}
    for name in ours:
        pieces = [given[old.replace(_VIT_HOMES[0], home)] for old in official_names(name)]
        if name == "vit.special":
            pieces = [piece[None] for piece in pieces]
        placed[name] = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
    return Placement(placed, out_of_scope)


def model_shapes(cfg: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of every tensor of the model of `cfg`; no memory is taken."""
    return _shapes(build_on_meta(cfg))


def _shapes(model: UnifiedIO2) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
