"""Lessons of the tabletop: labelled scenes for the ViT, questions and demonstrations to clone."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch

from uio2_agent.model.inputs import Patches, patchify
from uio2_agent.model.training.dense import DenseHead, DenseLabels
from uio2_agent.model.training.examples import Example
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.policies.objectives.cloning import cloning_example
from uio2_agent.policies.objectives.grounding import GroundingConfig, grounding_example
from uio2_agent.policies.objectives.lessons import Episodes, any_of
from uio2_agent.policies.objectives.patches import dense_labels, labelled_picture, labelled_scene


class TabletopLessons:
    """See `Lessons`.

    Args:
        codec: The agent's.
        grounding: How often each question is asked of strewn objects.
        shapes, textures: Class of each name.
        picture_share: How many of the ViT's pictures are prompt pictures, not scenes.
    """

    recurring: ClassVar[bool] = True
    per_episode = 1

    def __init__(
        self,
        codec: VimaCodec,
        grounding: GroundingConfig,
        shapes: Mapping[str, int],
        textures: Mapping[str, int],
        picture_share: float,
    ) -> None:
        self.codec, self.grounding = codec, grounding
        self.shapes, self.textures, self.picture_share = dict(shapes), dict(textures), picture_share

    def read_out(self, width: int) -> DenseHead:
        """Shapes, textures and centres of objects."""
        return DenseHead(width, len(self.shapes), len(self.textures))

    def labelled(
        self, stores: Sequence[Episodes], count: int, rng: np.random.Generator
    ) -> tuple[Patches, DenseLabels]:
        """Scenes, and prompt pictures in `picture_share` of the cases."""
        chosen = []
        for _ in range(count):
            store = stores[int(rng.integers(len(stores)))]
            episode = store[int(rng.integers(len(store)))]
            picture = int(rng.integers(len(episode.prompt_pictures)))
            as_picture = rng.random() < self.picture_share
            chosen.append(
                labelled_picture(episode, picture) if as_picture else labelled_scene(episode)
            )
        images = torch.from_numpy(np.stack([x.rgb for x in chosen]))
        return patchify(images), dense_labels(chosen, self.shapes, self.textures)

    def some_pictures(self, store: Episodes, count: int) -> np.ndarray:
        """First frames."""
        return np.stack([store[i].frames[0] for i in range(min(count, len(store)))])

    def examples(self, store: Episodes, rng: np.random.Generator) -> list[Example]:
        """A step of a demonstration, or a question about strewn objects."""
        episode = any_of(store, rng)
        if episode.n_steps:
            return [cloning_example(episode, self.codec, int(rng.integers(episode.n_steps)))]
        return [grounding_example(episode, self.codec, self.grounding, rng, any_of(store, rng))]
