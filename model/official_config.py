"""The `config.json` of the official release, and the `ModelConfig` that means the same (spec n).

What shapes the model is read; what the released code can be told and ours cannot must have the
released value; what has no meaning at inference (dropout, sequence lengths, paths) is passed over.
"""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from uio2_agent.errors import BadCheckpoint, BadSetting, UnknownName
from uio2_agent.model.config import (
    SPECTROGRAM_VIT,
    ModelConfig,
    ResamplerConfig,
    SignalConfig,
    ViTConfig,
    ViTVQGANConfig,
    VQGANConfig,
)

CONFIG = "config.json"
_REMEDY = "Give the config.json of a released model, or name the size: large, xl or xxl"

# Settings with one value that we can honour; the pattern and dynamic masks do nothing there.
_FIXED: dict[str, dict[str, Any]] = {
    "": {
        "use_image_vit": True,
        "use_audio_vit": True,
        "use_image_history_vit": True,
        "use_audio_history_vit": True,
    },
    "t5_config": {
        "image_patch_size": 16,
        "mlp_activations": ["silu", "linear"],
        "logits_via_embedding": True,
        "decoder_xattention_internval": 1,
        "qk_norm": True,
        **{
            f"{name}_pos_emb": "llama_rope"
            for name in ("text", "image", "audio", "image_history", "audio_history")
        },
        "image_tokenizer_type": "vqgan",
        "image_vit_patch_size": 16,
        "audio_patch_size": 16,
        "audio_vit_patch_size": 16,
    },
    "image_history_cfg": {
        "resampler_type": "perceiver",
        "mlp_activations": ["gelu"],
        "clip_attn_logit": None,
    },
    "image_vqgan": {"double_z": False, "in_channels": 3, "out_ch": 3},
    "audio_vqgan": {"use_bias": False, "act_fn": "relu", "output_channel": 1, "use_decoder": True},
    "image_vit_cfg": {"patch_size": 16, "pos_patch_size": 16, "mlp_activations": ["gelu"]},
    "audio_vit_cfg": {
        "patch_size": 16,
        "pos_patch_size": 16,
        "mlp_activations": ["gelu"],
        "vit_embed": True,
        "transpose_input": True,
    },
}
_FIXED["audio_history_cfg"] = _FIXED["image_history_cfg"]
_NO_MATTER = {
    "": ("sequence_length",),
    "t5_config": ("dalle_attn_mask", "dynamic_unk_mask", "encoder_max_text_length"),
    "image_history_cfg": ("droppath_rate", "layer_drop", "attn_qk_norm", "attn_scaled_cosine"),
    "audio_history_cfg": ("droppath_rate", "layer_drop", "attn_qk_norm", "attn_scaled_cosine"),
    "image_vqgan": ("dropout", "default_input_size", "patch_size", "checkpoint_path"),
    "audio_vqgan": ("droppath_rate", "attention_dropout_rate", "checkpoint_path"),
    "image_vit_cfg": ("default_input_size",),
    "audio_vit_cfg": (),
}
_NEVER_MATTER = ("dropout_rate", "dropout_broadcast_dims", "float32_attention_logits")


