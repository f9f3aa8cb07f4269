"""The model's speed on a processor, in float32, ours and the port's in turn.

Shapes: T frames, n latents a frame, D width.
"""

import resource
import statistics
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pair import FRAMES, Pair, frames, picture_cache, picture_tokens, question, random_model
from peer import Port
from timing import Call, Line, best, quotients, rate, seconds

from uio2_agent.model.config import ModelConfig
from uio2_agent.model.generation import generate_text
from uio2_agent.model.inputs import FrameLatents, Inputs, Patches
from uio2_agent.model.layers import linear
from uio2_agent.model.targets import text_targets
from uio2_agent.model.transformer import Encoded

ANSWER, ACTION = 32, 16  # tokens of an answer, of an action
PIECE, LATER = 64, 8  # tokens timed at the start of a picture, and further on
REPEATS = 7

TITLE, DTYPE = "Processor", torch.float32
METHOD = " ".join(
    f"""
Both models hold the same random weights in float32 and read the same random inputs, one row of 24
tokens of text and a picture (576 patches at LARGE). Both run in this one process on two threads,
taking turns; a figure is the median of its
turns, a ratio the median (least–largest) of the rounds' ratios.
The port's greedy loop and its growing cache are re-made without the bookkeeping of
`transformers`, to the port's favour. Text: {ANSWER} greedy tokens after the input was encoded,
our `generate_text` with all it does, cross-attention's keys and values included. Matrix products
alone: the encoder's, of the same shapes and weights, one after the other, by the function that the
model itself calls for them. Pictures: the first {PIECE} of 1024 tokens, and {LATER} at places 512
and 1016 of an
answer made up till there; the whole is extrapolated linearly between the places. A policy's step:
text, picture and {FRAMES} frames of history, of which we encode the newest and kept the others'
latents; its answer has {ACTION} tokens. The encoder is timed first, while the process has hardly
used its memory and the port's large intermediate results cost it page faults, and again at the
end, when they do not. Memory: the peak of a fresh process that builds the model
and answers with four tokens.
""".split()
)


@torch.inference_mode()
def measure(pair: Pair) -> list[Line]:
    inputs = question(pair.ours.cfg, torch.device("cpu"))
    return [
        *_encoder(pair, inputs),
        *_agreement(pair, inputs),
        *_text(pair, inputs),
        *_pictures(pair, inputs),
        *_policy_step(pair, inputs),
        *_encoder(pair, inputs, "at the end: "),
    ]


def _agreement(pair: Pair, inputs: Inputs) -> list[Line]:
    """The two must say the same, or comparing them means nothing."""
    if pair.port is None:
        return []
    ours, past = pair.ours, frames(pair.ours.cfg)
    whole = Inputs(text=inputs.text, image=inputs.image, image_history=past)
    tokens = torch.randint(
        3, ours.cfg.text_vocab_size, (1, ANSWER), generator=torch.Generator().manual_seed(3)
    )
    expected = pair.port.logits(pair.port.batch(whole), tokens)
    error = (ours(whole, text_targets(tokens))["text"] - expected).abs().max().item()
    encoded, theirs = ours.encode(whole), pair.port.encode(pair.port.batch(whole))
    same_text = generate_text(ours, encoded, max_new_tokens=LATER)
    picture = picture_tokens(ours, picture_cache(ours, encoded), LATER)
    same = torch.equal(same_text, pair.port.decode(theirs, LATER)) and torch.equal(
        picture, pair.port.decode(theirs, LATER, "image")[:, 1:]
    )
    what = f"largest difference of {expected.numel():,} logits, up to {expected.abs().max():.1f}"
    greedy = f"{LATER} greedy tokens of text and of a picture are the same"
    return [
        Line(what=what, ours=f"{error:.1e}"),
        Line(what=greedy, ours="yes" if same else "**no**"),
    ]


def _encoder(pair: Pair, inputs: Inputs, when: str = "") -> list[Line]:
    ours, port = pair.ours, pair.port
    tokens = ours.embed(inputs)
    batch = {} if port is None else port.batch(inputs)
    sequence = None if port is None else port.embed(batch)
    stack = pair.compare(
        lambda: ours.encoder(*tokens),
        lambda peer: peer.model.encoder(sequence),
        REPEATS,
        products=_products(pair, tokens.embeddings.shape[1]),
    )
    whole = pair.compare(lambda: ours.encode(inputs), lambda peer: peer.encode(batch), REPEATS)
    share = statistics.median(quotients(stack, "products", "ours"))
    return [
        seconds(f"{when}encoder of {tokens.embeddings.shape[1]} tokens", stack, "≥ 1.2"),
        Line(what=f"{when}its matrix products, of its time", ours=f"{share:.0%}", goal="≥ 85 %"),
        seconds(f"{when}encoder with its ViT", whole),
    ]


def _products(pair: Pair, length: int) -> Call:
    """What runs every matrix product of the encoder and nothing else."""
    cfg, layers = pair.ours.cfg, pair.ours.encoder.layers
    ones = pair.ours.text_table.weight.new_ones
    read = {width: ones(1, length, width) for width in (cfg.width, cfg.mlp_width)}
    q, probabilities = (ones(1, cfg.heads, length, width) for width in (cfg.head_dim, length))
    weights = [[p for p in layer.parameters() if p.dim() == 2] for layer in layers]

    def run() -> None:
        for layer in weights:
            for weight in layer:
                linear(read[weight.shape[1]], weight)
            q @ q.mT
            probabilities @ q

    return run


