"""Questions about what stands where: they teach words, pictures and places before any task does.

An episode with labelled objects answers many of them: Unified-IO 2's box family (spec l: "ask for
the coordinates of objects"), naming of pictures, and imagined put-into tasks. An object is called
by its words or shown as a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uio2_agent.model.training.examples import Example
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.trajectories.episode import Episode

MOST_SHOWN = 3  # pictures of one question; every one lengthens all questions of its batch


@dataclass(frozen=True, kw_only=True)
class GroundingConfig:
    """How often each question is asked, objects are shown, not named, and answers name them."""

    where: float = 0.45
    put: float = 0.3
    listing: float = 0.15
    name: float = 0.1
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

    def example(self, text: str, frames: list[np.ndarray], answer: list[int]) -> Example:
        question = self.codec.tokenizer.encode(f"[Text] [S] {text}")
        return Example(question=question, image=self.image, frames=frames, answer=answer)


def grounding_example(
    episode: Episode, codec: VimaCodec, cfg: GroundingConfig, rng: np.random.Generator
) -> Example:
    """Draw one question about the episode's first picture."""
    objects = Objects(episode, codec)
    count = len(objects.names)
    order = rng.permutation(count).tolist()
    kinds = ("where", "put", "listing", "name")
    weights = np.array([getattr(cfg, kind) for kind in kinds])
    kind = rng.choice(kinds, p=weights / weights.sum())
    if kind == "listing":
        return _list(objects)
    if kind == "name":
        return _name(objects, order[: rng.integers(1, min(count, MOST_SHOWN) + 1)])
    if kind == "put" and count > 1:
        return _put(objects, order[:2], (rng.random(2) < cfg.shown).tolist())
    asked = order[: max(1, count - int(rng.integers(0, 2)))]
    as_pictures = bool(rng.random() < cfg.shown)
    if as_pictures:
        asked = asked[:MOST_SHOWN]
    return _where(objects, asked, [as_pictures] * len(asked), named=bool(rng.random() < cfg.named))


def _where(objects: Objects, asked: list[int], shown: Sequence[bool], *, named: bool) -> Example:
    words, frames = objects.mentions(asked, shown)
    answer: list[int] = []
    for i in asked:
        # Names tie words to pictures too; a policy's answer has none, so both forms are asked.
        answer += objects.codec.tokenizer.encode(objects.names[i]) if named else []
        answer += objects.where(i)
    ask = "What and where are" if named else "Where are"
    return objects.example(f"{ask} {', '.join(words)}?", frames, answer)


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
