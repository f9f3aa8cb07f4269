"""What is asked for: words with pictures between them, or words only (vima_bench.md §2.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from uio2_agent.envs.tabletop.catalogue import phrase, shape
from uio2_agent.envs.tabletop.scene import Body, yaw_to_quaternion
from uio2_agent.errors import TooManyPictures, UnknownName
from uio2_agent.interface import PROMPT_SLOTS, VIEWS

if TYPE_CHECKING:
    from uio2_agent.envs.tabletop.renderer import Renderer

MODES = ("pictures", "words")

_PLACEHOLDER = re.compile(r"{(\w+)}")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a placeholder stands for: one object in an empty world, or a scene on a table."""

    kind: Literal["object", "scene"]
    bodies: tuple[Body, ...]


def object_picture(body: Body, texture: str | None = None) -> Picture:
    """`body` alone at (0.5, 0) with yaw 90, seen at its real size, perhaps in another texture."""
    alone = Body(
        obj_id=0,
        shape=body.shape,
        texture=texture or body.texture,
        position=(0.5, 0.0, 0.0),
        rotation=yaw_to_quaternion(np.pi / 2),
        scale=body.scale,
    )
    return Picture(kind="object", bodies=(alone,))


def scene_picture(bodies: tuple[Body, ...]) -> Picture:
    """`bodies` on a table of their own, where their ids count from 2."""
    renumbered = (
        Body(
            obj_id=i,
            shape=b.shape,
            texture=b.texture,
            position=b.position,
            rotation=b.rotation,
            scale=b.scale,
        )
        for i, b in enumerate(bodies, start=2)
    )
    return Picture(kind="scene", bodies=tuple(renumbered))


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A sentence with `{placeholders}`, and the picture behind each of them."""

    template: str
    pictures: Mapping[str, Picture]

    def __post_init__(self) -> None:
        if len(self.reading_order) > PROMPT_SLOTS:
            raise TooManyPictures(
                "prompt", f"{len(self.reading_order)} pictures", f"at most {PROMPT_SLOTS}"
            )

    @property
    def reading_order(self) -> tuple[str, ...]:
        """Placeholders as they come in the sentence, a repeated one once."""
        return tuple(dict.fromkeys(_PLACEHOLDER.findall(self.template)))

    @property
    def text(self) -> str:
        """The sentence with `<image_history_k>` for the k-th picture, k from 1."""
        slot = {name: k for k, name in enumerate(self.reading_order, start=1)}
        return _PLACEHOLDER.sub(lambda m: f"<image_history_{slot[m[1]]}>", self.template)


def compose(
    mode: str,
    template: str,
    pictures: Mapping[str, Picture],
    in_words: str | None = None,
) -> Prompt:
    """The prompt with its pictures, or with words in their place.

    Args:
        mode: "pictures" or "words".
        template: Sentence with placeholders.
        pictures: One per placeholder.
        in_words: Sentence to say instead in words mode; without it every placeholder must be an
            object, and is called by its texture and shape.

    Raises:
        UnknownName: No such mode.
    """
    if mode == "pictures":
        return Prompt(template=template, pictures=dict(pictures))
    if mode != "words":
        raise UnknownName("prompt mode", mode, MODES)
    if in_words is None:
        names = {k: phrase(p.bodies[0].texture, p.bodies[0].shape) for k, p in pictures.items()}
        in_words = template.format(**names)
    return Prompt(template=in_words, pictures={})


Views = dict[str, np.ndarray]


@lru_cache(maxsize=128)  # object pictures always show the same pose; 250 KB each
def _draw_object(bodies: tuple[Body, ...], renderer: "Renderer") -> tuple[Views, Views]:
    return renderer.render(bodies, background="empty")


def _draw(picture: Picture, renderer: "Renderer") -> tuple[Views, Views]:
    if picture.kind == "object":
        return _draw_object(picture.bodies, renderer)
    return renderer.render(picture.bodies, background="table")


def prompt_arrays(
    prompt: Prompt, renderer: "Renderer"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures in reading order, empty slots black and all background.

    Returns:
        rgb uint8 (8, 2, 3, 128, 256), segm uint8 (8, 2, 128, 256), mask int8 (8,); axis 1 is
        (front, top).
    """
    rgb = np.zeros((PROMPT_SLOTS, len(VIEWS), 3, 128, 256), np.uint8)
    segm = np.full((PROMPT_SLOTS, len(VIEWS), 128, 256), 255, np.uint8)
    mask = np.zeros(PROMPT_SLOTS, np.int8)
    for slot, name in enumerate(prompt.reading_order):
        colours, ids = _draw(prompt.pictures[name], renderer)
        for v, view in enumerate(VIEWS):
            rgb[slot, v], segm[slot, v] = colours[view], ids[view]
        mask[slot] = 1
    return rgb, segm, mask


def prompt_assets(prompt: Prompt, rgb: np.ndarray, segm: np.ndarray) -> dict[str, dict[str, Any]]:
    """The same pictures (as `prompt_arrays` drew them) in VIMA-Bench's form."""
    assets = {}
    for slot, name in enumerate(prompt.reading_order):
        picture = prompt.pictures[name]
        objects = [
            {"obj_id": b.obj_id, "obj_name": shape(b.shape).name, "obj_color": b.texture}
            for b in picture.bodies
        ]
        assets[name] = {
            "placeholder_type": picture.kind,
            "rgb": {view: rgb[slot, v].copy() for v, view in enumerate(VIEWS)},
            "segm": {
                **{view: segm[slot, v].copy() for v, view in enumerate(VIEWS)},
                "obj_info": objects[0] if picture.kind == "object" else objects,
            },
        }
    return assets
