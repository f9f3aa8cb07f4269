"""The names of the official release (spec n).

Where we keep several official tensors as one (keys with values, gate with up, the special tokens
of a ViT), they are joined along the first axis, so the way back is exact.
"""

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from uio2_agent.errors import UnknownName
from uio2_agent.model.checkpoint import check_fit, model_shapes
from uio2_agent.model.config import INPUT_MODALITIES, SIGNALS, TARGET_MODALITIES, ModelConfig
from uio2_agent.model.tensor_files import Shape

Names = dict[str, tuple[str, ...]]

# The ViT of each signal, and the official names of its special tokens.
_VITS = {
    "image": ("vit.", ("class_embedding",)),
    "audio": ("audio_vit.", ("cls_token", "dist_token")),
}
# Names within a layer of the main stacks and the resamplers.
_LEAVES: Names = {
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
# The same of a ViT, and of the quantiser of sounds, whose attention has the names above.
_VIT_LEAVES: Names = {
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
_SOUND_LEAVES: Names = {
    **{leaf: _LEAVES[leaf] for leaf in ("q.weight", "kv.weight", "out.weight")},
    **{leaf: (leaf,) for leaf in ("weight", "bias")},
    **{leaf: old for leaf, old in _VIT_LEAVES.items() if leaf.startswith(("up.", "down."))},
}
_BLOCK = {"norm1": "ln_1", "attention": "attn", "norm2": "ln_2"}


@dataclass(frozen=True)
class _Stack:
    """Layers ours + "0", ours + "1", …: what they, their parts and those parts' tensors are."""

    ours: str
    theirs: str
    parts: dict[str, str]
    leaves: Names

    def names(self, name: str) -> tuple[str, ...]:
        """The official names of one of its tensors, none for any other name."""
        match = re.fullmatch(re.escape(self.ours) + r"(\d+)\.([a-z0-9_]+)\.(.+)", name)
        if not match or match[3] not in self.leaves or match[2] not in {*self.parts, "mlp"}:
            return ()
        part = self.parts.get(match[2], "mlp")
        return tuple(f"{self.theirs}{match[1]}.{part}.{leaf}" for leaf in self.leaves[match[3]])


def _vit_home(signal: str, alone: bool = False) -> str:
    """Where the release keeps a ViT; `alone` where the signal is read as history only."""
    owner = f"{signal}_history.vit_image_encoder" if alone else f"{signal}.image_encoder"
    return f"input_embedders.{owner}.vision_transformer."


def _perceiver(signal: str) -> str:
    return f"input_embedders.{signal}_history.resampler.perceiver."


def _signal_names(signal: str) -> dict[str, str]:
    """What reads pictures or sounds, but for its layers and special tokens."""
    single, history = f"inputs.{signal}.", f"inputs.{signal}_history."
    (vit, _), home, perceiver = _VITS[signal], _vit_home(signal), _perceiver(signal)
    return {
        f"{single}projection.weight": f"input_embedders.{signal}.projection.weight",
        **{
            f"{history}{leaf}": f"input_embedders.{signal}_history.{leaf}"
            for leaf in ("pre_projection.weight", "post_projection.weight")
        },
        f"{history}resampler.latents": perceiver + "latents",
        f"{history}resampler.context_norm.scale": perceiver + "context_norm.scale",
        f"{history}resampler.norm.scale": perceiver + "perceiver_norm.scale",
        f"{vit}position": home + "positional_embedding",
        **{f"{vit}patch.{kind}": f"{home}embedding.{kind}" for kind in ("weight", "bias")},
        **{f"{vit}pre_norm.{kind}": f"{home}pre_ln.{kind}" for kind in ("weight", "bias")},
    }


_PICTURES, _OFFICIAL_PICTURES = "targets.image.quantiser.", "target_embedders.image.vqgan."
# Of the quantiser of pictures all but the codebook is called as in the release.
_PICTURE_TENSOR = re.compile(r"((en|de)coder|(post_)?quant_conv)\.([a-z0-9_]+\.)*(weight|bias)")
_SOUNDS, _OFFICIAL_SOUNDS = "targets.audio.quantiser.", "target_embedders.audio.vqgan."

_SINGLE: dict[str, str] = {
    **{f"{m}_table.weight": f"{m}_token_embedder.weight" for m in TARGET_MODALITIES},
    **{f"inputs.{m}.modality": f"input_embedders.{m}.modality_embedding" for m in INPUT_MODALITIES},
    **{
        f"targets.{m}.modality": f"target_embedders.{m}.modality_embedding"
        for m in TARGET_MODALITIES
    },
    **{f"{stack}.norm.scale": f"{stack}.{stack}_norm.scale" for stack in ("encoder", "decoder")},
    **_signal_names("image"),
    **_signal_names("audio"),
    _PICTURES + "codebook.weight": _OFFICIAL_PICTURES + "quantize.embedding.weight",
    _SOUNDS + "codebook.weight": _OFFICIAL_SOUNDS + "quantize.embedding.weight",
    _SOUNDS + "encoder.project.weight": _OFFICIAL_SOUNDS + "encoder.encoder_proj.weight",
    _SOUNDS + "encoder.shift": _OFFICIAL_SOUNDS + "encoder.encoder_norm.bias",
    _SOUNDS + "decoder.project.weight": _OFFICIAL_SOUNDS + "decoder.decoder_proj.weight",
    _SOUNDS + "decoder.unpatch.weight": _OFFICIAL_SOUNDS + "decoder.conv_transpose.weight",
    **{
        f"{_SOUNDS}encoder.patch.{kind}": f"{_OFFICIAL_SOUNDS}encoder.embedding.{kind}"
        for kind in ("weight", "bias")
    },
    **{
        f"{_SOUNDS}{side}.norm.{kind}": f"{_OFFICIAL_SOUNDS}{side}.transformer.encoder_norm.{kind}"
        for side in ("encoder", "decoder")
        for kind in ("weight", "bias")
    },
}
_STACKS = (
    _Stack(
        "encoder.layers.",
        "encoder.layers_",
        {"norm1": "pre_attention_norm", "attention": "attention", "norm2": "pre_mlp_norm"},
        _LEAVES,
    ),
    _Stack(
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
    *(
        _Stack(
            f"inputs.{signal}_history.resampler.layers.",
            _perceiver(signal) + "layers_",
            {"norm1": "pre_xattention_norm", "attention": "xattention", "norm2": "pre_mlp_norm"},
            _LEAVES,
        )
        for signal in SIGNALS
    ),
    *(
        _Stack(
            f"{_VITS[signal][0]}blocks.",
            _vit_home(signal) + "transformer.resblocks.",
            _BLOCK,
            _VIT_LEAVES,
        )
        for signal in SIGNALS
    ),
    *(
        _Stack(
            f"{_SOUNDS}{side}.blocks.",
            f"{_OFFICIAL_SOUNDS}{side}.transformer.encoderblock_",
            _BLOCK,
            _SOUND_LEAVES,
        )
        for side in ("encoder", "decoder")
    ),
)


@dataclass(frozen=True)
class Placement:
    """An official state dict in our names, and what of it this model has no room for.

    out_of_scope: official names of modalities the config does not list.
    """

    state_dict: dict[str, Tensor]
    out_of_scope: list[str]


def official_names(name: str) -> tuple[str, ...]:
    """The official tensors that one of ours joins, in order.

    Those of a ViT are given for a model that reads single pictures or sounds.

    Raises:
        UnknownName: For a tensor that is not ours.
    """
    if name in _SINGLE:
        return (_SINGLE[name],)
    for signal, (vit, tokens) in _VITS.items():
        if name == f"{vit}special":
            return tuple(_vit_home(signal) + token for token in tokens)
    if name.startswith(_PICTURES) and _PICTURE_TENSOR.fullmatch(name.removeprefix(_PICTURES)):
        return (_OFFICIAL_PICTURES + name.removeprefix(_PICTURES),)
    for stack in _STACKS:
        if found := stack.names(name):
            return found
    raise UnknownName("tensor", name, (*_SINGLE, *(f"{stack.ours}…" for stack in _STACKS)))


def official_pieces(names: list[str]) -> Names:
    """For all tensors of one of our models the official ones they join."""
    pieces = {name: official_names(name) for name in names}
    for signal in SIGNALS:
        if f"inputs.{signal}.modality" not in pieces:
            shared, own = _vit_home(signal), _vit_home(signal, alone=True)
            for name, parts in pieces.items():
                pieces[name] = tuple(part.replace(shared, own) for part in parts)
    return pieces


def to_official(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict under the official names; undone by `from_official`."""
    official: dict[str, Tensor] = {}
    for name, parts in official_pieces(list(state_dict)).items():
        pieces = state_dict[name].chunk(len(parts), dim=0)
        for part, piece in zip(parts, pieces, strict=True):
            official[part] = piece[0] if name.endswith("vit.special") else piece
    return official


def locate(given: dict[str, Shape], cfg: ModelConfig, path: str) -> tuple[Names, list[str]]:
    """Where in an official checkpoint the tensors of the model of `cfg` are.

    Args:
        given: Names and shapes of all there are.
        path: What to call the checkpoint in errors.

    Returns:
        The official tensors that each of ours joins, in order; and the names that belong to
        modalities `cfg` leaves out.

    Raises:
        CheckpointMismatch: Official tensors that are missing, misshapen, or neither placed nor
            known to be out of scope, each by its official name.
    """
    ours = {name: torch.empty(shape, device="meta") for name, shape in model_shapes(cfg).items()}
    wanted = {part: tuple(piece.shape) for part, piece in to_official(ours).items()}
    # A full checkpoint keeps a shared ViT with the single input, which this model may lack.
    moved = {}
    for part in wanted.keys() - given.keys():
        for signal in SIGNALS:
            shared = part.replace(_vit_home(signal, alone=True), _vit_home(signal))
            if shared != part and shared in given:
                moved[part] = shared
    skipped = (
        *(f"input_embedders.{m}." for m in INPUT_MODALITIES if m not in cfg.inputs),
        *(f"target_embedders.{m}." for m in TARGET_MODALITIES if m not in cfg.targets),
        *(f"{m}_token_embedder." for m in SIGNALS if m not in cfg.targets),
    )
    used = {moved.get(part, part) for part in wanted}
    out_of_scope = sorted(name for name in given.keys() - used if name.startswith(skipped))
    back = {shared: part for part, shared in moved.items()}
    ignored = set(out_of_scope)
    check_fit(path, {back.get(k, k): v for k, v in given.items() if k not in ignored}, wanted)
    pieces = official_pieces(list(ours))
    return {k: tuple(moved.get(part, part) for part in v) for k, v in pieces.items()}, out_of_scope


def from_official(
    state_dict: dict[str, Tensor], cfg: ModelConfig, path: str = "official state dict"
) -> Placement:
    """Place an official state dict into the names of the model of `cfg`; dtypes are kept.

    Raises:
        CheckpointMismatch: As `locate`.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in state_dict.items()}
    names, out_of_scope = locate(shapes, cfg, path)
    placed: dict[str, Tensor] = {}
    for name, parts in names.items():
        pieces = [state_dict[part] for part in parts]
        if name.endswith("vit.special"):
            pieces = [piece[None] for piece in pieces]
        placed[name] = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
    return Placement(placed, out_of_scope)
