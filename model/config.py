"""Every number that shapes the model, as frozen dataclasses, and the table of named sizes.

Sources: spec section a (variants), c (input encoders), e (resampler), g (quantisers); `tiny` is
the random-weight configuration of the golden files, `nano` our own agent for a small
processor, `nano_nav` its sister that walks, `nano_hears` the one that walks by ear.
"""

from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_type_hints

from uio2_agent.errors import BadSetting, UnknownName

INPUT_MODALITIES = ("text", "image", "image_history", "audio", "audio_history")
TARGET_MODALITIES = ("text", "image", "audio")
# A signal is what is seen or heard; each has a ViT, a history and a quantiser of its own.
SIGNALS = ("image", "audio")

Activation = Literal["gelu_erf", "gelu_tanh", "relu"]


def _divides(name: str, part: int, whole: int) -> None:
    if part <= 0 or whole % part:
        raise BadSetting(name, part, f"a divisor of {whole}")


@dataclass(frozen=True, kw_only=True)
class ViTConfig:
    """A vision transformer over patches; the defaults are the CLIP image encoder.

    Args:
        patch_width: Numbers in one flattened patch.
        grid: Patch rows and columns of the stored positional table.
        position_rows: Rows of that table without those of special tokens, where it has more than
            the grid needs (the audio encoder's was made for longer clips).
        column_major: The table numbers patches down the columns first.
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
    position_rows: int | None = None
    column_major: bool = False
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
        if self.stored_positions < self.grid[0] * self.grid[1]:
            raise BadSetting(
                "vit.position_rows", self.position_rows, f"one per place of {self.grid}"
            )

    @property
    def head_dim(self) -> int:
        return self.width // self.heads

    @property
    def stored_positions(self) -> int:
        """Rows of the positional table that belong to patches."""
        return self.position_rows or self.grid[0] * self.grid[1]


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
class VQGANConfig:
    """The convolutional quantiser of pictures (spec g).

    Args:
        channels: Of the first convolution; level i has `channels * multipliers[i]`.
        blocks: Residual blocks of a level of the encoder; the decoder has one more.
        attention_sides: Levels of these side lengths get attention after every block.
        codes, code_width: Rows and columns of the codebook.
        size: Side of the picture in pixels; each level but the last halves it.
    """

    channels: int = 128
    multipliers: tuple[int, ...] = (1, 2, 2, 4)
    blocks: int = 2
    attention_sides: tuple[int, ...] = (32,)
    codes: int = 16384
    code_width: int = 4
    size: int = 256

    def __post_init__(self) -> None:
        for multiplier in self.multipliers:
            _divides("vqgan groups", 32, self.channels * multiplier)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of codes, in the order the model reads them."""
        side = self.size >> (len(self.multipliers) - 1)
        return side, side


