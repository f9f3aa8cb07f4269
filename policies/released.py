"""The released Unified-IO 2 as a policy, which brings neither tokenizer nor policy.json with it."""

from pathlib import Path
from typing import Any

import torch

from uio2_agent.errors import BadCheckpoint, BadSetting, UnknownName
from uio2_agent.model.official import load_official
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.vima_released import ReleasedVimaCodec
from uio2_agent.policies.unified import Replan, UnifiedPolicy

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_TABLE_STEP = 128  # text tables are rounded up to a multiple of this (spec uio2_model a)


def load_released(
    checkpoint: str = "allenai/uio2-large",
    *,
    tokenizer: str | None,
    replan: Replan = "plan",
    text_length: int = 256,
    device: str = "cpu",
    dtype: str | None = None,
    int8: bool = False,
    temperature: float = 0.0,
    micro_batch: int = 4,
    seed: int = 0,
    **codec: Any,
) -> UnifiedPolicy:
    """Released weights -> a policy for VIMA-Bench's spaces, one-shot as in the paper.

    Args:
        checkpoint: A folder, an `.npz` archive of JAX parameters, or a hub id (`load_official`).
        tokenizer: LLaMA's `tokenizer.model` or its folder; the release needs it and may not hand it
            on.
        dtype: Of the weights, one of `DTYPES`; left out, as they are stored. ViTs stay float32.
        int8: Keep the matrices of encoder and decoder as int8.
        codec: Settings of `ReleasedVimaCodec`.

    Raises:
        BadSetting, UnknownName: No tokenizer, another dtype, no such checkpoint, bad settings.
        BadCheckpoint: Something is missing, damaged, foreign, or cannot be fetched.
        CheckpointMismatch: Tensors do not fit, each by name.
    """
    if not tokenizer:
        raise BadSetting("tokenizer", tokenizer, "the path of LLaMA 1's or 2's tokenizer.model")
    if dtype is not None and dtype not in DTYPES:
        raise UnknownName("dtype", dtype, DTYPES)
    path = Path(tokenizer).expanduser()
    # First of all, since it is quickly told when it is missing.
    words = Tokenizer.from_file(path / "tokenizer.model" if path.is_dir() else path)
    model = load_official(
        checkpoint,
        inputs=("text", "image", "image_history"),
        targets=("text",),
        device=device,
        dtype=DTYPES[dtype] if dtype else None,
        int8=int8,
    )
    rows = model.cfg.text_vocab_size
    if not 0 <= rows - words.size < _TABLE_STEP:
        raise BadCheckpoint(
            str(path),
            f"has {words.size} pieces with the model's own, its text table {rows} rows",
            "Give the tokenizer.model of LLaMA 1 or 2; that of LLaMA 3 is of another kind",
        )
    return UnifiedPolicy(
        model,
        ReleasedVimaCodec(words, rows, **codec),
        replan=replan,
        text_length=text_length,
        micro_batch=micro_batch,
        temperature=temperature,
        seed=seed,
    )