def _text(pair: Pair, inputs: Inputs) -> list[Line]:
    encoded, theirs = _encoded(pair, inputs)
    taken = pair.compare(
        lambda: generate_text(pair.ours, encoded, max_new_tokens=ANSWER),
        lambda peer: peer.decode(theirs, ANSWER),
        repeats=4,
        warm_up=False,
    )
    return [rate("text tokens/s", taken, ANSWER, "≥ 4")]


def _pictures(pair: Pair, inputs: Inputs) -> list[Line]:
    ours, port = pair.ours, pair.port
    encoded, theirs = _encoded(pair, inputs)
    length = ours.cfg.image.target_length
    cache = picture_cache(ours, encoded)
    start = best(lambda: ours.start(encoded, length, "image"), repeats=3)
    places = (0, length // 2, length - LATER)
    per_token: dict[str, list[float]] = {"ours": [], "port": []}
    lines = []
    for place in places:
        count = LATER if place else PIECE
        past = None if port is None else port.made_up_cache(theirs, place)
        taken = pair.compare(
            partial(picture_tokens, ours, cache, count, place),
            lambda peer, count=count, past=past: peer.decode(theirs, count, "image", past),
            repeats=4 if place else 2,
            warm_up=False,
        )
        for name, each in taken.items():
            per_token[name].append(statistics.median(each) / count)
        lines.append(rate(f"picture tokens/s from place {place}", taken, count))
    whole = {
        name: [length * (at[0] / 4 + at[1] / 2 + at[2] / 4)] for name, at in per_token.items() if at
    }
    whole["ours"][0] += start
    what = f"a picture of {length} tokens, extrapolated; ours with cross-attention's keys"
    return [*lines, seconds(what, whole, "≥ 4")]


def _policy_step(pair: Pair, inputs: Inputs) -> list[Line]:
    ours, port = pair.ours, pair.port
    past = frames(ours.cfg)
    newest = Patches(past.pixels[0, -1:], past.mask[0, -1:], past.pos_ids[0, -1:], past.grid)
    kept = ours.encode_frames(_flat(past))[None, :-1]  # (1, T - 1, n, D)
    valid = torch.ones(1, FRAMES, dtype=torch.bool)

    def streamed() -> Inputs:
        latents = torch.cat([kept, ours.encode_frames(newest)[None]], dim=1)
        return replace(inputs, image_history=FrameLatents(latents, valid))

    batch = {} if port is None else port.batch(replace(inputs, image_history=past))
    alone = {} if port is None else port.batch(Inputs(text=inputs.text, image_history=past))
    remembered = pair.compare(
        lambda: ours.embed(replace(streamed(), image=None)),
        lambda peer: peer.embed(alone),
        repeats=5,
    )
    embedded = pair.compare(
        lambda: ours.embed(streamed()), lambda peer: peer.embed(batch), repeats=5
    )
    encoded = pair.compare(
        lambda: ours.encode(streamed()), lambda peer: peer.encode(batch), repeats=2
    )
    acted = pair.compare(
        lambda: generate_text(ours, streamed(), max_new_tokens=ACTION),
        lambda peer: peer.decode(peer.encode(batch), ACTION),
        repeats=2,
        warm_up=False,
    )
    return [
        seconds(f"policy step, {FRAMES} frames: reading the history", remembered, "≥ 3"),
        seconds("policy step: reading history and current picture", embedded, "≥ 3"),
        seconds("policy step: that and the encoder", encoded),
        seconds(f"policy step: all, with an answer of {ACTION} tokens", acted),
    ]


def _flat(patches: Patches) -> Patches:
    """(1, T, …) → (T, …)."""
    return replace(
        patches, pixels=patches.pixels[0], mask=patches.mask[0], pos_ids=patches.pos_ids[0]
    )


def _encoded(pair: Pair, inputs: Inputs) -> tuple[Encoded, Any]:
    """The input as either model's decoder reads it; None in the place of a port there is not."""
    port = pair.port
    theirs = None if port is None else port.encode(port.batch(inputs))
    return pair.ours.encode(inputs), theirs


def memory(script: str, words: list[str], with_port: bool) -> list[Line]:
    """Peaks of fresh processes that run `script` with `words` and `memory=`."""
    peaks = []
    for who in ("ours", "port") if with_port else ("ours",):
        command = [sys.executable, script, *words, f"memory={who}"]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True).stdout))
    ratio = f"{peaks[1] / peaks[0]:.2f}" if with_port else ""
    texts = [f"{peak:,} MB" for peak in peaks]
    what, goal = "peak memory of the process", "≤ the port's"
    return [
        Line(what=what, ours=texts[0], port=texts[-1] if with_port else "", ratio=ratio, goal=goal)
    ]


@torch.inference_mode()
def peak_memory(who: str, cfg: ModelConfig, folder: Path | None) -> int:
    """Build one model, let it answer, and tell this process's largest resident size in MB."""
    device = torch.device("cpu")
    if who == "port" and folder is not None:
        port = Port.alone(folder, cfg)
        port.decode(port.encode(port.batch(question(cfg, device))), 4)
    else:
        model = random_model(cfg, device, DTYPE)
        generate_text(model, question(cfg, device), max_new_tokens=4)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
