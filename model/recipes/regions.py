"""Where things are: boxes and human joints, in pixels of the user's picture (spec m).

Shapes: K boxes, V rows of the text table.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from uio2_agent.errors import BadSetting
from uio2_agent.model.generation import Allowed
from uio2_agent.model.pictures import Picture
from uio2_agent.model.preprocessing import undo_boxes
from uio2_agent.model.preprocessor import Example
from uio2_agent.model.prompt_text import Box
from uio2_agent.model.recipes import prompts
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.recipes.prompts import filled
from uio2_agent.model.sampling import Rule
from uio2_agent.model.vocabulary import Tokenizer

Spans: TypeAlias = tuple[tuple[float, float], tuple[float, float]]

# Boxes that overlap more than this are taken for one.
SAME = 0.8
_LABEL = re.compile(r"[a-z][a-z '\-]*")


@dataclass(frozen=True)
class Region:
    """box: x1, y1, x2, y2 in pixels of the picture asked about; label: what is there."""

    box: Box
    label: str


def refexp(predictor: Predictor, image: Picture, phrase: str) -> Region:
    """The one region that a phrase describes; always a box on the picture, never empty."""
    reading = predictor.read(Example(filled(prompts.REFEXP, phrase), image=image))
    cfg, info = predictor.model.cfg, reading.picture_info()
    spans = picture_spans(info, cfg.image.size)
    allowed = four_bins(predictor.tokenizer, cfg.text_vocab_size, spans)
    tokens = predictor.tokens(reading, max_new_tokens=6, allowed=allowed)
    return Region(_in_source(predictor, [tokens], info)[0], phrase)


def localise(
    predictor: Predictor, image: Picture, phrase: str, *, threshold: float = 0.3
) -> list[Region]:
    """All regions that match a phrase, in the order they were named, labelled with it.

    Args:
        threshold: How likely any location bin must be for the next token to be one; lower finds
            more.
    """
    text = filled(prompts.LOCALISE, phrase)
    return [Region(box, phrase) for box, _ in _boxes(predictor, image, text, threshold)]


def detect(predictor: Predictor, image: Picture, *, threshold: float = 0.5) -> list[Region]:
    """All objects the model sees, with their names; a box that it gave no name is left out."""
    found = _boxes(predictor, image, prompts.DETECT, threshold, named=True)
    return [Region(box, label) for box, label in found]


def _boxes(
    predictor: Predictor, image: Picture, text: str, threshold: float, named: bool = False
) -> list[tuple[Box, str]]:
    reading = predictor.read(Example(text, image=image))
    tokenizer = predictor.tokenizer
    rule = prefer_bins(tokenizer, threshold)
    tokens = predictor.tokens(reading, max_new_tokens=256, rule=rule)
    parsed = [(bins, label) for bins, label in parse_boxes(tokens, tokenizer) if label or not named]
    boxes = _in_source(predictor, [bins for bins, _ in parsed], reading.picture_info())
    whole = [i for i, (x1, y1, x2, y2) in enumerate(boxes) if x1 < x2 and y1 < y2]
    kept = suppress([boxes[i] for i in whole])
    return [(boxes[whole[i]], parsed[whole[i]][1]) for i in kept]


def _in_source(predictor: Predictor, bins: Sequence[Sequence[int]], info: Tensor) -> list[Box]:
    """Bins y1 x1 y2 x2 of the padded picture → x1, y1, x2, y2 of the source."""
    if not bins:
        return []
    values = [[predictor.tokenizer.location_value(token) for token in box] for box in bins]
    rows, cols = predictor.model.cfg.image.size
    fitted = torch.tensor(values) * torch.tensor([rows, cols, rows, cols])
    boxes: list[Box] = []
    for y1, x1, y2, x2 in undo_boxes(fitted, info).tolist():
        boxes.append((x1, y1, x2, y2))
    return boxes


def four_bins(tokenizer: Tokenizer, size: int, spans: Spans) -> Allowed:
    """Location bins y1 x1 y2 x2 of a box that is not empty and lies within spans, then EOS.

    Args:
        size: Rows of the text table.
        spans: Where y and x may lie, in [0, 1] of the padded picture.
    """
    # A larger location has a smaller id.
    ends = [(tokenizer.location(low), tokenizer.location(high)) for low, high in spans]
    ends = [(low, min(high, low - 1)) for low, high in ends]

    def allowed(rows: list[list[int]]) -> Tensor:
        mask = torch.zeros(len(rows), size, dtype=torch.bool)
        for row, tokens in zip(mask, rows, strict=True):
            count = len(tokens)
            low, high = ends[count % 2]
            if count < 2:
                row[high + 1 : low + 1] = True
            elif count < 4:
                row[high : tokens[count - 2]] = True
            else:
                row[tokenizer.EOS] = True
        return mask

    return allowed


def picture_spans(info: Tensor, size: tuple[int, int]) -> Spans:
    """Where the picture lies on the padded one: y and x, from and to, in [0, 1]."""
    top, left, height, width = (float(info[i]) for i in (0, 1, 9, 10))
    rows, cols = size
    return (top / rows, (top + height) / rows), (left / cols, (left + width) / cols)


def prefer_bins(tokenizer: Tokenizer, threshold: float) -> Rule:
    """Where all location bins together are likelier than `threshold`, nothing else may come.

    Raises:
        BadSetting: A threshold outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise BadSetting("threshold", threshold, "from 0 to 1")
    first, last = tokenizer.first_location_id, tokenizer.last_location_id

    def rule(scores: Tensor, tokens: Tensor) -> Tensor:
        likely = scores.softmax(dim=-1)[:, first : last + 1].sum(dim=-1) > threshold  # (B)
        ids = torch.arange(scores.shape[-1], device=scores.device)
        other = (ids < first) | (ids > last)
        return scores.masked_fill(likely[:, None] & other, -10_000.0)

    return rule


def parse_boxes(tokens: Sequence[int], tokenizer: Tokenizer) -> list[tuple[list[int], str]]:
    """Every four bins in a row with the name after them.

    A longer row is several boxes, of which the last has the name; what is left of it is dropped.
    The name is the lower-case words behind a box, "" where there are none.
    """
    found: list[tuple[list[int], str]] = []
    for located, run in _runs(tokens, tokenizer):
        if located:
            found += [(run[i : i + 4], "") for i in range(0, len(run) - 3, 4)]
        elif found and not found[-1][1]:
            name = _LABEL.match(tokenizer.decode(run).strip())
            found[-1] = found[-1][0], name.group().strip() if name else ""
    return found


def _runs(tokens: Sequence[int], tokenizer: Tokenizer) -> Iterator[tuple[bool, list[int]]]:
    """Runs of location bins (true) and of other tokens (false), in turn."""
    run: list[int] = []
    for token in tokens:
        if run and tokenizer.is_location(token) != tokenizer.is_location(run[-1]):
            yield tokenizer.is_location(run[-1]), run
            run = []
        run.append(token)
    if run:
        yield tokenizer.is_location(run[-1]), run


def suppress(boxes: Sequence[Box], limit: float = SAME) -> list[int]:
    """Which boxes stay, in order: those that overlap no earlier one by more than `limit`."""
    kept: list[int] = []
    for i, box in enumerate(boxes):
        if all(overlap(box, boxes[k]) <= limit for k in kept):
            kept.append(i)
    return kept


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes x1 y1 x2 y2; 0 where both are empty."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return common / (areas - common) if common else 0.0
