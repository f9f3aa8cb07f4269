"""Dense labels for the ViT.

They say, for every patch of a picture, which object it shows and where that object's centre is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from uio2_agent.model.inputs import PATCH
from uio2_agent.model.training.dense import BACKGROUND, DenseLabels
from uio2_agent.trajectories.episode import Episode

MIN_PIXELS = 24  # of 256; below, a patch counts as background


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A picture, which pixel shows which object, and what these objects are.

    Attributes:
        rgb: uint8 (3, H, W).
        segm: uint8 (H, W).
        ids: (K,), values of `segm`.
        kinds: K pairs of shape and texture.
        pixels: (K, 2), row and column of the objects' centres.
    """

    rgb: np.ndarray
    segm: np.ndarray
    ids: np.ndarray
    kinds: Sequence[Sequence[str]]
    pixels: np.ndarray


def labelled_scene(episode: Episode) -> Labelled:
    """The first frame of an episode of strewn objects."""
    labels = episode.labels
    return Labelled(
        rgb=episode.frames[0],
        segm=labels["segm"][0],
        ids=labels["ids"],
        kinds=episode.info["kinds"],
        pixels=labels["pixels"][0],
    )


def labelled_picture(episode: Episode, i: int) -> Labelled:
    """The prompt picture of one of its objects."""
    return Labelled(
        rgb=episode.prompt_pictures[i],
        segm=episode.labels["picture_segm"][i],
        ids=np.zeros(1, int),
        kinds=[episode.info["kinds"][i]],
        pixels=episode.labels["picture_pixel"][None],
    )


def dense_labels(
    pictures: Sequence[Labelled], shapes: dict[str, int], textures: dict[str, int]
) -> DenseLabels:
    """Labels of every patch, row-major; `shapes` and `textures` give each name's class."""
    rows = [_labels(p, shapes, textures) for p in pictures]
    shape, texture, centre, place = (torch.from_numpy(np.stack(x)) for x in zip(*rows, strict=True))
    return DenseLabels(shape=shape, texture=texture, centre=centre, place=place)


def _labels(
    picture: Labelled, shapes: dict[str, int], textures: dict[str, int]
) -> tuple[np.ndarray, ...]:
    height, width = picture.segm.shape
    grid = (height // PATCH, width // PATCH)
    tiled = picture.segm.reshape(grid[0], PATCH, grid[1], PATCH).swapaxes(1, 2)
    blocks = tiled.reshape(-1, PATCH * PATCH)  # (N, pixels of a patch)
    counts = np.stack([(blocks == i).sum(-1) for i in picture.ids])  # (K, N)
    best = counts.argmax(0)  # (N,)
    seen = counts.max(0) >= MIN_PIXELS
    shape = np.array([shapes[s] for s, _ in picture.kinds])[best]
    texture = np.array([textures[t] for _, t in picture.kinds])[best]
    pixels = picture.pixels[best]  # (N, 2)
    middles = np.stack(np.meshgrid(*(np.arange(n) for n in grid), indexing="ij"), -1) + 0.5
    centre = pixels / PATCH - middles.reshape(-1, 2)
    return (
        np.where(seen, shape, BACKGROUND),
        np.where(seen, texture, BACKGROUND),
        centre.astype(np.float32),
        (pixels / (height, width)).astype(np.float32),
    )
