"""Which shapes and textures each task draws from, per generalisation level (vima_bench.md §7, §5).

The paper's four levels. Level 1 has the sets that training data is drawn from; only seeds differ.
"""

from dataclasses import dataclass, replace

from uio2_agent.envs.tabletop.catalogue import (
    CONTAINER_TEXTURES,
    DEFAULT_CONTAINERS,
    DEFAULT_MOVABLES,
    MOVABLE_TEXTURES,
    PLAIN_TEXTURES,
)
from uio2_agent.errors import UnknownName

Names = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sets:
    """What one task may use at one level."""

    movables: Names
    containers: Names
    movable_textures: Names
    container_textures: Names


M1: Names = (
    *("letter A", "letter E", "letter G", "letter M", "letter T", "letter V"),
    *("block", "cross", "triangle", "flower", "heart", "ring", "pentagon", "L-shaped block"),
)
ORIENTED_1: Names = (
    *("letter A", "letter E", "letter G", "letter M", "letter T", "letter V"),
    *("heart", "L-shaped block"),
)
B1: Names = ("bowl", "frame", "container", "square")
M3: Names = ("letter R", "diamond", "hexagon", "round", "star")
B3: Names = ("pallet", "pan")


def _without(names: Names, *out: str) -> Names:
    return tuple(n for n in names if n not in out)


def _shorter(names: Names) -> Names:
    """The shorter block in place of the block, or beside the others where there is no block."""
    return (*_without(names, "block"), "shorter block")


def _with_dark(names: Names) -> Names:
    return tuple(n for name in names for n in (name, f"dark {name}"))


_PAIRS_1 = ("red", "green", "yellow", "red and yellow stripe", "yellow and green stripe")
_DOTS_1 = tuple(
    f"{pair} polka dot"
    for pair in (
        *("red and yellow", "red and green", "red and blue"),
        *("yellow and blue", "green and blue"),
    )
)
S1: Names = (
    *_PAIRS_1,
    *("granite", "polka dot", "tiger", "rainbow"),
    *_DOTS_1,
    *("red swirl", "green swirl", "red paisley", "yellow paisley", "green paisley"),
)
_PAIRS_2 = ("blue", "purple", "cyan")
_STRIPES_2 = tuple(
    f"{pair} stripe"
    for pair in (
        *("red and blue", "yellow and blue", "red and purple"),
        *("yellow and purple", "green and purple", "blue and purple"),
    )
)
_DOTS_2 = tuple(
    f"{pair} polka dot" for pair in ("yellow and purple", "green and purple", "blue and purple")
)
S2: Names = (
    *_PAIRS_2,
    *("olive", "tiles", "wooden", "plastic", "checkerboard"),
    *_STRIPES_2,
    *_DOTS_2,
    *("purple swirl", "blue swirl", "blue paisley"),
)
D1: Names = _with_dark((*_PAIRS_1, *_DOTS_1, "red swirl", "green swirl"))
D2: Names = _with_dark((*_PAIRS_2, *_STRIPES_2, *_DOTS_2, "purple swirl", "blue swirl"))

TRAIN_TASKS: Names = (
    "visual_manipulation",
    "scene_understanding",
    "rotate",
    "rearrange",
    "rearrange_then_restore",
    "novel_adj",
    "novel_noun",
    "twist",
    "follow_order",
    "sweep_without_exceeding",
    "same_shape",
    "manipulate_old_neighbor",
    "pick_in_order_then_restore",
)
HELD_OUT_TASKS: Names = (
    "novel_adj_and_noun",
    "follow_motion",
    "sweep_without_touching",
    "same_texture",
)
_ONE_LIST = ("rotate", "twist", "rearrange", "rearrange_then_restore", "follow_order")
_SWEPT: Names = ("small block",)


def _known_objects(textures: Names, container_textures: Names, adjectives: Names) -> dict:
    """Levels 1 and 2: the training shapes, with the textures given."""
    usual = Sets(
        movables=M1,
        containers=B1,
        movable_textures=textures,
        container_textures=container_textures,
    )
    return {
        **dict.fromkeys(TRAIN_TASKS, usual),
        "rotate": replace(usual, movables=ORIENTED_1),
        "twist": replace(usual, movables=ORIENTED_1),
        "novel_adj": replace(usual, movables=_without(M1, "block"), movable_textures=adjectives),
        "same_shape": replace(usual, movables=_shorter(M1)),
        "sweep_without_exceeding": replace(usual, movables=_SWEPT),
    }


def _novel_objects() -> dict:
    """Level 3: shapes never trained on, textures from the tasks' default lists."""
    usual = Sets(
        movables=M3,
        containers=B3,
        movable_textures=MOVABLE_TEXTURES,
        container_textures=CONTAINER_TEXTURES,
    )
    all_textures = replace(usual, movable_textures=PLAIN_TEXTURES)
    return {
        **dict.fromkeys(_without(TRAIN_TASKS, "sweep_without_exceeding"), usual),
        **dict.fromkeys(_ONE_LIST, all_textures),
        "rotate": replace(all_textures, movables=("letter R",)),
        "twist": replace(all_textures, movables=("letter R",)),
        "novel_adj": replace(usual, movable_textures=_ADJECTIVES),
        "same_shape": replace(usual, movables=_shorter(M3)),
        "pick_in_order_then_restore": replace(usual, containers=("pallet",)),
    }


def _novel_tasks() -> dict:
    """Level 4: tasks never trained on, with their default lists."""
    usual = Sets(
        movables=DEFAULT_MOVABLES,
        containers=DEFAULT_CONTAINERS,
        movable_textures=MOVABLE_TEXTURES,
        container_textures=CONTAINER_TEXTURES,
    )
    return {
        "novel_adj_and_noun": replace(
            usual,
            movables=_without(DEFAULT_MOVABLES, "block"),
            movable_textures=_ADJECTIVES,
        ),
        "follow_motion": replace(usual, movable_textures=PLAIN_TEXTURES),
        "sweep_without_touching": replace(usual, movables=_SWEPT),
        "same_texture": replace(usual, movables=_shorter(DEFAULT_MOVABLES)),
    }


# 66 entries that come light and dark: 8 colours, 10 stripes, 10 polka dots, 5 swirls (§5).
_ADJECTIVES: Names = _with_dark(
    tuple(
        n
        for n in PLAIN_TEXTURES
        if n in ("blue", "red", "green", "orange", "yellow", "purple", "pink", "cyan")
        or n.endswith((" stripe", " swirl"))
        or (" and " in n and n.endswith(" polka dot"))
    )
)

LEVELS: dict[str, dict[str, Sets]] = {
    "placement_generalization": _known_objects(S1, S2, D1),
    "combinatorial_generalization": _known_objects(S2, S1, D2),
    "novel_object_generalization": _novel_objects(),
    "novel_task_generalization": _novel_tasks(),
}


def sets_for(task: str, level: str) -> Sets:
    """Shapes and textures of `task` at `level`.

    Raises:
        UnknownName: No such level, or the level does not have this task.
    """
    if level not in LEVELS:
        raise UnknownName("level", level, LEVELS)
    if task not in LEVELS[level]:
        raise UnknownName(f"task of level {level}", task, LEVELS[level])
    return LEVELS[level][task]
