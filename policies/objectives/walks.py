"""Lessons of PointNav and AudioGoal: distances for the ViT, then the moves of walks to clone.

There is no lesson for the ViT of sound. One ear tells neither where a sound comes from nor how far
it is (that depends on what sounds), and both are needed together; so it learns with the agent.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from uio2_agent.model.inputs import Patches, patchify
from uio2_agent.model.training.examples import Example
from uio2_agent.model.training.surroundings import RangeHead, RangeLabels
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.objectives.lessons import Episodes, any_of
from uio2_agent.policies.objectives.navigation import navigation_example
from uio2_agent.policies.objectives.views import Camera, View, range_labels, view_of


class WalkLessons:
    """See `Lessons`.

    Args:
        codec: The agent's.
        camera: The one the walks were recorded with.
        grey_share: How many of the ViT's pictures are depth pictures, where the codec shows them.
        per_episode: Examples and pictures drawn from a walk each time it is read.
    """

    recurring: ClassVar[bool] = False

    def __init__(
        self,
        codec: PointNavCodec,
        camera: Camera | None = None,
        grey_share: float = 0.3,
        per_episode: int = 4,
    ) -> None:
        self.codec, self.per_episode = codec, per_episode
        self.camera = camera or Camera()
        self.grey_share = grey_share if codec.depth else 0.0

    def read_out(self, width: int) -> RangeHead:
        """Depth, the nearest obstacle, and the floor."""
        return RangeHead(width)

    def labelled(
        self, stores: Sequence[Episodes], count: int, rng: np.random.Generator
    ) -> tuple[Patches, RangeLabels]:
        """Moments of walks, `grey_share` of them as depth pictures."""
        views: list[View] = []
        while len(views) < count:
            episode = any_of(stores[int(rng.integers(len(stores)))], rng)
            for t in rng.integers(len(episode.frames), size=self.per_episode):
                views.append(view_of(episode, t, as_grey=rng.random() < self.grey_share))
        views = views[:count]
        images = torch.from_numpy(np.stack([view.picture for view in views]))
        return patchify(images), range_labels(views, self.camera)

    def some_pictures(self, store: Episodes, count: int) -> np.ndarray:
        """From the middle of so many walks."""
        walks = [store[i] for i in range(min(count, len(store)))]
        return np.stack([walk.frames[len(walk.frames) // 2] for walk in walks])

    def examples(self, store: Episodes, rng: np.random.Generator) -> list[Example]:
        """Moves of one walk."""
        episode = any_of(store, rng)
        n_steps, count = episode.n_steps, self.per_episode
        return [
            navigation_example(episode, self.codec, int(step))
            for step in rng.choice(n_steps, count, replace=n_steps < count)
        ]
