"""What the weights of every size take, and one running answer beside them: `memory.md`.

Counted, not measured: every tensor of a model built without memory, at the dtype it would be
loaded in. `python benchmarks/memory.py` writes the table; nothing is downloaded.
"""

from dataclasses import replace
from pathlib import Path

import torch

from uio2_agent.model.checkpoint import build_on_meta, kept_dtype
from uio2_agent.model.config import INPUT_MODALITIES, SIZES, TARGET_MODALITIES, ModelConfig
from uio2_agent.model.int8 import int8_layers, swap_linears

SETS = {
    "everything": (INPUT_MODALITIES, TARGET_MODALITIES),
    "policy: text, pictures, history in; text out": (("text", "image", "image_history"), ("text",)),
    "text only": (("text",), ("text",)),
}
DTYPES = ("float32", "bfloat16", "int8")
HEADER = """# Memory

Weights in GB (10⁹ bytes), counted from the shapes of every tensor (`python benchmarks/memory.py`).
In bfloat16 ViTs and quantisers stay float32, as released; int8 is bfloat16 with the matrices of
encoder and decoder as int8. Loading needs this and about 0.2 GB, not two copies. The cache is
that of one row at its longest: all inputs full, 8 frames of each history, the longest answer.

"""


def weight_bytes(cfg: ModelConfig, dtype: str) -> int:
    """Bytes of all tensors of a model loaded as `dtype`, one of `DTYPES`."""
    model = build_on_meta(cfg)
    if dtype == "int8":
        swap_linears(model, int8_layers(model))
    wanted = torch.float32 if dtype == "float32" else torch.bfloat16
    total = 0
    for name, tensor in model.state_dict().items():
        kept = kept_dtype(name, wanted) if tensor.is_floating_point() else tensor.dtype
        total += tensor.numel() * torch.empty(0, dtype=kept).element_size()
    return total


def cache_bytes(cfg: ModelConfig, dtype: str) -> int:
    """Keys and values of one row: of its whole input, and of its longest answer."""
    lengths = {"text": cfg.max_text}
    for name in ("image", "audio"):
        signal = cfg.signal(name)
        lengths[name] = signal.size[0] // 16 * (signal.size[1] // 16)
        lengths[f"{name}_history"] = cfg.history_slots * signal.history.latents
    answers = [cfg.max_text if m == "text" else cfg.signal(m).target_length for m in cfg.targets]
    tokens = sum(lengths[m] for m in cfg.inputs) + max(answers)
    number = 4 if dtype == "float32" else 2
    return 2 * cfg.decoder_layers * cfg.heads * cfg.head_dim * tokens * number


def table() -> str:
    lines = ["| size | modalities | " + " | ".join(DTYPES) + " | cache, float32 / bfloat16 |"]
    lines.append("|---|---|" + "---:|" * (len(DTYPES) + 1))
    for size in ("large", "xl", "xxl"):
        for label, (inputs, targets) in SETS.items():
            cfg = replace(SIZES[size], inputs=inputs, targets=targets)
            weights = " | ".join(f"{weight_bytes(cfg, dtype) / 1e9:.2f}" for dtype in DTYPES)
            cache = " / ".join(f"{cache_bytes(cfg, dtype) / 1e9:.2f}" for dtype in DTYPES[:2])
            lines.append(f"| {size} | {label} | {weights} | {cache} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("memory.md").write_text(HEADER + table(), encoding="utf-8")
    print(table())
