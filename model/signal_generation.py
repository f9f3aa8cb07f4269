"""Writing pictures and sounds token by token (spec h).

Shapes: B rows, V rows of the token table, N input tokens, T tokens so far with the leading 0,
L tokens of a whole picture (1024) or sound (512), S segments of a long sound.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.model.config import SIGNALS
from uio2_agent.model.inputs import FrameLatents, Inputs, Patches, patchify_sound
from uio2_agent.model.sampling import Rule, Sampling, guide, per_row, ruled, uniform_numbers
from uio2_agent.model.targets import FIRST_CODE, START, TargetEmbedder
from uio2_agent.model.transformer import Encoded
from uio2_agent.model.unified import UnifiedIO2

# Of the paper; in its measurements pictures are best without guidance.
SIGNAL_SAMPLING = Sampling(temperature=1.0, top_p=0.95)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Guidance:
    """Push what is written away from the answer to a prompt that says nothing.

    Args:
        prompt: The uninformative prompt, of one row for all or of one per row.
        alpha: How hard; 0 not at all.
    """

    prompt: Inputs | Encoded
    alpha: float = 10.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.alpha < math.inf:
            raise BadSetting("alpha", self.alpha, "0 or more")


@dataclass(frozen=True)
class Generated:
    """tokens (B, L) int64, without the start, as targets have them; and what they stand for.

    signal: float32, pictures (B, 3, 256, 256) in [0, 1] or log-mel spectrograms (B, 256, 128).
    """

    tokens: Tensor
    signal: Tensor


@torch.inference_mode()
def generate_signal(
    model: UnifiedIO2,
    inputs: Inputs | Encoded,
    modality: str,
    *,
    sampling: Sampling = SIGNAL_SAMPLING,
    guidance: Guidance | None = None,
    generators: Sequence[torch.Generator] | None = None,
    rule: Rule | None = None,
    suppress: bool = True,
    on_progress: Progress | None = None,
) -> Generated:
    """One picture or sound per row.

    Args:
        inputs: What to read, or what `model.encode` made of it.
        modality: `image` or `audio`.
        guidance: Needs twice the work per token.
        generators: One per row; all numbers of a row are drawn in one call, so the same seed gives
            the same picture whatever the other rows are. Without, row i's is seeded i.
        rule: Changes the scores before anything else; with guidance, those of 2·B rows, the
            guided ones first.
        suppress: Never write a token that stands for no code. The release lets them pass and reads
            them as the nearest code.
        on_progress: Called with the tokens written so far, and L, after each of them.

    Raises:
        BadInput: The model does not write this modality.
        BadSetting, BadShape: On generators, guidance or a rule that do not fit the batch.
    """
    if modality not in SIGNALS or modality not in model.cfg.targets:
        want = f"one that writes it; this one writes {', '.join(model.cfg.targets)}"
        raise BadInput("model", f"asked for {modality}", want)
    signal = model.cfg.signal(modality)
    encoded = model.encode(inputs) if isinstance(inputs, Inputs) else inputs
    rows, device, length = len(encoded.states), encoded.states.device, signal.target_length
    generators = per_row(generators, rows)
    halves = 1
    if guidance is not None and guidance.alpha > 0:
        encoded, halves = _beside(model, encoded, guidance.prompt), 2

    uniform = uniform_numbers(generators, length, device) if sampling.draws else None  # (B, L)
    ids = torch.arange(signal.vocab_size, device=device)
    codeless = (ids < FIRST_CODE) | (ids >= FIRST_CODE + signal.quantiser.codes)  # (V)
    tokens = torch.full((halves, rows, length + 1), START, dtype=torch.int64, device=device)
    running = tokens.flatten(0, 1)  # the same memory as a batch
    cache = model.start(encoded, length, modality)
    for at in range(length):  # nothing here waits for the device
        scores = model.step(running[:, at : at + 1], cache).float()
        scores = ruled(rule, scores, running[:, : at + 1])
        if guidance is not None and halves == 2:
            scores = guide(scores[:rows], scores[rows:], guidance.alpha)
        if suppress:
            scores = scores.masked_fill(codeless, -torch.inf)
        # Both halves go on from what the guided one chose.
        tokens[:, :, at + 1] = sampling.choose(scores, None if uniform is None else uniform[:, at])
        if on_progress is not None:
            on_progress(at + 1, length)
    written = tokens[0, :, 1:].contiguous()
    embedder = cast(TargetEmbedder, model.targets[modality])
    return Generated(written, embedder.signal(written).float())


generate_image = partial(generate_signal, modality="image")
generate_audio = partial(generate_signal, modality="audio")


@torch.inference_mode()
def generate_long_audio(
    model: UnifiedIO2,
    prompt: Inputs | Callable[[int], Inputs],
    segments: int,
    *,
    sampling: Sampling = SIGNAL_SAMPLING,
    guidance: Guidance | None = None,
    generators: Sequence[torch.Generator] | None = None,
    on_progress: Progress | None = None,
) -> Generated:
    """A sound of several segments of 4.08 s, each written with those before it as audio history.

    Args:
        prompt: What to read; or, where its words depend on it, how to make that from the number of
            segments already written. Audio history of its own comes before what is written. The
            model hears the latest `cfg.history_slots` segments; older ones are forgotten.
        segments: How many.
        on_progress: Called with the tokens written so far and those of all segments.

    Returns:
        tokens (B, S·L), signal (B, S·256, 128).

    Raises:
        BadSetting: On no segments, or a model without audio history.
    """
    if segments < 1:
        raise BadSetting("segments", segments, "at least 1")
    if segments > 1 and "audio_history" not in model.cfg.inputs:
        raise BadSetting("segments", segments, "1, as this model reads no audio history")
    if guidance is not None and isinstance(guidance.prompt, Inputs):
        guidance = replace(guidance, prompt=model.encode(guidance.prompt))
    parts: list[Generated] = []
    heard: list[Tensor] = []  # latents (B, n, D) of every segment
    for index in range(segments):
        inputs = prompt(index) if callable(prompt) else prompt
        if heard:
            inputs = _continued(model, inputs, torch.stack(heard, dim=1))
        encoded = model.encode(inputs)
        if generators is None:
            generators = per_row(None, len(encoded.states))
        part = generate_audio(
            model,
            encoded,
            sampling=sampling,
            guidance=guidance,
            generators=generators,
            on_progress=on_progress and _shifted(on_progress, index, segments),
        )
        parts.append(part)
        if index + 1 < segments:
            heard.append(model.encode_frames(patchify_sound(part.signal), "audio_history"))
    return Generated(
        torch.cat([part.tokens for part in parts], dim=1),
        torch.cat([part.signal for part in parts], dim=1),
    )


def join(a: Encoded, b: Encoded) -> Encoded:
    """The rows of both as one batch, the shorter input padded on the right."""
    if a.examples is not None or b.examples is not None:
        raise BadInput("inputs", "packed", "one example per row")
    length = max(a.states.shape[1], b.states.shape[1])

    def both(x: Tensor, y: Tensor) -> Tensor:
        ends = [(0, 0) * (part.dim() - 2) + (0, length - part.shape[1]) for part in (x, y)]
        return torch.cat([F.pad(x, ends[0]), F.pad(y, ends[1])])

    return Encoded(both(a.states, b.states), both(a.mask, b.mask), both(a.rope, b.rope))


def _beside(model: UnifiedIO2, encoded: Encoded, prompt: Inputs | Encoded) -> Encoded:
    """(2·B, N, …): the prompts, then the uninformative ones."""
    other = model.encode(prompt) if isinstance(prompt, Inputs) else prompt
    rows, given = len(encoded.states), len(other.states)
    if given not in (1, rows):
        raise BadShape("guidance's prompt", f"of {given} rows", f"of 1 or {rows} rows")
    if given != rows:
        parts = (other.states, other.mask, other.rope)
        other = Encoded(*(part.expand(rows, -1, *part.shape[2:]) for part in parts))
    return join(encoded, other)


def _continued(model: UnifiedIO2, inputs: Inputs, heard: Tensor) -> Inputs:
    """Inputs with the segments heard, latents (B, T, n, D), after the audio history they have."""
    latents, mask = heard, heard.new_ones(heard.shape[:2], dtype=torch.bool)
    given = inputs.audio_history
    if isinstance(given, Patches):
        given = _latents(model, given)
    if given is not None:
        latents = torch.cat([given.latents.to(heard.dtype), heard], dim=1)
        mask = torch.cat([given.mask.bool(), mask], dim=1)
    # Frames that exist move up to the front, oldest first, and the latest of them stay.
    slots = model.cfg.history_slots
    order = (~mask).int().argsort(dim=1, stable=True)  # (B, T)
    count = mask.sum(dim=1, keepdim=True)
    place = torch.arange(min(slots, mask.shape[1]), device=mask.device) + (count - slots).clamp(0)
    kept = order.gather(1, place)
    rows = torch.arange(len(mask), device=mask.device)[:, None]
    return replace(inputs, audio_history=FrameLatents(latents[rows, kept], mask[rows, kept]))


def _latents(model: UnifiedIO2, patches: Patches) -> FrameLatents:
    """Audio history (B, T, N, …) → its latents."""
    frames = Patches(
        patches.pixels.flatten(0, 1),
        patches.mask.flatten(0, 1),
        patches.pos_ids.flatten(0, 1),
        patches.grid,
    )
    latents = model.encode_frames(frames, "audio_history")
    return FrameLatents(
        latents.unflatten(0, patches.mask.shape[:2]), patches.mask.bool().any(dim=-1)
    )


def _shifted(on_progress: Progress, index: int, segments: int) -> Progress:
    """Progress within segment `index` → progress of them all."""
    return lambda done, total: on_progress(index * total + done, segments * total)
