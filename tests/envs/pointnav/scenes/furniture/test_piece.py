"""Pieces keep inside their rectangle, and out of the heights a navmesh steps onto."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture import (
    bathroom,
    bedroom,
    decoration,
    kitchen,
    living,
    storage,
)
from uio2_agent.envs.pointnav.scenes.furniture.piece import (
    Block,
    Panel,
    Piece,
    Turned,
    chair,
    clutter,
)
from uio2_agent.envs.pointnav.scenes.materials import material


def pieces(seed: int) -> list[Piece]:
    """One of everything."""
    d = Draws(seed)
    return [
        *(bedroom.bed(d, width, "oak") for width in (90, 140, 180)),
        *(bedroom.wardrobe(d, width, "pine") for width in (100, 240)),
        *(make(d, "ash") for make in (storage.chest, storage.bookcase, storage.sideboard)),
        *(make(d, "oak") for make in (living.television, living.desk, bathroom.washbasin)),
        *(living.dining_table(d, n, "oak") for n in (2, 4, 4, 4, 6)),
        *(decoration.hanging(d, kind) for kind in ("mirror", "painting")),
        *(kitchen.kitchen_counter(d, n, hung) for n in (2, 5) for hung in (False, True)),
        *(decoration.door_leaf("oak", 86, 203), living.seating(d, 200, "oak")),
        *(decoration.rug(d, 140, 80), decoration.ceiling_lamp(d, 260)),
        *(decoration.plant(d) for _ in range(3)),
        *(make(d) for make in (decoration.floor_lamp, decoration.waste_bin, living.armchair)),
        *(make(d) for make in (bathroom.bath_tub, bathroom.shower, bathroom.toilet)),
        *(make(d) for make in (bathroom.washing_machine, kitchen.fridge, bedroom.toy_chest)),
        *(make(d) for make in (storage.shelf_with_boxes, storage.crates)),
    ]


def extent(part: Block | Panel | Turned) -> tuple[float, ...]:
    if isinstance(part, Turned):
        r = max(radius for radius, _ in part.profile)
        top = max(height for _, height in part.profile)
        return part.x - r, part.x + r, part.y - r, part.y + r, part.z, part.z + top
    return part.x0, part.x1, part.y0, part.y1, part.z0, part.z1


@pytest.mark.parametrize("seed", range(6))
def test_a_piece_lies_within_its_rectangle(seed):
    for piece in pieces(seed):
        for part in piece.parts:
            x0, x1, y0, y1, z0, _ = extent(part)
            assert -piece.width / 2 - 4 <= x0 <= x1 <= piece.width / 2 + 4, (piece.name, part)
            assert -1 <= y0 <= y1 <= piece.depth + 6, (piece.name, part)
            assert piece.low - 1 <= z0, (piece.name, part)


@pytest.mark.parametrize("seed", range(6))
def test_footprints_cover_what_reaches_below_an_agents_head(seed):
    for piece in pieces(seed):
        for part in piece.parts:
            x0, x1, y0, y1, z0, z1 = extent(part)
            if z1 <= 2 or z0 >= 150 or not piece.taken:
                continue
            middle = (x0 + x1) / 2, (y0 + y1) / 2
            assert any(
                r.x0 <= middle[0] <= r.x1 and r.y0 <= middle[1] <= r.y1 for r in piece.taken
            ), (piece.name, part)


@pytest.mark.parametrize("seed", range(6))
def test_no_open_top_is_low_enough_to_be_stepped_on(seed):
    for piece in pieces(seed):
        tops = [extent(p)[5] for p in piece.parts if isinstance(p, Block | Turned)]
        standing = [t for t in tops if piece.low == 0]
        assert all(t <= 2 or t > 40 or max(standing) > t + 1 for t in standing), piece.name


@pytest.mark.parametrize("seed", range(3))
def test_every_material_of_every_piece_exists(seed):
    for piece in pieces(seed):
        for part in piece.parts:
            assert material(part.material).picture.size


def test_a_chair_looks_the_way_it_is_told():
    for towards, axis, sign in (("up", 1, -1), ("down", 1, 1), ("left", 0, 1), ("right", 0, -1)):
        back = chair(0, 0, towards, "wood oak", "fabric red")[-1]
        x0, x1, y0, y1, *_ = extent(back)
        at = ((x0 + x1) / 2, (y0 + y1) / 2)
        assert at[axis] * sign > 10 and at[1 - axis] == 0


def test_clutter_stands_on_its_board_and_varies():
    counts = set()
    for seed in range(12):
        things = clutter(Draws(seed), -60, 60, 20, 75)
        counts.add(len(things))
        for thing in things:
            x0, x1, _, _, z0, _ = extent(thing)
            assert x0 >= -60 and x1 <= 60 and z0 >= 75
    assert len(counts) > 3