@dataclass(frozen=True, kw_only=True)
class ViTVQGANConfig:
    """The transformer quantiser of log-mel spectrograms (spec g); encoder and decoder are alike.

    Args:
        patch: Side of a square patch, in spectrogram cells.
        size: Frames and mels of a spectrogram.
        codes, code_width: Rows and columns of the codebook.
    """

    width: int = 512
    heads: int = 8
    head_dim: int = 64
    layers: int = 8
    mlp_width: int = 2048
    patch: int = 8
    codes: int = 8192
    code_width: int = 32
    size: tuple[int, int] = (256, 128)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows (time) and columns (mel) of codes, in the order the model reads them."""
        return self.size[0] // self.patch, self.size[1] // self.patch


@dataclass(frozen=True, kw_only=True)
class SignalConfig:
    """All that is particular to pictures or to sound.

    Args:
        size: Rows and columns of the input, in pixels or in frames and mels.
        history_size: The same for one frame of the history.
        rope_scale: Multiplier of the input's grid coordinates in RoPE (spec c5).
        vocab_size: Rows of the target token table.
        target_grid: Rows and columns that RoPE gives the target tokens. The released model turns
            the audio grid round by mistake, and so does ours (spec c5).
    """

    size: tuple[int, int] = (384, 384)
    history_size: tuple[int, int] = (256, 256)
    rope_scale: float = 4 / 3
    vit: ViTConfig = ViTConfig()
    history: ResamplerConfig = ResamplerConfig()
    vocab_size: int = 16512
    quantiser: VQGANConfig | ViTVQGANConfig = VQGANConfig()
    target_grid: tuple[int, int] = (32, 32)

    def __post_init__(self) -> None:
        for name in ("size", "history_size"):
            if any(side <= 0 or side % 16 for side in getattr(self, name)):
                raise BadSetting(name, getattr(self, name), "positive multiples of 16")
        rows, cols = self.quantiser.grid
        if self.target_grid[0] * self.target_grid[1] != rows * cols:
            raise BadSetting("target_grid", self.target_grid, f"{rows * cols} places")
        if self.vocab_size < self.quantiser.codes + 2:
            raise BadSetting("vocab_size", self.vocab_size, f"above {self.quantiser.codes + 1}")

    @property
    def target_length(self) -> int:
        """Tokens of one whole picture or sound."""
        return self.target_grid[0] * self.target_grid[1]


SPECTROGRAM_VIT = ViTConfig(
    patch_width=256,
    grid=(16, 8),
    position_rows=512,
    column_major=True,
    special_tokens=2,
    patch_bias=True,
    pre_norm=False,
    activation="gelu_tanh",
    eps=1e-6,
)
SOUND = SignalConfig(
    size=(256, 128),
    history_size=(256, 128),
    vit=SPECTROGRAM_VIT,
    history=ResamplerConfig(latents=16),
    vocab_size=8320,
    quantiser=ViTVQGANConfig(),
    target_grid=(16, 32),
)


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The whole model.

    Args:
        text_vocab_size: Rows of the text table, a multiple of 128 not below the tokenizer's size.
        max_text: Longest text in or out, in tokens.
        history_slots: Most frames of history one example may hold.
        freeze_vit: Whether features of image and audio input stop gradients; history always does.
        sparse_masks: Every decoder layer reads pictures and sounds by its row, column or window
            pattern. The paper describes it, yet no released code ever applied it (spec f).
        dynamic_masks: Targets that the encoder was not shown are read by nobody but themselves;
            described and never applied likewise.
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
    history_slots: int = 8
    freeze_vit: bool = True
    sparse_masks: bool = False
    dynamic_masks: bool = False
    image: SignalConfig = SignalConfig()
    audio: SignalConfig = SOUND
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

    def signal(self, modality: str) -> SignalConfig:
        """`image` for image and image_history, `audio` for audio and audio_history."""
        return self.image if modality.startswith("image") else self.audio

    def to_json(self) -> dict[str, Any]:
        """A plain dict, exactly undone by `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "ModelConfig":
        """Rebuild a config; unknown or missing fields raise `BadSetting`."""
        try:
            config = _rebuilt(cls, fields)
        except (TypeError, KeyError, AttributeError) as problem:
            raise BadSetting("model config", str(problem), "the fields of ModelConfig") from problem
        assert isinstance(config, cls)
        return config


def _rebuilt(kind: Any, plain: dict[str, Any]) -> Any:
    """The dataclass `kind` out of a plain dict; of several it is the one with these fields."""
    hints = get_type_hints(kind)
    values = {}
    for name, value in plain.items():
        hint = hints.get(name)
        choices: list[Any] = [c for c in get_args(hint) or (hint,) if is_dataclass(c)]
        if choices:
            if not isinstance(value, dict):
                raise TypeError(f"{name} is {value!r}, expected its fields")
            fitting = [c for c in choices if _names(c) == value.keys()]
            value = _rebuilt((fitting or choices)[0], value)
        values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _names(kind: Any) -> set[str]:
    return {f.name for f in fields(kind)}


def _sounds(history: ResamplerConfig) -> SignalConfig:
    """Sound squeezed as pictures are, into half as many latents a frame."""
    return replace(SOUND, history=replace(history, latents=history.latents // 2))


_SMALL_RESAMPLER = ResamplerConfig(width=48, heads=3, mlp_width=80, latents=8)
_WIDE_RESAMPLER = ResamplerConfig(width=1024, heads=16, mlp_width=4096)
_COSINE_RESAMPLER = replace(_WIDE_RESAMPLER, attention="scaled_cosine")

_NANO = ModelConfig(
    width=192,
    heads=6,
    head_dim=32,
    mlp_width=512,
    encoder_layers=4,
    decoder_layers=3,
    text_vocab_size=2304,
    freeze_vit=False,
    image=SignalConfig(
        size=(128, 256),
        history_size=(128, 256),
        rope_scale=1.0,
        vit=ViTConfig(width=192, heads=6, layers=6, mlp_width=768, grid=(8, 16)),
        history=ResamplerConfig(width=192, heads=6, mlp_width=512, latents=16),
    ),
    inputs=("text", "image", "image_history"),
    targets=("text",),
)
_NANO_NAV = replace(
    _NANO,
    image=SignalConfig(
        size=(96, 96),
        history_size=(96, 96),
        rope_scale=1.0,
        vit=replace(_NANO.image.vit, layers=5, grid=(6, 6)),
        history=replace(_NANO.image.history, latents=8),
    ),
)

SIZES: dict[str, ModelConfig] = {
    "tiny": ModelConfig(
        width=64,
        heads=4,
        head_dim=16,
        mlp_width=96,
        encoder_layers=2,
        decoder_layers=3,
        text_vocab_size=1664,
        image=SignalConfig(
            vit=ViTConfig(width=32, heads=2, layers=3, mlp_width=64),
            history=_SMALL_RESAMPLER,
            vocab_size=256,
            quantiser=VQGANConfig(channels=32, multipliers=(1, 2, 1, 1), blocks=1, codes=250),
        ),
        audio=replace(
            SOUND,
            vit=replace(SPECTROGRAM_VIT, width=32, heads=2, layers=3, mlp_width=64),
            history=replace(_SMALL_RESAMPLER, latents=4),
            vocab_size=128,
            quantiser=ViTVQGANConfig(
                width=32, heads=2, head_dim=16, layers=2, mlp_width=64, codes=120, code_width=8
            ),
        ),
    ),
    "nano": _NANO,
    "nano_nav": _NANO_NAV,
    "nano_hears": replace(
        _NANO_NAV,
        inputs=INPUT_MODALITIES,
        audio=replace(
            _sounds(_NANO_NAV.image.history),
            vit=replace(SPECTROGRAM_VIT, width=192, heads=6, layers=4, mlp_width=768),
        ),
    ),
    "large": ModelConfig(width=1024, heads=16, head_dim=64, mlp_width=2816),
    "xl": ModelConfig(
        width=2048,
        heads=16,
        head_dim=128,
        mlp_width=5120,
        image=SignalConfig(history=_WIDE_RESAMPLER),
        audio=_sounds(_WIDE_RESAMPLER),
    ),
    "xxl": ModelConfig(
        width=3072,
        heads=24,
        head_dim=128,
        mlp_width=8192,
        image=SignalConfig(history=_COSINE_RESAMPLER),
        audio=_sounds(_COSINE_RESAMPLER),
    ),
}


def model_config(name: str) -> ModelConfig:
    """The config of a named size; `UnknownName` lists the known ones."""
    if name not in SIZES:
        raise UnknownName("model size", name, SIZES)
    return SIZES[name]
