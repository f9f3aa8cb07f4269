"""How well the model likes each of several given answers (spec h).

Shapes: B rows, O options, C of them at once, L tokens of the longest, M tokens of all, D width.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from uio2_agent.errors import BadInput, BadSetting, UnknownName
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.targets import shift_right
from uio2_agent.model.transformer import DecoderCache, Encoded
from uio2_agent.model.unified import UnifiedIO2

Reduction = Literal["mean", "sum"]

# Tokens whose logits are held at once: 136 MB of float32 with the full vocabulary.
_LOGITS = 1024


@torch.inference_mode()
def score_answers(
    model: UnifiedIO2,
    inputs: Inputs | Encoded,
    options: Sequence[Sequence[int]],
    *,
    chunk: int = 50,
    reduction: Reduction = "mean",
) -> Tensor:
    """The cross-entropy of every option as the answer of every row; the least is the best.

    The input is read once, and its keys and values for the decoder are computed once.

    Args:
        inputs: What to read, or what `model.encode` made of it.
        options: Token ids of each answer, normally with the end token; lengths may differ.
        chunk: Options decoded together; changes speed and memory, not the scores.
        reduction: Over the tokens of an option; `mean` does not favour short ones.

    Returns:
        float32 (B, O), in nats.

    Raises:
        BadInput: On no options, an empty one, one longer than the model can write, or an id that
            is not in its table.
        BadSetting, UnknownName: On a chunk below 1, or another reduction.
    """
    if reduction not in get_args(Reduction):
        raise UnknownName("reduction", reduction, get_args(Reduction))
    if chunk < 1:
        raise BadSetting("chunk", chunk, "at least 1")
    _check(options, model.cfg.max_text, model.cfg.text_vocab_size)
    encoded = model.encode(inputs) if isinstance(inputs, Inputs) else inputs
    rows, device = len(encoded.states), encoded.states.device
    # Options of like length go together: less padding.
    order = sorted(range(len(options)), key=lambda i: len(options[i]))
    start = model.start(encoded, max(map(len, options)))
    scores = torch.empty(rows, len(options), device=device)
    for first in range(0, len(order), chunk):
        chosen = order[first : first + chunk]
        answers = [torch.tensor(options[i], device=device) for i in chosen]
        for row in range(rows):
            scores[row, chosen] = _losses(model, _copies(start, row, len(answers)), answers)
    if reduction == "mean":
        scores /= torch.tensor([len(option) for option in options], device=device)
    return scores


def _check(options: Sequence[Sequence[int]], longest: int, vocabulary: int) -> None:
    if not options:
        raise BadInput("options", "empty", "at least one answer")
    for i, option in enumerate(options):
        if not 0 < len(option) <= longest:
            raise BadInput(f"option {i}", f"{len(option)} tokens long", f"1 to {longest} tokens")
        if not 0 <= min(option) <= max(option) < vocabulary:
            got = f"made of tokens {min(option)} to {max(option)}"
            raise BadInput(f"option {i}", got, f"of 0 to {vocabulary - 1}")


def _losses(model: UnifiedIO2, cache: DecoderCache, answers: list[Tensor]) -> Tensor:
    """Answers, C of (length), begun in a cache of C rows → the cross-entropy of each (C)."""
    lengths = torch.tensor([len(answer) for answer in answers])
    tokens = pad_sequence(answers, batch_first=True)  # (C, L)
    hidden = model.decoder.step(model.embed_targets(shift_right(tokens)), cache)  # (C, L, D)
    valid = (torch.arange(tokens.shape[1]) < lengths[:, None]).to(tokens.device)
    parts = zip(hidden[valid].split(_LOGITS), tokens[valid].split(_LOGITS), strict=True)
    losses = [F.cross_entropy(model.logits(h).float(), t, reduction="none") for h, t in parts]
    owner = torch.arange(len(answers)).repeat_interleave(lengths).to(tokens.device)  # (M)
    return torch.zeros(len(answers), device=tokens.device).index_add_(0, owner, torch.cat(losses))


def _copies(start: DecoderCache, row: int, count: int) -> DecoderCache:
    """`count` empty answers to one row; they share the keys and values of its input."""

    def shared(x: Tensor) -> Tensor:
        return x[row : row + 1].expand(count, -1, -1, -1)

    return replace(
        start,
        keys=[x.new_empty(count, *x.shape[1:]) for x in start.keys],
        values=[x.new_empty(count, *x.shape[1:]) for x in start.values],
        cross=[(shared(k), shared(v)) for k, v in start.cross],
        cross_bias=start.cross_bias[row : row + 1],
    )
