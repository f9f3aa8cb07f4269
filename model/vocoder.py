"""Log-mel spectrogram → waveform: the released HiFi-GAN, or Griffin-Lim with no weights (spec g).

Both eat what the audio quantiser gives: natural logarithms of mel power, as they are. The release
undoes the quantiser's normalisation (x · 3.8312 − 5.0945) before its vocoder; ours does so in
`ViTVQGAN.decode`. Of a `sound.LogMel` take `filled()`, where silence is quiet.

Shapes: B rows, F frames (one per 256 samples), M = 128 mels, C channels. A segment of 256 frames
gives 65,536 samples, 256 more than the 4.08 s it came from: cut them to join segments.
"""

import json
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uio2_agent.errors import BadCheckpoint, BadInput, BadSetting, BadShape, CheckpointMismatch
from uio2_agent.model.checkpoint import check_fit, read_tensors, shapes_of
from uio2_agent.model.sound import (
    HOP,
    LOUDEST,
    MELS,
    QUIETEST,
    SAMPLE_RATE,
    WINDOW,
    hann_window,
    mel_filters,
)

_SLOPE = 0.1
_LAST_SLOPE = 0.01  # not 0.1: the release calls the framework's default here
_MEL_STEPS = 100
_MOMENTUM = 0.99
# What torch.load raises on files that are truncated or foreign.
_UNREADABLE = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    pickle.UnpicklingError,
)


@dataclass(frozen=True, kw_only=True)
class VocoderConfig:
    """The HiFi-GAN of the release; level i upsamples by `rates[i]` and halves the channels.

    Args:
        channels: Before the first level.
        rates, kernels: Of each level's transposed convolution.
        block_kernels, dilations: Of the residual blocks of each level, whose mean is taken.
    """

    channels: int = 256
    rates: tuple[int, ...] = (8, 8, 4)
    kernels: tuple[int, ...] = (16, 16, 8)
    block_kernels: tuple[int, ...] = (3, 5, 7)
    dilations: tuple[tuple[int, ...], ...] = ((1, 2), (2, 6), (3, 12))

    def __post_init__(self) -> None:
        if len(self.kernels) != len(self.rates):
            raise BadSetting("kernels", self.kernels, f"one per level, {len(self.rates)}")
        numbers = (*self.rates, *self.block_kernels, *(d for row in self.dilations for d in row))
        if min(numbers, default=0) < 1:
            raise BadSetting("vocoder config", self, "rates, kernels and dilations above 0")
        if any(k < r or (k - r) % 2 for k, r in zip(self.kernels, self.rates, strict=True)):
            raise BadSetting("kernels", self.kernels, f"above rates {self.rates} by even numbers")
        if math.prod(self.rates) != HOP:
            raise BadSetting("rates", self.rates, f"a product of {HOP}, the samples of a frame")
        if self.channels <= 0 or self.channels % 2 ** len(self.rates):
            raise BadSetting("channels", self.channels, f"a multiple of {2 ** len(self.rates)}")
        if len(self.dilations) != len(self.block_kernels):
            raise BadSetting("dilations", self.dilations, "one tuple per residual block")
        if any(kernel % 2 == 0 for kernel in self.block_kernels):
            raise BadSetting("block_kernels", self.block_kernels, "odd numbers")

    @staticmethod
    def from_official(fields: dict[str, Any]) -> "VocoderConfig":
        """The `config.json` beside a HiFi-GAN checkpoint; keys about its training are not read.

        Raises:
            BadSetting: A key is missing, or it describes a vocoder of another kind.
        """
        wanted = {"resblock": "2", "num_mels": MELS, "sampling_rate": SAMPLE_RATE}
        for key, value in wanted.items():
            if str(fields.get(key, value)) != str(value):
                raise BadSetting(key, fields[key], f"{value}, as in the release's vocoder")
        try:
            channels = int(fields["upsample_initial_channel"])
            rates, kernels, block_kernels = (
                tuple(int(number) for number in fields[key])
                for key in ("upsample_rates", "upsample_kernel_sizes", "resblock_kernel_sizes")
            )
            dilations = tuple(tuple(map(int, row)) for row in fields["resblock_dilation_sizes"])
        except (KeyError, TypeError, ValueError) as problem:
            raise BadSetting("vocoder config", repr(problem), "a HiFi-GAN config.json") from problem
        return VocoderConfig(
            channels=channels,
            rates=rates,
            kernels=kernels,
            block_kernels=block_kernels,
            dilations=dilations,
        )


