"""A furnished flat from a seed, and which seeds are for training, validation and testing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.envs.pointnav.scenes.furnishing import furnish
from uio2_agent.envs.pointnav.scenes.light import draw_light
from uio2_agent.envs.pointnav.scenes.openings import Plan, draw_plan
from uio2_agent.envs.pointnav.scenes.placement import Placed
from uio2_agent.envs.pointnav.scenes.plan import Rect, draw_layout
from uio2_agent.envs.pointnav.scenes.rooms import PROGRAMMES
from uio2_agent.envs.pointnav.scenes.shell import add_doorway, add_room, draw_finish
from uio2_agent.envs.pointnav.scenes.surfaces import Surfaces, join
from uio2_agent.envs.pointnav.scenes.walkable import CELL, cell_of, flat_mask, reached
from uio2_agent.errors import BadSetting, SceneUnsolvable, UnknownName
from uio2_agent.interface import FIRST_EVALUATION_SEED

SIZES = tuple(PROGRAMMES)  # about 40, 75 and 105 m²
SPLITS = {
    "train": range(FIRST_EVALUATION_SEED),
    "val": range(FIRST_EVALUATION_SEED, FIRST_EVALUATION_SEED + 50_000),
    "test": range(FIRST_EVALUATION_SEED + 50_000, FIRST_EVALUATION_SEED + 100_000),
}
TRIES = 1000

_TONES = ("oak", "oak", "pine", "walnut", "cherry", "ash", "painted", "ebony")


@dataclass(frozen=True, eq=False)
class Apartment:
    """A flat as planned and as built.

    Args:
        seed, size: What it was made from.
        plan: Rooms, doors and openings; whole centimetres.
        furniture: What stands in each room.
        scene: The same as triangles; the plan's (x, y) is the world's (x, -z), about its middle.
        free_area: m² the middle of an agent of 0.25 m radius can be on, all joined.
    """

    seed: int
    size: str
    plan: Plan
    furniture: tuple[tuple[Placed, ...], ...]
    scene: Scene
    free_area: float


def split_of(seed: int) -> str:
    """Which split a scene seed belongs to: "train", "val" or "test".

    Raises:
        BadSetting: Beyond all of them.
    """
    for name, seeds in SPLITS.items():
        if seed in seeds:
            return name
    raise BadSetting("scene seed", seed, f"0 to {SPLITS['test'].stop - 1}")


def chosen_sizes(asked: object) -> list[str]:
    """Sizes of flats that take turns, from one name or several.

    Raises:
        BadSetting: None, or something else than names.
        UnknownName: No such size.
    """
    sizes = [asked] if isinstance(asked, str) else asked
    if not isinstance(sizes, Sequence) or not sizes:
        want = f"one of {', '.join(SIZES)}, or a list of them, used in turn"
        raise BadSetting("sizes", repr(asked), want)
    for size in sizes:
        if size not in SIZES:
            raise UnknownName("apartment size", size, SIZES)
    return [*sizes]


def apartment(seed: int, size: str = "medium") -> Scene:
    """The scene of this seed; see `build_apartment`."""
    return build_apartment(seed, size).scene


def build_apartment(seed: int, size: str = "medium") -> Apartment:
    """Plan, furnish, light and build a flat; the same on every platform.

    Every room can be reached from every other by an agent of 0.18 m radius and 1.5 m height.

    Args:
        seed: Not negative; `SPLITS` says which seeds are for what.
        size: "small" (about 40 m², 3 or 4 rooms), "medium" (75 m², 6) or "large" (105 m², 8 or 9).

    Raises:
        BadSetting: A seed beyond all splits.
        UnknownName: No such size.
        SceneUnsolvable: No plan came out whose rooms can all be reached.
    """
    split_of(seed)
    if size not in SIZES:
        raise UnknownName("apartment size", size, SIZES)
    for attempt in range(TRIES):
        draws = Draws(seed, SIZES.index(size), attempt)
        layout = draw_layout(draws, size)
        plan = None if layout is None else draw_plan(draws, layout)
        if plan is None:
            continue
        tone, kinds = draws.choice(_TONES), {room.kind for room in plan.rooms}
        furniture = tuple(
            furnish(room, openings, kinds, tone, draws)
            for room, openings in zip(plan.rooms, plan.openings, strict=True)
        )
        area = _free_area(plan, furniture)
        if area is not None:
            return Apartment(seed, size, plan, furniture, _build(plan, furniture, draws), area)
    raise SceneUnsolvable(f"the rooms of apartment {seed}", TRIES)


def _free_area(plan: Plan, furniture: tuple[tuple[Placed, ...], ...]) -> float | None:
    """m² that can be walked on; None if some room cannot be reached from the others."""
    area = Rect(0, 0, plan.width, plan.depth)
    taken = [rect for room in furniture for placed in room for rect in placed.taken]
    mask = flat_mask(area, plan.rooms, plan.doors, taken)
    landings = [
        cell_of(area, o.landing(room.rect))
        for room, openings in zip(plan.rooms, plan.openings, strict=True)
        for o in openings
        if o.kind == "door"
    ]
    found = reached(mask, landings[0])
    if not all(found[cell] for cell in landings):
        return None
    return float(found.sum()) * CELL * CELL / 10_000


def _build(plan: Plan, furniture: tuple[tuple[Placed, ...], ...], draws: Draws) -> Scene:
    trim = draws.choice(("wood painted", "wood painted", "wood oak", "wood walnut"))
    lit = []
    for i, (room, openings, pieces) in enumerate(
        zip(plan.rooms, plan.openings, furniture, strict=True)
    ):
        surfaces = Surfaces()
        finish = draw_finish(draws, room.kind)
        add_room(surfaces, room, openings, finish, trim, draws)
        for door in plan.doors:
            if door.rooms[0] == i:
                add_doorway(surfaces, plan.rooms, door, trim)
        for placed in pieces:
            for rect in placed.taken:
                surfaces.add_shadow(rect, room.rect, finish.floor)
        for placed in pieces:
            surfaces.add_piece(placed)
        lit.append(surfaces.lit(draw_light(draws, room.rect, openings)))
    return join(lit, np.array([plan.width, plan.depth]) / 2)
