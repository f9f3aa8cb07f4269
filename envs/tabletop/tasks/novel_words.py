"""Made-up words, and how a prompt explains them (vima_bench.md §6, tasks 6 to 8).

Nouns are explained by a picture of the thing, adjectives by three pairs of things of which one is
more so than the other. Pictures of nouns are grey and of normal height, so that they tell the shape
and nothing else. Without pictures the same sentences name what they would show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import GREY, phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import Picture, Prompt, compose, object_picture
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import new_body, pick_kind

NOUNS = ("dax", "blicket", "wug", "zup")
ADJECTIVES = ("daxer", "blicker", "modier", "kobar")
DEMONSTRATIONS = 3
TALLER_BY = 2.0  # factor of height of the tall one, less that of the short one


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Part of a prompt: how it reads with pictures, how without, and the pictures."""

    template: str
    in_words: str
    pictures: Mapping[str, Picture]


def tell(mode: str, *passages: Passage) -> Prompt:
    """The passages one after the other.

    Raises:
        UnknownName: No such mode.
    """
    return compose(
        mode,
        " ".join(passage.template for passage in passages),
        {name: picture for passage in passages for name, picture in passage.pictures.items()},
        in_words=" ".join(passage.in_words for passage in passages),
    )


def outline_picture(body: Body) -> Picture:
    """`body` in grey and as tall as it usually is."""
    x, y, _ = body.scale
    return object_picture(replace(body, scale=(x, y, 1.0)), texture=GREY)


def definitions(choose: Draws, nouns: Mapping[str, str], bodies: Mapping[str, Body]) -> Passage:
    """What the nouns mean, in random order; both mappings go by placeholder."""
    names = choose.distinct(list(nouns), len(nouns))
    return Passage(
        template=" ".join(f"This is a {nouns[name]} {{{name}}}." for name in names),
        in_words=" ".join(f"This is a {nouns[name]}: {bodies[name].shape}." for name in names),
        pictures={name: outline_picture(bodies[name]) for name in names},
    )


@dataclass(frozen=True, kw_only=True)
class Adjective:
    """A made-up comparative, as it is meant in one episode.

    Attributes:
        word: What it is called.
        meaning: What it means.
        short: Factor on the height of the shorter one of two, where height is meant.
        less: The command asks for the "less …" one.
    """

    word: str
    meaning: Literal["shorter", "taller", "lighter", "darker"]
    short: float
    less: bool

    @classmethod
    def drawn(cls, choose: Draws) -> "Adjective":
        return cls(
            word=choose.choice(ADJECTIVES),
            meaning=choose.choice(("shorter", "taller", "lighter", "darker")),
            short=0.3 + choose.below(1001) / 10_000,
            less=choose.chance(2),
        )

    @property
    def asked(self) -> str:
        """As the command says it: "daxer" or "less daxer"."""
        return f"less {self.word}" if self.less else self.word

    def pair(self, body: Body) -> tuple[Body, Body]:
        """`body` so, and less so."""
        x, y, _ = body.scale
        hue = body.texture.removeprefix("dark ")
        short = replace(body, scale=(x, y, self.short))
        tall = replace(body, scale=(x, y, self.short + TALLER_BY))
        light, dark = replace(body, texture=hue), replace(body, texture=f"dark {hue}")
        return {
            "shorter": (short, tall),
            "taller": (tall, short),
            "lighter": (light, dark),
            "darker": (dark, light),
        }[self.meaning]

    def candidates(self, body: Body) -> tuple[Body, Body]:
        """`body` as the command asks for it, and, with the next id, its twin the other way."""
        more, less = self.pair(body)
        asked, twin = (less, more) if self.less else (more, less)
        return asked, replace(twin, obj_id=body.obj_id + 1)

    def named(self, body: Body) -> str:
        """How words call one of a pair."""
        name = phrase(body.texture, body.shape)
        if self.meaning in ("lighter", "darker"):
            return name
        return f"{'short' if body.scale[2] == self.short else 'tall'} {name}"

    def demonstrations(self, choose: Draws, sets: Sets) -> Passage:
        """Three pairs of any shape and texture, the first of each so, the second less so."""
        pictures: dict[str, Picture] = {}
        templates, in_words = [], []
        for i in range(1, DEMONSTRATIONS + 1):
            kind = pick_kind(choose, sets.movables, sets.movable_textures)
            names = f"demo_blicker_obj_{i}", f"demo_less_blicker_obj_{i}"
            more, less = self.pair(new_body(choose, 0, kind))
            pictures |= zip(names, map(object_picture, (more, less)), strict=True)
            templates.append(f"{{{names[0]}}} is {self.word} than {{{names[1]}}}.")
            in_words.append(f"The {self.named(more)} is {self.word} than the {self.named(less)}.")
        return Passage(template=" ".join(templates), in_words=" ".join(in_words), pictures=pictures)
