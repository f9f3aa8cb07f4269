"""One sampled episode before anything has happened: bodies, prompt, goals. Pure data."""

import math
from dataclasses import dataclass

from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.scene import Body

XY = tuple[float, float]

ROTATION_TOLERANCE = math.radians(15)

# Ids 0 and 1 are the ground and the table sheet, 2 to 4 the arm and its suction cup, which nobody
# sees here; objects count from 5 as in VIMA-Bench (vima_bench.md §2.1).
FIRST_OBJECT_ID = 5


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
        goals: All of them must be met, in any order; a met goal stays met.
        budget: Steps an oracle may take; an episode lasts two more (vima_bench.md §7).
        distractors_judged_at_end: F2 counts only once all goals are met (rearrange).
        end_effector: 0 = suction cup, 1 = spatula.
    """

    task: str
    level: str
    seed: int
    bodies: tuple[Body, ...]
    distractors: tuple[int, ...]
    prompt: Prompt
    goals: tuple[Goal, ...]
    budget: int
    distractors_judged_at_end: bool = False
    end_effector: int = 0

    @property
    def max_steps(self) -> int:
        return self.budget + 2
