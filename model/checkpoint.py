"""Weights on disk and in memory, once each.

A checkpoint of ours is a folder with `weights.safetensors` and `config.json`. A model is built
without memory for its weights, then every tensor is made once and filled from the file piece by
piece: loading takes the memory of the model and of one tensor, never two copies.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from uio2_agent import __version__
from uio2_agent.errors import (
    BadCheckpoint,
    BadSetting,
    CannotWrite,
    CheckpointMismatch,
    UnknownName,
)
from uio2_agent.model.config import ModelConfig
from uio2_agent.model.int8 import Int8Linear, quantise_rows, swap_linears
from uio2_agent.model.tensor_files import SafetensorsFile, Shape, TensorSource
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.storage import make_folder, whole, write_json

WEIGHTS, CONFIG = "weights.safetensors", "config.json"
# Fields of the model config before pictures and sound had a config each.
_OLD_FIELDS = {"vit", "history", "image_size", "history_size", "image_rope_scale"}


def save(model: UnifiedIO2, folder: str | Path, dtype: torch.dtype | None = None) -> Path:
    """Write weights and config; each file appears whole or not at all.

    Args:
        dtype: Of the floating-point tensors in the file; left out, as they are. Weights kept as
            int8 stay so.

    Returns:
        The folder.

    Raises:
        CannotWrite: The disk is full; what the folder held before is left alone.
    """
    folder = make_folder(Path(folder))
    tensors = {
        name: tensor.detach().to("cpu", _stored_dtype(name, tensor, dtype)).contiguous()
        for name, tensor in model.state_dict().items()
    }
    with whole(folder / WEIGHTS) as part:
        try:
            save_file(tensors, part, metadata={"format": "pt"})
        except SafetensorError as problem:  # of a full disk it tells in words only
            raise CannotWrite(str(folder / WEIGHTS), str(problem)) from problem
    write_json(folder / CONFIG, {"version": __version__, "model": model.cfg.to_json()})
    return folder


def load(
    folder: str | Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = torch.float32,
) -> UnifiedIO2:
    """Build the model of a folder written by `save`, in evaluation mode.

    Args:
        dtype: Of the weights, by the rule of `kept_dtype`; None as they are in the file. Weights
            saved as int8 stay so.

    Raises:
        BadCheckpoint: When a file is missing, truncated or foreign.
        CheckpointMismatch: When tensors do not fit the config, each by name.
    """
    folder = Path(folder)
    model = build_on_meta(read_config(folder))
    source = SafetensorsFile(folder / WEIGHTS)
    swap_linears(model, {name.removesuffix(".weight") for name in source.int8})
    check_fit(str(folder), source.shapes, shapes_of(model.state_dict()))
    fill(model, source, {name: (name,) for name in source.shapes}, device, dtype)
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
    if _OLD_FIELDS & fields["model"].keys():
        raise BadCheckpoint(
            str(path),
            "has the layout of version 0.1, which knew pictures only",
            f"Load it with uio2-agent 0.1, or rewrite its fields as this version ({__version__}) "
            'does: `vit`, `history`, `history_size`, `rope_scale` and `size` belong under "image"',
        )
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


@torch.no_grad()
def fill(
    model: UnifiedIO2,
    source: TensorSource,
    pieces: dict[str, tuple[str, ...]],
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> None:
    """Give every tensor of a model on the meta device its memory and its numbers, one by one.

    Args:
        pieces: For each of our tensors those of the source it joins along the first axis; they
            must fit. The steps of int8 layers may be left out: they are found on the way.
        dtype: By the rule of `kept_dtype`; None as in the source.

    Raises:
        BadCheckpoint: When the source holds something else than floating-point numbers.
    """
    for name, blank in model.state_dict().items():
        if name not in pieces:
            continue
        owner = model.get_submodule(name.rpartition(".")[0])
        new: Tensor | None = None
        begin = 0
        for part in pieces[name]:
            piece = source.read(part)
            if piece.dim() < blank.dim():
                piece = piece[None]  # a ViT's special token is one row of ours
            if isinstance(owner, Int8Linear) and blank.dtype == torch.int8:
                if piece.dtype != torch.int8:
                    piece, step = quantise_rows(piece)
                    if owner.step.is_meta:
                        owner.step = step.new_empty(owner.step.shape, device=device)
                    owner.step[begin : begin + len(step)] = step
            elif not piece.is_floating_point():
                remedy = "Weights are floating-point numbers; fetch or write the file again"
                raise BadCheckpoint(source.path, f"{part} holds {piece.dtype}", remedy)
            if new is None:
                kept = piece.dtype if piece.dtype == torch.int8 else kept_dtype(name, dtype)
                new = torch.empty(blank.shape, dtype=kept or piece.dtype, device=device)
            new[begin : begin + len(piece)] = piece
            begin += len(piece)
        assert new is not None and begin == len(new), name
        _assign(owner, name.rpartition(".")[2], new)


def kept_dtype(name: str, dtype: torch.dtype | None) -> torch.dtype | None:
    """What `dtype` means for one tensor: ViTs and quantisers keep float32, as released (spec n).

    So do the steps of int8 weights. None stays None.
    """
    precise = name.startswith(("vit.", "audio_vit.")) or ".quantiser." in name
    if dtype is not None and (precise or name.endswith(".step")):
        return torch.float32
    return dtype


def cast(model: UnifiedIO2, dtype: torch.dtype) -> UnifiedIO2:
    """Turn the weights of a model into `dtype`, by the rule of `kept_dtype`; the same model."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_floating_point():
            tensor.data = tensor.data.to(kept_dtype(name, dtype))
    return model


def check_fit(path: str, given: dict[str, Shape], wanted: dict[str, Shape]) -> None:
    """Raise `CheckpointMismatch` unless names and shapes are the same."""
    missing = sorted(wanted.keys() - given.keys())
    unexpected = sorted(given.keys() - wanted.keys())
    misshapen = [
        f"{name}: {given[name]} != {wanted[name]}"
        for name in sorted(wanted.keys() & given.keys())
        if given[name] != wanted[name]
    ]
    if missing or unexpected or misshapen:
        raise CheckpointMismatch(path, missing, unexpected, misshapen)


def shapes_of(tensors: dict[str, Tensor]) -> dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def model_shapes(cfg: ModelConfig) -> dict[str, Shape]:
    """Names and shapes of every tensor of the model of `cfg`; no memory is taken."""
    return shapes_of(build_on_meta(cfg).state_dict())


def _stored_dtype(name: str, tensor: Tensor, dtype: torch.dtype | None) -> torch.dtype:
    exact = not tensor.is_floating_point() or name.endswith(".step")
    return tensor.dtype if dtype is None or exact else dtype


def _assign(owner: nn.Module, leaf: str, tensor: Tensor) -> None:
    old = getattr(owner, leaf)
    if isinstance(old, nn.Parameter):
        tensor = nn.Parameter(tensor, requires_grad=old.requires_grad)
    setattr(owner, leaf, tensor)