class Vocoder(nn.Module):
    """HiFi-GAN; parts carry the names of its checkpoints."""

    def __init__(self, cfg: VocoderConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.conv_pre = nn.Conv1d(MELS, cfg.channels, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = cfg.channels
        for rate, kernel in zip(cfg.rates, cfg.kernels, strict=True):
            padding = (kernel - rate) // 2
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding))
            width //= 2
            for block_kernel, dilations in zip(cfg.block_kernels, cfg.dilations, strict=True):
                self.resblocks.append(_ResidualBlock(width, block_kernel, dilations))
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3)

    @torch.no_grad()
    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, F, 128) natural log power → (B, 256 · F) in [-1, 1] at 16 kHz.

        Raises:
            BadShape, BadInput: Another shape, or numbers that are not finite.
        """
        check_log_mel(log_mel, 1)
        x = self.conv_pre(log_mel.to(self.conv_pre.weight).mT)  # (B, C, F)
        blocks = iter(self.resblocks)
        for up in self.ups:
            x = up(F.leaky_relu(x, _SLOPE))  # (B, C / 2, rate · F)
            x = sum(next(blocks)(x) for _ in self.cfg.dilations) / len(self.cfg.dilations)
        return self.conv_post(F.leaky_relu(x, _LAST_SLOPE)).tanh()[:, 0]

    @classmethod
    def load(
        cls,
        path: str | Path,
        cfg: VocoderConfig | None = None,
        device: torch.device | str = "cpu",
    ) -> "Vocoder":
        """Read a checkpoint, with its weight norm folded in, ready to be called.

        Args:
            path: A safetensors file; a torch file with the tensors under "generator"; or a folder
                with one such safetensors file or with `g_00930000` and the like (the last wins).
            cfg: Default: the `config.json` beside the weights, or else that of the release.

        Raises:
            BadCheckpoint: Missing, truncated or foreign.
            CheckpointMismatch: Tensors that do not fit the config, each by name.
        """
        file = _weights_file(Path(path))
        model = cls(cfg or _config_beside(file))
        tensors = fold_weight_norm(_read(file), str(file))
        check_fit(str(file), shapes_of(tensors), shapes_of(model.state_dict()))
        broken = sorted(name for name, t in tensors.items() if not torch.isfinite(t).all())
        if broken:
            remedy = "Fetch the file again"
            raise BadCheckpoint(str(file), f"not finite: {', '.join(broken)}", remedy)
        model.load_state_dict(tensors)
        return model.to(device).eval().requires_grad_(False)


class _ResidualBlock(nn.Module):
    def __init__(self, width: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=d, padding=(kernel - 1) * d // 2)
            for d in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = x + conv(F.leaky_relu(x, _SLOPE))
        return x


def fold_weight_norm(tensors: dict[str, Tensor], path: str = "vocoder") -> dict[str, Tensor]:
    """`weight_v · weight_g / |weight_v|` → `weight`, float32; tensors without weight norm stay.

    The norm is taken over all axes but the first, which in a transposed convolution is the input.
    """
    folded = {name: tensor.float() for name, tensor in tensors.items()}
    for name in tensors:
        length = name.removesuffix("_v") + "_g"
        if name.endswith("weight_v") and length in folded:
            direction, g = folded.pop(name), folded.pop(length)
            if g.numel() != len(direction):
                line = f"{length}: {tuple(g.shape)} != ({len(direction)}, 1, …)"
                raise CheckpointMismatch(path, misshapen=[line])
            shape = (-1,) + (1,) * (direction.dim() - 1)
            norm = direction.flatten(1).norm(dim=1)
            folded[name.removesuffix("_v")] = direction * (g.flatten() / norm).view(shape)
    return folded


@torch.no_grad()
def griffin_lim(log_mel: Tensor, iterations: int = 32, seed: int = 0) -> Tensor:
    """(B, F, 128) natural log power, F > 2 → (B, 256 · F) float32 at 16 kHz, about in [-1, 1].

    Power per frequency is fitted to the mels with all powers positive (multiplicative updates);
    phases start at random by `seed`, alike in every row, and are refined with momentum. So a row
    sounds the same alone and among others, and on every call with the same seed.

    Raises:
        BadShape, BadInput, BadSetting: Another shape, numbers not finite, iterations below 0.
    """
    check_log_mel(log_mel, 3)
    if iterations < 0:
        raise BadSetting("iterations", iterations, "0 or more")
    device, frames = log_mel.device, log_mel.shape[1]
    mel = log_mel.float().clamp(math.log(QUIETEST), math.log(LOUDEST)).exp()
    magnitude = _power(mel).sqrt().mT  # (B, 513, F)
    window = hann_window().float().to(device)
    generator = torch.Generator().manual_seed(seed)
    turns = torch.rand(magnitude.shape[1:], generator=generator).to(device)

    def to_waveform(spectrum: Tensor) -> Tensor:
        return torch.istft(spectrum, WINDOW, HOP, window=window, length=HOP * frames)

    spectrum = torch.polar(magnitude, 2 * math.pi * turns)
    previous = torch.zeros_like(spectrum)
    for _ in range(iterations):
        rebuilt = torch.stft(
            to_waveform(spectrum), WINDOW, HOP, window=window, return_complex=True
        )[..., :frames]
        ahead = rebuilt - _MOMENTUM / (1 + _MOMENTUM) * previous
        previous = rebuilt
        spectrum = magnitude * ahead / ahead.abs().clamp(min=1e-16)
    return to_waveform(spectrum)


def check_log_mel(log_mel: Tensor, frames: int) -> None:
    """Raise unless (B, F, 128) float with `frames` or more frames, all finite."""
    shape = tuple(log_mel.shape)
    if len(shape) != 3 or shape[2] != MELS or shape[1] < frames or not shape[0]:
        raise BadShape("log_mel", shape, f"(B, frames, {MELS}) with {frames} frames or more")
    if not log_mel.is_floating_point():
        raise BadShape("log_mel", log_mel.dtype, "float")
    if not torch.isfinite(log_mel).all():
        raise BadInput("log_mel", "not finite throughout", "natural logarithms, silence at -11.5")


def _power(mel: Tensor) -> Tensor:
    """Mel power (B, F, 128) → a power (B, F, 513) ≥ 0 per frequency with nearly those mels.

    Updates for the Kullback-Leibler divergence, which fit quiet mels as well as loud ones: after
    100 of them the logarithms of the golden sound differ by 0.002 on average, after as many for
    least squares by 0.03.
    """
    filters = mel_filters().float().to(mel.device)  # (128, 513)
    reach = filters.sum(dim=0).clamp(min=1e-10)
    power = mel.mean(dim=-1, keepdim=True).expand(-1, -1, filters.shape[1]) * (filters.sum(0) > 0)
    for _ in range(_MEL_STEPS):
        power = power * ((mel / (power @ filters.T).clamp(min=1e-10)) @ filters) / reach
    return power


def _weights_file(path: Path) -> Path:
    remedy = "Give a safetensors file, a file such as g_00930000, or a folder with one of them"
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadCheckpoint(str(path), "there is no such file or folder", remedy)
    found = sorted(path.glob("*.safetensors"))
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise BadCheckpoint(str(path), f"holds several weight files ({names})", "Name one of them")
    found = found or sorted(file for file in path.glob("g_*") if file.is_file())
    if not found:
        raise BadCheckpoint(str(path), "holds no vocoder weights", remedy)
    return found[-1]


def _config_beside(file: Path) -> VocoderConfig:
    path = file.parent / "config.json"
    if not path.exists():
        return VocoderConfig()
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(fields, dict):
            raise BadSetting("vocoder config", type(fields).__name__, "a JSON object")
        return VocoderConfig.from_official(fields)
    except (OSError, ValueError) as problem:
        remedy = "Give the config yourself: Vocoder.load(file, VocoderConfig())"
        raise BadCheckpoint(str(path), f"describes no vocoder ({problem})", remedy) from problem


def _read(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        return read_tensors(file)
    remedy = 'It must be a whole torch file with the tensors under "generator"'
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except _UNREADABLE as problem:
        raise BadCheckpoint(str(file), f"cannot be read ({problem})", remedy) from problem
    tensors = content.get("generator") if isinstance(content, dict) else None
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise BadCheckpoint(str(file), "has no generator", remedy)
    return tensors
