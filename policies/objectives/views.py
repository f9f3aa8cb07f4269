"""Labels of what a walking agent sees: how far things are, what is in the way, what is floor."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from uio2_agent.errors import BadInput
from uio2_agent.model.inputs import PATCH
from uio2_agent.model.training.surroundings import RangeLabels
from uio2_agent.policies.codecs.pointnav import DEPTH, grey
from uio2_agent.trajectories.episode import Episode

_STEP_OVER = 0.2  # metres; what is lower is walked over (habitat_pointnav 4: agent_max_climb)


@dataclass(frozen=True)
class Camera:
    """A level camera that looks ahead.

    Attributes:
        height: Metres above the floor; nothing higher than that is in the way either.
        hfov: Horizontal field of view, degrees.
        farthest: Metres that depth 1 stands for.
    """

    height: float = 1.25
    hfov: float = 90.0
    farthest: float = 10.0


@dataclass(frozen=True, kw_only=True)
class View:
    """A picture uint8 (3, H, W), and the depth of its pixels (H, W) in [0, 1]."""

    picture: np.ndarray
    depth: np.ndarray


def view_of(episode: Episode, t: int, *, as_grey: bool) -> View:
    """Moment t of a walk, in colours or as its depth picture. Raises BadInput without depth."""
    if DEPTH not in episode.labels:
        raise BadInput("episode", "without depth", f"{DEPTH} among the recorded sensors")
    depth = episode.labels[DEPTH][t]
    picture = grey(depth) if as_grey else episode.frames[t]
    return View(picture=picture, depth=depth[..., 0])


def range_labels(views: Sequence[View], camera: Camera) -> RangeLabels:
    """Labels of the patches of pictures of one size, row-major as `patchify` has them."""
    depth = np.stack([view.depth for view in views])  # (B, H, W)
    height, width = depth.shape[1:]
    focal = width / 2 / np.tan(np.radians(camera.hfov) / 2)
    below = (np.arange(height) + 0.5 - height / 2) / focal  # metres below the camera per metre
    above_floor = camera.height - below[:, None] * depth * camera.farthest  # (B, H, W)
    hit = depth > 0
    floor = hit & (above_floor < _STEP_OVER)
    in_way = hit & ~floor & (above_floor <= camera.height + _STEP_OVER)
    # What shows no surface is far away.
    far = np.where(hit, depth, 1.0)
    return RangeLabels(
        depth=_column(np.sqrt(_patches(far).mean(-1))),
        obstacle=_column(np.sqrt(_patches(np.where(in_way, depth, 1.0)).min(-1))),
        floor=_column(_patches(floor).mean(-1)),
    )


def _patches(values: np.ndarray) -> np.ndarray:
    """(B, H, W) -> (B, N, pixels of a patch)."""
    b, h, w = values.shape
    tiles = values.reshape(b, h // PATCH, PATCH, w // PATCH, PATCH).swapaxes(2, 3)
    return tiles.reshape(b, -1, PATCH * PATCH)


def _column(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))
