"""Questions about what stands where: they teach words, pictures and places before any task does.

An episode with labelled objects answers many of them: Unified-IO 2's box family (spec l: "ask for
the coordinates of objects"), naming of pictures, and imagined put-into tasks. An object is called
by its words or shown as a picture. The scene asked about may also be one in the history: goals are
shown so, and where things were before the last step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from uio2_agent.model.training.examples import Example
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.trajectories.episode import Episode

MOST_SHOWN = 3  # pictures of one question; every one lengthens all questions of its batch


@dataclass(frozen=True, kw_only=True)
class GroundingConfig:
    """How often each question is asked, objects are shown, not named, and answers name them."""

    where: float = 0.4
    put: float = 0.25
    listing: float = 0.1
    name: float = 0.1
    recall: float = 0.15
    shown: float = 0.5
    named: float = 0.5


class Objects:
    """The labelled objects of one picture."""

    def __init__(self, episode: Episode, codec: VimaCodec) -> None:
        self.codec = codec
        self.image = episode.frames[0]
        self.names: list[str] = episode.info["objects"]
        self.places = episode.labels["places"][0, :, :2]  # (K, 2), x and y in metres
        self.pictures = episode.prompt_pictures  # one per object

    def where(self, i: int) -> list[int]:
        """`( x y )` in tokens."""
        tokenizer = self.codec.tokenizer
        return [
            *tokenizer.encode("("),
            *self.codec.point(self.places[i]),
            *tokenizer.encode(")"),
        ]

    def mentions(
        self, chosen: Sequence[int], shown: Sequence[bool]
    ) -> tuple[list[str], list[np.ndarray]]:
        """What to call each chosen object in the text, and the pictures for the history slots."""
        words, frames = [], []
        for i, as_picture in zip(chosen, shown, strict=True):
            if as_picture:
                frames.append(self.pictures[i])
                words.append(f"<image_history_{len(frames)}>")
            else:
                words.append(self.names[i])
        return words, frames

    def answer(self, asked: Sequence[int], *, named: bool) -> list[int]:
        """Where they are, each after its name if `named`.

        Names tie words to pictures too; a policy's answer has none, so both forms are asked.
        """
        tokens: list[int] = []
        for i in asked:
            tokens += self.codec.tokenizer.encode(self.names[i]) if named else []
            tokens += self.where(i)
        return tokens

    def example(self, text: str, frames: list[np.ndarray], answer: list[int]) -> Example:
        question = self.codec.tokenizer.encode(f"[Text] [S] {text}")
        return Example(question=question, image=self.image, frames=frames, answer=answer)


def grounding_example(
    episode: Episode,
    codec: VimaCodec,
    cfg: GroundingConfig,
    rng: np.random.Generator,
    elsewhere: Episode,
) -> Example:
    """Draw one question about the episode's first picture.

    `elsewhere` is another episode: what is seen now when the question is about the history.
    """
    objects = Objects(episode, codec)
    count = len(objects.names)
    order = rng.permutation(count).tolist()
    kinds = ("where", "put", "listing", "name", "recall")
    weights = np.array([getattr(cfg, kind) for kind in kinds])
    kind = rng.choice(kinds, p=weights / weights.sum())
    if kind == "listing":
        return _list(objects)
    if kind == "name":
        return _name(objects, order[: rng.integers(1, min(count, MOST_SHOWN) + 1)])
    if kind == "put" and count > 1:
        return _put(objects, order[:2], (rng.random(2) < cfg.shown).tolist())
    asked = order[: max(1, count - int(rng.integers(0, 2)))]
    if kind == "recall":
        return _recall(objects, asked, elsewhere.frames[0], named=bool(rng.random() < cfg.named))
    as_pictures = bool(rng.random() < cfg.shown)
    if as_pictures:
        asked = asked[:MOST_SHOWN]
    return _where(objects, asked, [as_pictures] * len(asked), named=bool(rng.random() < cfg.named))


def _where(objects: Objects, asked: list[int], shown: Sequence[bool], *, named: bool) -> Example:
    words, frames = objects.mentions(asked, shown)
    text = f"{_ask(named)} {', '.join(words)}?"
    return objects.example(text, frames, objects.answer(asked, named=named))


def _recall(objects: Objects, asked: list[int], now: np.ndarray, *, named: bool) -> Example:
    words = ", ".join(objects.names[i] for i in asked)
    text = f"{_ask(named)} {words} in <image_history_1>?"
    answer = objects.answer(asked, named=named)
    return replace(objects.example(text, [objects.image], answer), image=now)


def _ask(named: bool) -> str:
    return "What and where are" if named else "Where are"


def _put(objects: Objects, pair: list[int], shown: Sequence[bool]) -> Example:
    words, frames = objects.mentions(pair, shown)
    straight = np.array([0, 0, 0, 1], np.float32)
    action = {
        "pose0_position": objects.places[pair[0]],
        "pose0_rotation": straight,
        "pose1_position": objects.places[pair[1]],
        "pose1_rotation": straight,
    }
    answer = objects.codec.encode([action], effector=0)
    return objects.example(f"Put the {words[0]} into the {words[1]}.", frames, answer)


def _list(objects: Objects) -> Example:
    answer: list[int] = []
    for i in np.argsort(objects.places[:, 1]).tolist():  # from left to right
        answer += [*objects.codec.tokenizer.encode(objects.names[i]), *objects.where(i)]
    return objects.example("List all objects and their locations in the image.", [], answer)


def _name(objects: Objects, asked: list[int]) -> Example:
    words, frames = objects.mentions(asked, [True] * len(asked))
    answer = objects.codec.tokenizer.encode(", ".join(objects.names[i] for i in asked))
    return objects.example(f"What is {', '.join(words)}?", frames, answer)