class _Section:
    """One part of the config: every setting is read once, what is left over is refused."""

    def __init__(self, path: str, name: str, fields: Any) -> None:
        if not isinstance(fields, dict):
            raise BadCheckpoint(path, f"has no {name or 'settings'}", _REMEDY)
        self.path, self.name, self._left = path, name, dict(fields)
        for key, value in _FIXED[name].items():
            if key in self._left and self._left.pop(key) != value:
                raise self.odd(key, fields[key], str(value))
        for key in (*_NO_MATTER[name], *_NEVER_MATTER):
            self._left.pop(key, None)

    def __getitem__(self, key: str) -> Any:
        if key not in self._left:
            raise BadCheckpoint(self.path, f"lacks {self._full(key)}", _REMEDY)
        value = self._left.pop(key)
        if isinstance(value, list):
            return tuple(value)
        if not isinstance(value, int) or (value <= 0 and not isinstance(value, bool)):
            raise self.odd(key, value, "a positive whole number")
        return value

    def part(self, name: str) -> "_Section":
        return _Section(self.path, name, self._left.pop(name, None))

    def odd(self, key: str, got: object, want: str) -> BadCheckpoint:
        problem = f"says {self._full(key)} = {got}, and only {want} is known here"
        return BadCheckpoint(self.path, problem, _REMEDY)

    def agree(self, key: str, want: object) -> None:
        """Raise unless the setting has the value that others imply."""
        got = self[key]
        if got != want:
            raise self.odd(key, got, str(want))

    def done(self) -> None:
        if self._left:
            unknown = ", ".join(self._full(key) for key in sorted(self._left))
            raise BadCheckpoint(self.path, f"has settings nobody knows: {unknown}", _REMEDY)

    def _full(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def read_official_config(path: str | Path) -> ModelConfig:
    """The model of a released `config.json`.

    Raises:
        BadCheckpoint: The file cannot be read, lacks a setting, or has one that we cannot honour;
            each by name.
    """
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadCheckpoint(str(path), f"cannot be read ({problem})", _REMEDY) from problem
    return official_config(fields, str(path))


def official_config(fields: Any, path: str = CONFIG) -> ModelConfig:
    """As `read_official_config`, of what the file held."""
    top = _Section(path, "", fields)
    parts = {name: top.part(name) for name in _FIXED if name}
    try:
        config = _translated(top, parts)
    except (BadSetting, UnknownName, TypeError, ValueError, ZeroDivisionError) as problem:
        raise BadCheckpoint(path, f"describes no model of ours ({problem})", _REMEDY) from problem
    for section in (*parts.values(), top):
        section.done()
    return config


def _translated(top: _Section, parts: dict[str, _Section]) -> ModelConfig:
    t5 = parts["t5_config"]
    slots = parts["image_history_cfg"]["max_frames"]
    parts["audio_history_cfg"].agree("max_frames", slots)
    pixels, picture_length = t5["default_image_vit_size"], t5["decoder_max_image_length"]
    t5.agree("encoder_max_image_length", pixels[0] // 16 * (pixels[1] // 16))
    # One multiplier serves both signals, though it comes from the grids of pictures (spec c5).
    scale = math.sqrt(picture_length / (pixels[0] // 16 * (pixels[1] // 16)))
    image = SignalConfig(
        size=pixels,
        history_size=t5["default_image_history_vit_size"],
        rope_scale=scale,
        vit=_image_vit(parts["image_vit_cfg"]),
        history=_resampler(parts["image_history_cfg"]),
        vocab_size=t5["image_vocab_size"],
        quantiser=_vqgan(parts["image_vqgan"]),
    )
    frames = t5["default_audio_vit_size"]
    t5.agree("encoder_max_audio_length", frames[0] // 16 * (frames[1] // 16))
    quantiser = _vit_vqgan(parts["audio_vqgan"])
    audio = SignalConfig(
        size=frames,
        history_size=t5["default_audio_history_vit_size"],
        rope_scale=scale,
        vit=_audio_vit(parts["audio_vit_cfg"]),
        history=_resampler(parts["audio_history_cfg"]),
        vocab_size=t5["audio_vocab_size"],
        quantiser=quantiser,
        target_grid=(quantiser.grid[1], quantiser.grid[0]),  # turned round, as released
    )
    t5.agree("default_image_size", (image.quantiser.size,) * 2)
    t5.agree("default_audio_size", quantiser.size)
    t5.agree("decoder_max_audio_length", audio.target_length)
    if picture_length != image.target_length:
        raise t5.odd("decoder_max_image_length", picture_length, str(image.target_length))
    return ModelConfig(
        width=t5["emb_dim"],
        heads=t5["num_heads"],
        head_dim=t5["head_dim"],
        mlp_width=t5["mlp_dim"],
        encoder_layers=t5["num_encoder_layers"],
        decoder_layers=t5["num_decoder_layers"],
        text_vocab_size=t5["vocab_size"],
        max_text=t5["decoder_max_text_length"],
        history_slots=slots,
        freeze_vit=top["freeze_vit"],
        image=image,
        audio=audio,
        inputs=top["input_modalities"],
        targets=top["target_modalities"],
    )


def _heads(section: _Section) -> dict[str, Any]:
    """Width, heads and MLP of a stack whose heads fill its width."""
    width, heads = section["emb_dim"], section["num_heads"]
    section.agree("head_dim", width // heads)
    return {"width": width, "heads": heads, "mlp_width": section["mlp_dim"]}


def _image_vit(section: _Section) -> ViTConfig:
    side = math.isqrt(section["num_pos"] - 1)
    return ViTConfig(**_heads(section), layers=section["num_layers"], grid=(side, side))


def _audio_vit(section: _Section) -> ViTConfig:
    rows, cols = section["default_input_size"]
    sizes = _heads(section)
    return replace(
        SPECTROGRAM_VIT, **sizes, layers=section["num_layers"], grid=(rows // 16, cols // 16)
    )


def _resampler(section: _Section) -> ResamplerConfig:
    layers, cosine = section["num_layers"], section["xattn_scaled_cosine"]
    # Layers that are not listed would read themselves only; nothing released has any.
    section.agree("xattention_index", tuple(range(layers)))
    section.agree("xattn_qk_norm", not cosine)
    return ResamplerConfig(
        **_heads(section),
        layers=layers,
        latents=section["latents_size"],
        attention="scaled_cosine" if cosine else "qk_norm",
    )


def _vqgan(section: _Section) -> VQGANConfig:
    width = section["embed_dim"]
    section.agree("z_channels", width)
    return VQGANConfig(
        channels=section["ch"],
        multipliers=section["ch_mult"],
        blocks=section["num_res_blocks"],
        attention_sides=section["attn_resolutions"],
        codes=section["n_embed"],
        code_width=width,
        size=section["resolution"],
    )


def _vit_vqgan(section: _Section) -> ViTVQGANConfig:
    width, heads = section["encoder_hidden_size"], section["encoder_num_heads"]
    head_dim, layers = section["encoder_head_dim"], section["encoder_num_layers"]
    hidden = section["encoder_mlp_dim"]
    for key, value in (
        ("hidden_size", width),
        ("num_heads", heads),
        ("head_dim", head_dim),
        ("num_layers", layers),
        ("mlp_dim", hidden),
    ):
        section.agree(f"decoder_{key}", value)
    mels, frames = section["default_input_size"]
    patch = section["patch_size"]
    if patch[0] != patch[1]:
        raise section.odd("patch_size", patch, "a square")
    return ViTVQGANConfig(
        width=width,
        heads=heads,
        head_dim=head_dim,
        layers=layers,
        mlp_width=hidden,
        patch=patch[0],
        codes=section["vocab_size"],
        code_width=section["proj_dim"],
        size=(frames, mels),
    )
