"""What `uio2 predict` can be asked: the inputs each task reads, and what its answer becomes."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from uio2_agent.errors import BadInput, UnknownName
from uio2_agent.model.pictures import as_picture
from uio2_agent.model.preprocessor import Example
from uio2_agent.model.recipes import (
    dense,
    drawing,
    keypoints,
    language,
    regions,
    synthesis,
)
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.recipes.video import as_history
from uio2_agent.model.sound import SAMPLE_RATE

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """answer: what is printed and goes to answer.json; the rest becomes files of its own.

    pictures: (H, W, 3) or (H, W) uint8 or bool, by file name without suffix; arrays likewise.
    sound: (T,) float at 16 kHz.
    """

    answer: Any
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    sound: np.ndarray | None = None


@dataclass(frozen=True)
class Task:
    """How one task is carried out, and which settings it must and may be given."""

    run: Callable[[Predictor, Inputs], Outcome]
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()

    def check(self, name: str, given: Inputs) -> None:
        """Raise `BadInput` naming what is missing, or given in vain."""
        reads = ", ".join((*self.needs, *(f"{key} (optional)" for key in self.may)))
        for key in self.needs:
            if key not in given:
                raise BadInput(key, "missing", f"{key}=…: task={name} reads {reads}")
        for key in given:
            if key not in (*self.needs, *self.may):
                raise BadInput(key, "given", f"only what task={name} reads: {reads}")


def find_task(name: str) -> Task:
    """The task of a name; `UnknownName` lists them all."""
    if name not in TASKS:
        raise UnknownName("task", name, TASKS)
    return TASKS[name]


def _ask(predictor: Predictor, given: Inputs) -> Outcome:
    past, image = [], given.get("image")
    if "video" in given:
        if image is not None:
            raise BadInput("image", "given with a video", "one of the two")
        *past, image = as_history(given["video"])
    example = Example(given["text"], image, past, given.get("audio"), _boxes(given))
    return Outcome(predictor.ask(example, max_new_tokens=given.get("max_tokens", 512)))


def _boxes(given: Inputs) -> list[Any]:
    return [_box(given["box"])] if "box" in given else []


def _box(numbers: Any) -> tuple[float, float, float, float]:
    if len(numbers) != 4:
        raise BadInput("box", list(numbers), "four numbers, [x1,y1,x2,y2] in pixels")
    x1, y1, x2, y2 = (float(number) for number in numbers)
    return x1, y1, x2, y2


def _threshold(given: Inputs) -> dict[str, Any]:
    return _some(given, "threshold")


def _some(given: Inputs, *names: str) -> dict[str, Any]:
    """Those of these settings that are given; recipes have defaults for the others."""
    return {name: given[name] for name in names if name in given}


def _regions(image: Any, found: list[regions.Region]) -> Outcome:
    picture = drawing.draw_regions(image, found)
    return Outcome([asdict(region) for region in found], {"drawn": picture})


def _keypoint(predictor: Predictor, given: Inputs) -> Outcome:
    image = as_picture(given["image"])
    if "box" in given:
        poses = [keypoints.pose(predictor, image, _box(given["box"]))]
    else:
        poses = keypoints.keypoints(predictor, image, **_threshold(given))
    return Outcome([asdict(pose) for pose in poses], {"drawn": drawing.draw_poses(image, poses)})


def _segment(predictor: Predictor, given: Inputs) -> Outcome:
    image = as_picture(given["image"])
    if "box" in given:
        label = given.get("text", "object")
        found = [dense.segment(predictor, image, _box(given["box"]), label)]
    elif "text" in given:
        found = dense.segment_class(predictor, image, given["text"], **_threshold(given))
    else:
        raise BadInput("box", "missing", "box=[x1,y1,x2,y2], or text=… to find all of a kind")
    pictures = {f"mask{i}": instance.mask for i, instance in enumerate(found)}
    answer = [
        {**asdict(instance.region), "pixels": int(instance.mask.sum()), "mask": f"mask{i}.png"}
        for i, instance in enumerate(found)
    ]
    return Outcome(answer, {"drawn": drawing.draw_masks(image, found), **pictures})


def _depth(predictor: Predictor, given: Inputs) -> Outcome:
    metres = dense.depth(predictor, given["image"], **_some(given, "max_depth"))
    low, high = float(metres.min()), float(metres.max())
    answer = {"nearest": low, "farthest": high, "mean": float(metres.mean()), "unit": "metre"}
    return Outcome(answer, {"drawn": drawing.depth_picture(metres)}, {"depth": metres})


def _normal(predictor: Predictor, given: Inputs) -> Outcome:
    vectors = dense.normals(predictor, given["image"])
    answer = dict(zip("xyz", vectors.mean(axis=(0, 1)).tolist(), strict=True))
    pictures = {"drawn": drawing.normals_picture(vectors)}
    return Outcome({"mean": answer}, pictures, {"normals": vectors})


def _painted(picture: np.ndarray) -> Outcome:
    height, width = picture.shape[:2]
    return Outcome({"width": width, "height": height}, {"picture": picture})


def _inpaint(predictor: Predictor, given: Inputs) -> Outcome:
    mask = as_picture(given["mask"], "mask")
    lit = mask.mean(axis=2) > (127 if mask.dtype == np.uint8 else 0.5)
    text, alpha = given.get("text", ""), _some(given, "alpha")
    return _painted(synthesis.inpaint(predictor, given["image"], lit, text, **alpha))


def _audio(predictor: Predictor, given: Inputs) -> Outcome:
    wave = synthesis.audio(predictor, given["text"], **_some(given, "seconds", "alpha"))
    return Outcome({"seconds": len(wave) / SAMPLE_RATE}, sound=wave)


TASKS: dict[str, Task] = {
    "ask": Task(_ask, ("text",), ("image", "video", "audio", "box", "max_tokens")),
    "vqa": Task(lambda p, g: Outcome(language.vqa(p, g["image"], g["text"])), ("image", "text")),
    "caption": Task(lambda p, g: Outcome(language.caption(p, g["image"])), ("image",)),
    "video_caption": Task(lambda p, g: Outcome(language.video_caption(p, g["video"])), ("video",)),
    "video_tag": Task(lambda p, g: Outcome(language.video_tag(p, g["video"])), ("video",)),
    "audio_caption": Task(lambda p, g: Outcome(language.audio_caption(p, g["audio"])), ("audio",)),
    "categorise": Task(
        lambda p, g: Outcome(asdict(language.categorise(p, g["image"], g["options"]))),
        ("image", "options"),
    ),
    "region_class": Task(
        lambda p, g: Outcome(
            asdict(language.region_class(p, g["image"], _box(g["box"]), g["options"]))
        ),
        ("image", "box", "options"),
    ),
    "refexp": Task(
        lambda p, g: _regions(g["image"], [regions.refexp(p, g["image"], g["text"])]),
        ("image", "text"),
    ),
    "localise": Task(
        lambda p, g: _regions(
            g["image"], regions.localise(p, g["image"], g["text"], **_threshold(g))
        ),
        ("image", "text"),
        ("threshold",),
    ),
    "detect": Task(
        lambda p, g: _regions(g["image"], regions.detect(p, g["image"], **_threshold(g))),
        ("image",),
        ("threshold",),
    ),
    "keypoint": Task(_keypoint, ("image",), ("box", "threshold")),
    "segment": Task(_segment, ("image",), ("box", "text", "threshold")),
    "depth": Task(_depth, ("image",), ("max_depth",)),
    "normal": Task(_normal, ("image",)),
    "image": Task(
        lambda p, g: _painted(synthesis.image(p, g["text"], **_some(g, "alpha"))),
        ("text",),
        ("alpha",),
    ),
    "edit": Task(
        lambda p, g: _painted(synthesis.edit(p, g["image"], g["text"], **_some(g, "alpha"))),
        ("image", "text"),
        ("alpha",),
    ),
    "inpaint": Task(_inpaint, ("image", "mask"), ("text", "alpha")),
    "audio": Task(_audio, ("text",), ("seconds", "alpha")),
}
