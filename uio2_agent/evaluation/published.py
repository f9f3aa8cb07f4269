"""What has been published on the real VIMA-Bench, to stand beside a run of it.

Success in percent. Rows of Unified-IO 2 are by level, 1 to 4; the mean is the one its paper gives
(for XL a little less than the mean of the row). Of VIMA and VIMA-IMG the paper quotes means only.
Unified-IO 2 was run one-shot (a whole plan from the first picture), VIMA step by step.
"""

from typing import Any

_LEVELS = (
    "placement_generalization",
    "combinatorial_generalization",
    "novel_object_generalization",
    "novel_task_generalization",
)


def _row(name: str, mean: float, *levels: float) -> dict[str, Any]:
    return {"name": name, "mean": mean, "levels": dict(zip(_LEVELS, levels, strict=False))}


# `{name, mean, levels: {level: percent}}`; `levels` is empty where only the mean is known.
VIMA_BENCH: tuple[dict[str, Any], ...] = (
    _row("UIO-2 L", 50.2, 66.9, 63.8, 57.5, 12.6),
    _row("UIO-2 XL", 54.2, 70.3, 69.8, 64.5, 13.1),
    _row("UIO-2 XXL", 56.3, 71.3, 70.4, 68.0, 15.5),
    _row("VIMA", 72.6),
    _row("VIMA-IMG", 42.5),
)
