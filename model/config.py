"""Every number that shapes the model, as frozen dataclasses, and the table of named sizes.

Sources: spec section a (variants), c (input encoders), e (resampler); `tiny` is the random-weight
configuration of the golden files, `nano` our own agent for a small processor.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from uio2_agent.errors import BadSetting, UnknownName

INPUT_MODALITIES = ("text", "image", "image_history")
TARGET_MODALITIES = ("text",)

Activation = Literal["gelu_erf", "gelu_tanh"]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _divides(name: str, part: int, whole: int) -> None:
    if part <= 0 or whole % part:
        raise BadSetting(name, part, f"a divisor of {whole}")


@dataclass(frozen=True, kw_only=True)
class ViTConfig:
    """A vision transformer over 16x16 patches; the defaults are the CLIP image encoder.

    Args:
        patch_width: Numbers in one flattened patch.
        grid: Patch rows and columns of the stored positional table.
        special_tokens: Learned tokens in front of the patches; each owns one positional row.
        patch_bias: Whether the patch projection has a bias.
        pre_norm: LayerNorm before the first block.
        second_feature: Index of the block whose output is the second feature.
    """

    width: int = 768
    heads: int = 12
    layers: int = 11
    mlp_width: int = 3072
    patch_width: int = 768
    grid: tuple[int, int] = (14, 14)
    special_tokens: int = 1
    patch_bias: bool = False
    pre_norm: bool = True
    activation: Activation = "gelu_erf"
    eps: float = 1e-5
    second_feature: int = 1

    def __post_init__(self) -> None:
        _divides("vit.heads", self.heads, self.width)
        if not 0 <= self.second_feature < self.layers:
            raise BadSetting("vit.second_feature", self.second_feature, f"below {self.layers}")

    @property
    def head_dim(self) -> int:
        return self.width // self.heads


@dataclass(frozen=True, kw_only=True)
class ResamplerConfig:
    """A perceiver that reads one frame into `latents` vectors (spec e)."""

    width: int = 768
    heads: int = 12
    layers: int = 2
    mlp_width: int = 2048
    latents: int = 32
    attention: Literal["qk_norm", "scaled_cosine"] = "qk_norm"
    activation: Activation = "gelu_erf"

    def __post_init__(self) -> None:
        _divides("resampler.heads", self.heads, self.width)
        if self.attention not in ("qk_norm", "scaled_cosine"):
            raise UnknownName("resampler attention", self.attention, ("qk_norm", "scaled_cosine"))

    @property
    def head_dim(self) -> int:
        return self.width // self.heads


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The whole model.

    Args:
        text_vocab_size: Rows of the text table, a multiple of 128 not below the tokenizer's size.
        max_text: Longest text in or out, in tokens.
        image_size: Pixels (rows, columns) of the image input this size was made for.
        history_size: The same for pictures of the history.
        image_rope_scale: Multiplier of the image input's grid coordinates in RoPE (spec c5).
        history_slots: Most frames of history one example may hold.
        freeze_vit: Whether features of the image input stop gradients; history always does.
        inputs, targets: Modalities this model reads and writes, in sequence order.
    """

    width: int
    heads: int
    head_dim: int
    mlp_width: int
    encoder_layers: int = 24
    decoder_layers: int = 24
    text_vocab_size: int = 33280
    max_text: int = 512
    vit: ViTConfig = ViTConfig()
    history: ResamplerConfig = ResamplerConfig()
    image_size: tuple[int, int] = (384, 384)
    history_size: tuple[int, int] = (256, 256)
    image_rope_scale: float = 4 / 3
    history_slots: int = 8
    freeze_vit: bool = True
    inputs: tuple[str, ...] = INPUT_MODALITIES
    targets: tuple[str, ...] = TARGET_MODALITIES

    def __post_init__(self) -> None:
        if self.head_dim % 4:
            raise BadSetting("head_dim", self.head_dim, "a multiple of 4, as 2-D RoPE needs")
        for kind, names, known in (
            ("input modality", self.inputs, INPUT_MODALITIES),
            ("target modality", self.targets, TARGET_MODALITIES),
        ):
            for name in names:
                if name not in known:
                    raise UnknownName(kind, name, known)
            if not names or names != tuple(name for name in known if name in names):
                raise BadSetting(kind, names, f"some of {known}, in this order")
        for name in ("image_size", "history_size"):
            if any(side <= 0 or side % 16 for side in getattr(self, name)):
                raise BadSetting(name, getattr(self, name), "positive multiples of 16 pixels")

    def to_json(self) -> dict[str, Any]:
        """A plain dict, exactly undone by `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "ModelConfig":
        """Rebuild a config; unknown or missing fields raise `BadSetting`."""
        try:
            values = {name: _tuple(value) for name, value in fields.items()}
            values["vit"] = ViTConfig(**{k: _tuple(v) for k, v in values["vit"].items()})
            values["history"] = ResamplerConfig(**values["history"])
            return cls(**values)
        except (TypeError, KeyError, AttributeError) as problem:
            raise BadSetting("model config", str(problem), "the fields of ModelConfig") from problem


_WIDE_RESAMPLER = ResamplerConfig(width=1024, heads=16, mlp_width=4096)

SIZES: dict[str, ModelConfig] = {
    "tiny": ModelConfig(
        width=64,
        heads=4,
        head_dim=16,
        mlp_width=96,
        encoder_layers=2,
        decoder_layers=3,
        text_vocab_size=1664,
        vit=ViTConfig(width=32, heads=2, layers=3, mlp_width=64),
        history=ResamplerConfig(width=48, heads=3, mlp_width=80, latents=8),
    ),
    "nano": ModelConfig(
        width=192,
        heads=6,
        head_dim=32,
        mlp_width=512,
        encoder_layers=4,
        decoder_layers=3,
        text_vocab_size=2304,
        vit=ViTConfig(width=192, heads=6, layers=6, mlp_width=768, grid=(8, 16)),
        history=ResamplerConfig(width=192, heads=6, mlp_width=512, latents=16),
        image_size=(128, 256),
        history_size=(128, 256),
        image_rope_scale=1.0,
        freeze_vit=False,
    ),
    "large": ModelConfig(width=1024, heads=16, head_dim=64, mlp_width=2816),
    "xl": ModelConfig(width=2048, heads=16, head_dim=128, mlp_width=5120, history=_WIDE_RESAMPLER),
    "xxl": ModelConfig(
        width=3072,
        heads=24,
        head_dim=128,
        mlp_width=8192,
        history=replace(_WIDE_RESAMPLER, attention="scaled_cosine"),
    ),
}


def model_config(name: str) -> ModelConfig:
    """The config of a named size; `UnknownName` lists the known ones."""
    if name not in SIZES:
        raise UnknownName("model size", name, SIZES)
    return SIZES[name]
