"""One sampled episode before anything has happened: bodies, prompt, goals. Pure data."""

import math
from dataclasses import dataclass

from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.scene import Body

XY = tuple[float, float]

ROTATION_TOLERANCE = math.radians(15)

SUCTION, SPATULA = 0, 1  # end effectors, as `ee` tells them

# Ids 0 and 1 are the ground and the table sheet, 2 the arm, then its suction cup (3 and 4) or its
# spatula (3), which nobody sees here; objects count on from there (vima_bench.md §2.1).
FIRST_OBJECT_ID = {SUCTION: 5, SPATULA: 4}


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Where one object shall be.

    Attributes:
        obj_id: The object.
        xy: Target of its origin on the table, metres.
        tolerance: It is there when nearer than this, metres.
        yaw: Wanted yaw in radians, or None where turning does not count.
        symmetry: Period in degrees after which a yaw counts as the same; 0 = any, 360 = none.
    """

    obj_id: int
    xy: XY
    tolerance: float
    yaw: float | None = None
    symmetry: float = 360.0

    def met_by(self, body: Body) -> bool:
        if math.dist(body.xy, self.xy) >= self.tolerance:
            return False
        if self.yaw is None or self.symmetry == 0:
            return True
        period = math.radians(self.symmetry)
        error = (body.yaw - self.yaw) % period
        return min(error, period - error) < ROTATION_TOLERANCE


Stage = tuple[Goal, ...]  # goals that may be met in any order


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What makes an episode fail, beside an object to be moved falling off the table (F1).

    Attributes:
        distractors_from_stage: F2 (a distractor on a target, or an object to be moved on a
            distractor) counts only once so many stages are done.
        keeps_order: A goal of a later stage that is reached before its turn is a failure.
        every_step_counts: A step that meets no goal of the present stage is a failure.
    """

    distractors_from_stage: int = 0
    keeps_order: bool = False
    every_step_counts: bool = False


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """A region of the table along its axes; x and y are (low, high) in metres."""

    x: tuple[float, float]
    y: tuple[float, float]

    def contains(self, x: float, y: float) -> bool:
        return self.x[0] <= x <= self.x[1] and self.y[0] <= y <= self.y[1]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What a spatula shall do: push `wanted` of `targets` into `zone`, keeping clear of `line`.

    Attributes:
        targets: Ids of the blocks that count.
        others: Ids of the blocks that must stay out of the zone.
        wanted: Exactly so many targets must be in the zone at the end of a step.
        zone: Where a block counts.
        line: Where no target may ever be.
    """

    targets: tuple[int, ...]
    others: tuple[int, ...]
    wanted: int
    zone: Rectangle
    line: Rectangle


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Everything `reset` decides; the same for the same task, level, prompt mode and seed.

    Attributes:
        task: Name of the task.
        level: Name of the generalisation level.
        seed: What it was sampled from.
        bodies: All objects on the table, ids from 5 on.
        distractors: Ids that must stay clear of targets and of the objects to be moved (F2).
        prompt: What is asked for.
        budget: Steps an oracle may take; an episode lasts two more (vima_bench.md §7).
        stages: One after the other; within a stage all goals must be met, in any order. A met goal
            stays met. Empty where something is to be swept.
        sweep: What is to be swept, or None.
        rules: What counts as a failure.
        end_effector: `SUCTION` or `SPATULA`.
    """

    task: str
    level: str
    seed: int
    bodies: tuple[Body, ...]
    distractors: tuple[int, ...]
    prompt: Prompt
    budget: int
    stages: tuple[Stage, ...] = ()
    sweep: Sweep | None = None
    rules: Rules = Rules()
    end_effector: int = SUCTION

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Of all stages."""
        return tuple(goal for stage in self.stages for goal in stage)

    @property
    def max_steps(self) -> int:
        return self.budget + 2
