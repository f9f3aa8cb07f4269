"""Human joints in pixels of the user's picture (spec l, m)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from uio2_agent.model.pictures import Picture, as_picture
from uio2_agent.model.preprocessing import undo_boxes
from uio2_agent.model.preprocessor import Example
from uio2_agent.model.prompt_text import Box
from uio2_agent.model.recipes import prompts
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.recipes.regions import localise
from uio2_agent.model.vocabulary import Tokenizer

# In the order of COCO.
JOINTS = (
    "nose",
    "left eye",
    "right eye",
    "left ear",
    "right ear",
    "left shoulder",
    "right shoulder",
    "left elbow",
    "right elbow",
    "left wrist",
    "right wrist",
    "left hip",
    "right hip",
    "left knee",
    "right knee",
    "left ankle",
    "right ankle",
)
MISSING = "MISSING"

Point = tuple[float, float]


@dataclass(frozen=True)
class Pose:
    """One person: box x1, y1, x2, y2, and each of the 17 joints as (x, y), None where unseen."""

    box: Box
    joints: dict[str, Point | None]


def keypoints(
    predictor: Predictor, image: Picture, *, threshold: float = 0.5, unseen: bool = False
) -> list[Pose]:
    """The joints of everyone in the picture, whom `localise` finds first.

    Args:
        threshold: See `localise`.
        unseen: Whether the model may say that a joint is missing; the release never lets it.
    """
    picture = as_picture(image)
    people = localise(predictor, picture, "person", threshold=threshold)
    return [pose(predictor, picture, person.box, unseen=unseen) for person in people]


def pose(predictor: Predictor, image: Picture, box: Box, *, unseen: bool = False) -> Pose:
    """The joints of the person in a box x1, y1, x2, y2."""
    reading = predictor.read(Example(prompts.KEYPOINTS, image=image, boxes=[box]))
    grammar = Grammar(predictor.tokenizer, predictor.model.cfg.text_vocab_size, unseen)
    tokens = predictor.tokens(reading, max_new_tokens=grammar.longest, allowed=grammar)
    info, (rows, cols) = reading.picture_info(), predictor.model.cfg.image.size
    joints: dict[str, Point | None] = {}
    for name, place in grammar.parse(tokens).items():
        joints[name] = None
        if place is not None:
            y, x = place[0] * rows, place[1] * cols
            y, x = undo_boxes(torch.tensor([[y, x, y, x]]), info)[0, :2].tolist()
            joints[name] = (x, y)
    return Pose(box, joints)


class Grammar:
    """What may come next in an answer of the form `<y> <x> nose <y> <x> left eye …`.

    Args:
        size: Rows of the text table.
        unseen: Whether `MISSING nose` is allowed too.
    """

    def __init__(self, tokenizer: Tokenizer, size: int, unseen: bool = False) -> None:
        self.tokenizer, self.size = tokenizer, size
        self.names = [tokenizer.encode(name) for name in JOINTS]
        self.missing = tokenizer.encode(MISSING) if unseen else []
        places = max(2, len(self.missing))
        self.longest = sum(places + len(name) for name in self.names) + 1

    def __call__(self, rows: list[list[int]]) -> Tensor:
        """Tokens so far → bool (B, V): see `generate_text`. (An `Allowed`.)"""
        mask = torch.zeros(len(rows), self.size, dtype=torch.bool)
        for row, tokens in zip(mask, rows, strict=True):
            row[torch.tensor(self._next(tokens))] = True
        return mask

    def parse(self, tokens: Sequence[int]) -> dict[str, Point | None]:
        """A whole answer → (y, x) of each joint in [0, 1] of the padded picture, or None."""
        places: dict[str, Point | None] = {}
        at = 0
        for name, ids in zip(JOINTS, self.names, strict=True):
            if self.missing and tokens[at] == self.missing[0]:
                places[name], at = None, at + len(self.missing)
            else:
                y, x = (self.tokenizer.location_value(token) for token in tokens[at : at + 2])
                places[name], at = (y, x), at + 2
            at += len(ids)
        return places

    def _next(self, tokens: Sequence[int]) -> Sequence[int]:
        bins = range(self.tokenizer.first_location_id, self.tokenizer.last_location_id + 1)
        at = 0
        for name in self.names:
            if at == len(tokens):
                return [*bins, *self.missing[:1]]
            if self.missing and tokens[at] == self.missing[0]:
                fixed, at = [*self.missing, *name], at
            else:
                if at + 1 == len(tokens):
                    return bins
                fixed, at = name, at + 2
            if len(tokens) < at + len(fixed):
                return fixed[len(tokens) - at :][:1]
            at += len(fixed)
        return [self.tokenizer.EOS]
