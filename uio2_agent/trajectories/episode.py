"""One canonical episode, in its smallest form: what was seen, what was done, what was asked."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from uio2_agent.errors import BadShape


@dataclass(frozen=True, kw_only=True)
class Episode:
    """T steps of one environment.

    Attributes:
        frames: uint8 (T + 1, 3, H, W), the view before each action and after the last one; a plan
            that was not played out has just the first frame.
        actions: Name -> (T, ...), the demonstrated actions, in the environment's own units.
        prompt_text: What was asked, with `<image_history_i>` where picture i stands.
        prompt_pictures: uint8 (P, 3, H, W), in slot order.
        labels: Name -> array, whatever the simulator knows for free (segmentation, names, places).
        info: JSON-able facts: env, task, level, seed, view, effector.
    """

    frames: np.ndarray
    actions: dict[str, np.ndarray]
    prompt_text: str
    prompt_pictures: np.ndarray
    labels: dict[str, np.ndarray] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("frames", "prompt_pictures"):
            array = getattr(self, name)
            if array.dtype != np.uint8 or array.ndim != 4 or array.shape[1] != 3:
                raise BadShape(name, f"{array.dtype} {array.shape}", "uint8 (N, 3, H, W)")
        lengths = {name: len(a) for name, a in self.actions.items()}
        if len(set(lengths.values())) > 1:
            raise BadShape("actions", lengths, "arrays of equal length")
        if len(self.frames) not in (1, self.n_steps + 1):
            raise BadShape(
                "frames", f"{len(self.frames)} for {self.n_steps} actions", "T + 1, or 1"
            )

    @property
    def n_steps(self) -> int:
        return len(next(iter(self.actions.values()))) if self.actions else 0

    def plan(self, start: int = 0) -> list[dict[str, np.ndarray]]:
        """The actions from step `start` on, one dict each."""
        return [
            {name: a[t] for name, a in self.actions.items()} for t in range(start, self.n_steps)
        ]
