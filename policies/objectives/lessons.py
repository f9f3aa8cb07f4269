"""What an agent is taught from one kind of recordings: first its ViT, then the whole model."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from torch import nn

from uio2_agent.interface import ORACLE_ACTION
from uio2_agent.model.inputs import Patches
from uio2_agent.model.training.examples import Example
from uio2_agent.policies.codecs.base import Codec
from uio2_agent.trajectories.episode import Episode


class Episodes(Protocol):
    """Episodes by number, such as an `EpisodeStore`."""

    def __len__(self) -> int: ...

    def __getitem__(self, i: int, /) -> Episode: ...


class Lessons(Protocol):
    """Everything that training must know of a suite.

    Attributes:
        per_episode: How many examples one reading of an episode gives.
        recurring: Whether pictures come again and again, so that a frozen ViT should remember them.
    """

    recurring: ClassVar[bool]
    per_episode: int

    @property
    def codec(self) -> Codec:
        """What the agent speaks."""

    def read_out(self, width: int) -> nn.Module:
        """To be thrown away after the pre-training of a ViT of this width.

        Its `losses(features (B, N, D), labels)` are minimised; detached ones only reported.
        """

    def labelled(
        self, stores: Sequence[Episodes], count: int, rng: np.random.Generator
    ) -> tuple[Patches, Any]:
        """So many pictures and the labels of their patches."""

    def some_pictures(self, store: Episodes, count: int) -> np.ndarray:
        """At most so many pictures, uint8 (B, 3, H, W), such as the model will look at."""

    def examples(self, store: Episodes, rng: np.random.Generator) -> list[Example]:
        """`per_episode` examples of one episode."""


def any_of(store: Episodes, rng: np.random.Generator) -> Episode:
    """An episode that did not fail, or one of which the oracle says how it should have gone."""
    while True:
        episode = store[int(rng.integers(len(store)))]
        if episode.info.get("success", True) or ORACLE_ACTION in episode.labels:
            return episode
