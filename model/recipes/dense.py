"""Answers that are pictures about the picture: masks, depth, surface normals (spec m).

Shapes: H, W rows and columns of the user's picture.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from uio2_agent.errors import BadSetting
from uio2_agent.model.pictures import Picture, as_picture
from uio2_agent.model.preprocessing import undo_picture
from uio2_agent.model.preprocessor import Example
from uio2_agent.model.prompt_text import IMAGE, Box
from uio2_agent.model.recipes import prompts
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.recipes.prompts import filled
from uio2_agent.model.recipes.regions import Region, localise
from uio2_agent.model.sampling import Sampling

_MASKS = Sampling(temperature=0.9, top_p=0.95)
_MAPS = Sampling(temperature=0.9, top_p=0.9)
# Metres at white; of the indoor pictures the model learnt depth from.
MAX_DEPTH = 10.0


@dataclass(frozen=True)
class Instance:
    """One thing: its box and name, and mask (H, W) bool, true on it."""

    region: Region
    mask: np.ndarray


def segment(predictor: Predictor, image: Picture, box: Box, label: str = "object") -> Instance:
    """The mask of what is in a box x1, y1, x2, y2."""
    example = Example(filled(prompts.SEGMENT, label), image=image, boxes=[box], prefix=IMAGE)
    painted = _painted(predictor, example, _MASKS)  # (3, H, W)
    return Instance(Region(box, label), (painted.mean(dim=0) > 0.5).numpy())


def segment_class(
    predictor: Predictor, image: Picture, label: str, *, threshold: float = 0.3
) -> list[Instance]:
    """The masks of all that match a name, which `localise` finds first."""
    picture = as_picture(image)
    found = localise(predictor, picture, label, threshold=threshold)
    return [segment(predictor, picture, region.box, label) for region in found]


def depth(predictor: Predictor, image: Picture, *, max_depth: float = MAX_DEPTH) -> np.ndarray:
    """(H, W) float32, metres: how white the model painted each pixel, times `max_depth`."""
    if not 0 < max_depth < float("inf"):
        raise BadSetting("max_depth", max_depth, "above 0 metres")
    painted = _painted(predictor, Example(prompts.DEPTH, image=image, prefix=IMAGE), _MAPS)
    return (painted.mean(dim=0) * max_depth).numpy()


def normals(predictor: Predictor, image: Picture) -> np.ndarray:
    """(H, W, 3) float32 unit vectors: red, green and blue of [0, 1] are x, y and z of [-1, 1]."""
    painted = _painted(predictor, Example(prompts.NORMALS, image=image, prefix=IMAGE), _MAPS)
    return unit_vectors(painted.permute(1, 2, 0).numpy() * 2 - 1)


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """(H, W, 3) → the same directions with length 1; what has none points along z."""
    length = np.linalg.norm(vectors, axis=2, keepdims=True)
    ahead = np.array([0.0, 0.0, 1.0], vectors.dtype)
    return np.where(length > 1e-6, vectors / np.maximum(length, 1e-6), ahead)


def _painted(predictor: Predictor, example: Example, sampling: Sampling) -> Tensor:
    """What the model paints about a picture, in that picture's size: (3, H, W) in [0, 1]."""
    reading = predictor.read(example)
    return undo_picture(predictor.paint(reading, sampling=sampling), reading.picture_info())
