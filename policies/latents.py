"""What a policy has seen or heard, as the model's latents: a frame is encoded once in its life.

A *signal* is image or audio, a frame of it a picture or a stretch of sound; what follows knows no
difference. Legend: B rows of one micro-batch, T history slots, n latents a frame, D width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from uio2_agent.errors import BadSetting
from uio2_agent.model.inputs import FrameLatents, Patches, patchify, sound_patches
from uio2_agent.model.preprocessing import fit_picture
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.policies.codecs.base import (
    Codec,
    HearingCodec,
    Observation,
    Shown,
    Signal,
    remembered,
)

Latents = Tensor | None  # (n, D); None of a frame with nothing in it, such as silence
Frame = np.ndarray | Latents  # as it came until first needed, then latents


@dataclass
class Frames:
    """One row's frames of one signal.

    Attributes:
        prompt: Those that the prompt brings along; None until they are encoded.
        past: Oldest first.
        now: The first is the model's input, the others follow the past.
    """

    prompt: list[Latents] | None = None
    past: list[Frame] = field(default_factory=list)
    now: list[Frame] = field(default_factory=list)


class Stream:
    """One signal on its way into one model.

    Args:
        model: It reads the signal and its history.
        signal: "image" or "audio".
        frames_of: What of an observation is of this signal, the model's input first.
        slots: Frames of history the model is given.
        past_frames: How many of them may be past ones.
        keep_first: See `codecs.base.remembered`.
        micro_batch: Frames encoded at once, always exactly so many, so that latents depend on
            nothing but their frame.

    Raises:
        BadSetting: The model lacks the signal, or positions for so many frames.
    """

    def __init__(
        self,
        model: UnifiedIO2,
        signal: Signal,
        frames_of: Callable[[Observation], list[np.ndarray]],
        *,
        slots: int,
        past_frames: int,
        keep_first: bool,
        micro_batch: int,
    ) -> None:
        self.model, self.signal, self.frames_of = model, signal, frames_of
        self.history = f"{signal}_history"
        self.slots, self.past_frames, self.keep_first = slots, past_frames, keep_first
        self.micro_batch = micro_batch
        cfg = model.cfg
        if not {signal, self.history} <= {*cfg.inputs}:
            want = f"{signal} and {self.history} among them, which the codec shows"
            raise BadSetting("inputs of the model", ", ".join(cfg.inputs), want)
        if slots > cfg.history_slots:
            want = f"at most {cfg.history_slots}, the frames that the model has positions for"
            name = "slots" if signal == "image" else "sound_slots"
            raise BadSetting(f"{name} of the codec", slots, want)

    def perceive(self, frames: Frames, observation: Observation) -> None:
        """Take in the present."""
        frames.now = list(self.frames_of(observation))

    def encode_new(self, rows: Sequence[tuple[Frames, Sequence[np.ndarray]]]) -> None:
        """Turn what is needed now into latents; a row comes with the frames of its prompt."""
        new: list[np.ndarray] = []
        for frames, prompt in rows:
            if frames.prompt is None:
                new += list(prompt)
            new += [f for f in (*frames.past, *frames.now[1:]) if isinstance(f, np.ndarray)]
        latents = iter(self._encode(new))
        for frames, prompt in rows:
            if frames.prompt is None:
                frames.prompt = [next(latents) for _ in prompt]
            frames.past = [next(latents) if isinstance(f, np.ndarray) else f for f in frames.past]
            frames.now[1:] = [next(latents) for _ in frames.now[1:]]

    def inputs(self, rows: Sequence[tuple[Frames, Shown]]) -> dict[str, Patches | FrameLatents]:
        """Fields of `Inputs`: the present, and as its history what `encode_new` made latents."""
        present = self._patches([shown.present for _, shown in rows], past=False)
        return {self.signal: present, self.history: self._history(rows)}

    def pass_on(self, frames: Frames) -> None:
        """What was the present is past now; what there is no room for is forgotten."""
        frames.past = self._remembered([*frames.past, *frames.now], self.past_frames)

    def _history(self, rows: Sequence[tuple[Frames, Shown]]) -> FrameLatents:
        """Prompt's frames, past ones, newest last, more of the present; the rest is masked."""
        cfg = self.model.cfg
        shape = (len(rows), self.slots, cfg.signal(self.signal).history.latents, cfg.width)
        # Of what the encoder reads; ViTs may be of another type.
        like = self.model.get_parameter(f"inputs.{self.history}.modality")
        latents = torch.zeros(shape, dtype=like.dtype, device=like.device)
        there: list[list[bool]] = []
        for b, (frames, shown) in enumerate(rows):
            assert frames.prompt is not None
            past = self._remembered(frames.past, shown.n_past)
            every = [*frames.prompt, *past, *frames.now[1:]]
            if every:
                nothing = torch.zeros_like(latents[b, 0])
                filled = [f if isinstance(f, Tensor) else nothing for f in every]
                latents[b, : len(every)] = torch.stack(filled)
            empty = [False] * (self.slots - len(every))
            there.append([frame is not None for frame in every] + empty)
        return FrameLatents(latents=latents, mask=torch.tensor(there, device=like.device))

    def _remembered(self, past: list[Frame], room: int) -> list[Frame]:
        kept = remembered(len(past), room, keep_first=self.keep_first)
        return [past[k] for k in kept]

    def _encode(self, frames: Sequence[np.ndarray]) -> list[Latents]:
        found: list[Latents] = []
        for start in range(0, len(frames), self.micro_batch):
            part = list(frames[start : start + self.micro_batch])
            padded = part + [part[-1]] * (self.micro_batch - len(part))
            patches = self._patches(padded, past=True)
            encoded = self.model.encode_frames(patches, self.history)  # (B, n, D)
            there = patches.mask.any(dim=-1).tolist()
            every = [x if some else None for x, some in zip(encoded, there, strict=True)]
            found += every[: len(part)]
        return found

    def _patches(self, frames: Sequence[np.ndarray], *, past: bool) -> Patches:
        device = next(self.model.parameters()).device
        if self.signal == "audio":
            return sound_patches(frames, device)
        cfg = self.model.cfg.image
        return picture_patches(frames, cfg.history_size if past else cfg.size, device)


def streams(model: UnifiedIO2, codec: Codec, micro_batch: int) -> dict[Signal, Stream]:
    """Those that a codec shows. Raises BadSetting where a model cannot read one."""

    def stream(signal: Signal, frames_of: Callable, slots: int, past: int) -> Stream:
        return Stream(
            model,
            signal,
            frames_of,
            slots=slots,
            past_frames=past,
            keep_first=codec.keep_first,
            micro_batch=micro_batch,
        )

    found: dict[Signal, Stream] = {}
    found["image"] = stream("image", codec.pictures_of, codec.slots, codec.past_frames)
    if isinstance(codec, HearingCodec):
        found["audio"] = stream("audio", codec.sounds_of, codec.sound_slots, codec.past_sounds)
    return found


def picture_patches(
    frames: Sequence[np.ndarray], size: tuple[int, int], device: torch.device
) -> Patches:
    """Pictures uint8 (3, H, W), of any sizes -> patches (B, N, 768), fitted into `size`."""
    if all(frame.shape[1:] == size for frame in frames):
        return patchify(torch.from_numpy(np.stack(frames)).to(device))
    fitted = [fit_picture(frame, size) for frame in frames]
    pixels = torch.stack([picture.pixels for picture in fitted]).to(device)
    mask = torch.stack([picture.mask for picture in fitted]).to(device)
    return patchify(pixels, mask)
