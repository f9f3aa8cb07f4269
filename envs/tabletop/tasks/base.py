"""What every task has in common; a task file adds one class that fills in `build`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import shape
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import (
    FIRST_OBJECT_ID,
    SUCTION,
    XY,
    Rules,
    Stage,
    Sweep,
)
from uio2_agent.envs.tabletop.scene import Body

# An object that a rule compares with a point starts this much farther from it than the rule asks,
# so that no episode is decided before its first step.
MARGIN = 0.02

Kind = tuple[str, str]  # shape, texture


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a task decides about one episode; fields as in `Scenario`."""

    bodies: tuple[Body, ...]
    prompt: Prompt
    stages: tuple[Stage, ...] = ()
    sweep: Sweep | None = None
    distractors: tuple[int, ...] = ()


class Task(ABC):
    """A family of episodes.

    Attributes:
        name: As in VIMA-Bench.
        budget: Steps granted to an oracle.
        tolerance: Distance in metres at which an object counts as there.
        rules: What counts as a failure.
        end_effector: What the task is done with.
    """

    name: str
    budget: int
    tolerance: float = 0.10
    rules: Rules = Rules()
    end_effector: int = SUCTION

    @abstractmethod
    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        """Decide one episode.

        Args:
            choose: Draws for what there is. Kept when there was no room and poses are tried again,
                so that crowded episodes do not become rare.
            placer: Draws for where it stands.
            sets: Shapes and textures to draw from.
            mode: "pictures" or "words".

        Raises:
            SceneUnsolvable: There was no room for an object.
        """

    @property
    def clear(self) -> float:
        """How far from a target a thing must start not to count as being there, metres."""
        return self.tolerance + MARGIN


def new_body(choose: Draws, number: int, kind: Kind, effector: int = SUCTION) -> Body:
    """The `number`-th object (from 0), its size drawn where the catalogue gives a range."""
    name, texture = kind
    size = shape(name)
    scale = (1.0, 1.0, 1.0)
    if size.scales and size.declared_high != size.declared:
        low, high = size.declared[0], size.declared_high[0]
        side = low + (high - low) * choose.below(1001) / 1000
        scale = (side / low, side / low, 1.0)
    return Body(
        obj_id=FIRST_OBJECT_ID[effector] + number,
        shape=name,
        texture=texture,
        position=(0.5, 0.0, 0.0),
        scale=scale,
    )


def pick_kind(
    choose: Draws,
    shapes: Sequence[str],
    textures: Sequence[str],
    not_in: Iterable[Kind] = (),
) -> Kind:
    """A shape and a texture, uniformly among the pairs not excluded."""
    excluded = set(not_in)
    if not excluded:  # the same draw without writing out a thousand pairs
        s, t = divmod(choose.below(len(shapes) * len(textures)), len(textures))
        return shapes[s], textures[t]
    return choose.choice([(s, t) for s in shapes for t in textures if (s, t) not in excluded])


def apart_from(points: Iterable[XY], distance: float) -> list[tuple[XY, float]]:
    """The same distance to be kept from every point, as `Placer.place` wants it."""
    return [(xy, distance) for xy in points]
