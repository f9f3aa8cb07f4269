"""The model's speed on a GPU, in bfloat16, against the port and against what the GPU can do.

It runs on a processor too, slowly and to no use but to see that it runs.
"""

import copy
import statistics

import torch
from pair import Pair, question
from timing import Call, Line, best, copy_bandwidth, matmul_peak, rate, tensor_bytes
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from uio2_agent.model.generation import generate_text
from uio2_agent.model.replay import Decoding
from uio2_agent.model.signal_generation import generate_image
from uio2_agent.model.targets import text_targets, total_loss
from uio2_agent.model.transformer import Encoded
from uio2_agent.model.unified import UnifiedIO2

ANSWER, MANY = 128, 32
REPEATS = 3

WAYS: tuple[Decoding, ...] = ("replayed", "compiled")  # what `model/replay.py` offers

TITLE, DTYPE = "GPU", torch.bfloat16
METHOD = " ".join(
    f"""
Weights and inputs are random and in bfloat16. Decoding: {ANSWER} greedy tokens after the input of
24 tokens of text and a picture was encoded, cross-attention's keys and values included; medians of
{REPEATS} turns after a first that warms up and compiles; of what only ours does, the best of them.
Bandwidth bound: the decoder's weights
that one token needs, the token table, and the cached keys and values, once each, at the speed of a
copy of 1 GiB. Picture: all 1024 tokens, drawn with top-p, and its pixels. Matrix peak: one product
of 8192 × 8192 × 8192; the operations of encoder and training step are those PyTorch counts in
their matrix products and attentions. A training step is forward, backward and AdamW, of {MANY}
rows with {ANSWER} tokens of text to say.
""".split()
)


def measure(pair: Pair) -> list[Line]:
    device = pair.ours.text_table.weight.device
    on_gpu = device.type == "cuda"
    bandwidth = copy_bandwidth(device, 2**30 if on_gpu else 2**26)
    peak = matmul_peak(device, DTYPE, 8192 if on_gpu else 512)
    rows = MANY if on_gpu else 2
    with torch.inference_mode():
        lines = [
            Line(what="copy bandwidth", ours=f"{bandwidth / 1e9:,.0f} GB/s"),
            Line(what="matrix peak", ours=f"{peak / 1e12:,.1f} TFLOP/s"),
            *_decoding(pair, bandwidth),
            *_picture(pair),
            *_many_rows(pair, rows),
            *_encoder(pair, rows, peak),
        ]
    return [*lines, *_training(pair, rows, peak)]


def _decoding(pair: Pair, bandwidth: float) -> list[Line]:
    ours, port = pair.ours, pair.port
    inputs = question(ours.cfg, ours.text_table.weight.device)
    encoded = ours.encode(inputs)
    theirs = None if port is None else port.encode(port.batch(inputs))
    bound = _bytes_per_token(ours, encoded) / bandwidth
    lines = []
    for how in WAYS:
        ours.decoding = how
        taken = pair.compare(
            lambda: generate_text(ours, encoded, max_new_tokens=ANSWER),
            lambda peer: peer.decode(theirs, ANSWER),
            REPEATS,
        )
        share = bound * ANSWER / statistics.median(taken["ours"])
        lines += [
            rate(f"text tokens/s, one row, {how}", taken, ANSWER, "≥ 20"),
            Line(what=f"of the bandwidth bound, {how}", ours=f"{share:.0%}", goal="≥ 50 %"),
        ]
    return lines


def _bytes_per_token(model: UnifiedIO2, encoded: Encoded) -> int:
    """What one row's next token must read: weights, and the cache half way through the answer."""
    # Cross-attention's keys and values are made once, at the start.
    every = [p for name, p in model.decoder.named_parameters() if "cross_attention.kv." not in name]
    weights = tensor_bytes([*every, model.text_table.weight])
    cache = model.start(encoded, ANSWER)
    grown = tensor_bytes([*cache.keys, *cache.values]) // 2
    return weights + grown + tensor_bytes(part for both in cache.cross for part in both)


def _picture(pair: Pair) -> list[Line]:
    ours = pair.ours
    encoded = ours.encode(question(ours.cfg, ours.text_table.weight.device))
    taken = best(lambda: generate_image(ours, encoded), REPEATS)
    return [Line(what="a picture of 256 × 256", ours=f"{taken:.2f} s", goal="< 1 s")]


def _many_rows(pair: Pair, rows: int) -> list[Line]:
    ours = pair.ours
    encoded = ours.encode(question(ours.cfg, ours.text_table.weight.device, rows))
    taken = best(lambda: generate_text(ours, encoded, max_new_tokens=ANSWER), REPEATS)
    return [Line(what=f"text tokens/s, {rows} rows", ours=f"{rows * ANSWER / taken:,.0f}")]


def _encoder(pair: Pair, rows: int, peak: float) -> list[Line]:
    ours = pair.ours
    tokens = ours.embed(question(ours.cfg, ours.text_table.weight.device, rows))
    what = f"encoder, {rows} rows of {tokens.embeddings.shape[1]} tokens"
    return [_share(what, lambda: ours.encoder(*tokens), peak)]


def _training(pair: Pair, rows: int, peak: float) -> list[Line]:
    model = copy.deepcopy(pair.ours).train().requires_grad_(True)
    device = model.text_table.weight.device
    for target in model.targets.children():  # quantisers never learn
        if isinstance(getattr(target, "quantiser", None), nn.Module):
            target.quantiser.requires_grad_(False)
    inputs = question(model.cfg, device, rows)
    tokens = torch.randint(3, model.cfg.text_vocab_size, (rows, ANSWER), device=device)
    targets = text_targets(tokens)
    learnt = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=1e-5, fused=True)

    def step() -> None:
        loss = total_loss(model(inputs, targets), targets)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return [_share(f"training step, {rows} rows", step, peak)]


def _share(what: str, call: Call, peak: float) -> Line:
    """How long it takes, and how much of the matrix peak it reaches."""
    with FlopCounterMode(display=False) as counter:
        call()
    taken = best(call, REPEATS)
    speed = counter.get_total_flops() / taken
    text = f"{taken * 1e3:,.0f} ms, {speed / 1e12:,.1f} TFLOP/s, {speed / peak:.0%} of the peak"
    return Line(what=what, ours=text)
