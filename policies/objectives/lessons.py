"""What an agent is taught from one kind of recordings: first its ViT, then the whole model."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from torch import Tensor, nn

from uio2_agent.model.inputs import Patches
from uio2_agent.model.training.examples import Example
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.base import Codec
from uio2_agent.trajectories.episode import Episode


class Episodes(Protocol):
    """Episodes by number, such as an `EpisodeStore`."""

    def __len__(self) -> int: ...

    def __getitem__(self, i: int, /) -> Episode: ...


class DenseReadOut(Protocol):
    """Thrown away after the ViT's pre-training; a module."""

    def losses(self, features: Tensor, labels: Any) -> dict[str, Tensor]:
        """(B, N, D) -> losses that are minimised, and detached numbers that are only reported."""


class Lessons(Protocol):
    """Everything that training must know of a suite.

    Attributes:
        tokenizer: The agent's.
        per_episode: How many examples one reading of an episode gives.
        recurring: Whether pictures come again and again, so that a frozen ViT should remember them.
    """

    recurring: ClassVar[bool]
    tokenizer: Tokenizer
    per_episode: int

    @property
    def codec(self) -> Codec:
        """What the agent speaks."""

    def read_out(self, width: int) -> nn.Module:
        """A `DenseReadOut` for a ViT of this width."""

    def labelled(
        self, stores: Sequence[Episodes], count: int, rng: np.random.Generator
    ) -> tuple[Patches, Any]:
        """So many pictures and the labels of their patches."""

    def some_pictures(self, store: Episodes, count: int) -> np.ndarray:
        """At most so many pictures, uint8 (B, 3, H, W), such as the model will look at."""

    def examples(self, store: Episodes, rng: np.random.Generator) -> list[Example]:
        """`per_episode` examples of one episode."""


def any_of(store: Episodes, rng: np.random.Generator) -> Episode:
    """An episode that did not fail."""
    while True:
        episode = store[int(rng.integers(len(store)))]
        if episode.info.get("success", True):
            return episode
