"""Every kind of room gets what it is for, and can still be walked in."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furnishing import furnish
from uio2_agent.envs.pointnav.scenes.openings import Opening
from uio2_agent.envs.pointnav.scenes.placement import Placed
from uio2_agent.envs.pointnav.scenes.plan import Rect, Room
from uio2_agent.envs.pointnav.scenes.rooms import KINDS
from uio2_agent.envs.pointnav.scenes.walkable import CELL, REACH, cell_of, open_cells, reached

DOORS = (
    Opening("door", "south", 130, 220, 0, 205),
    Opening("door", "west", 250, 340, 0, 205),
    Opening("window", "north", 150, 300, 90, 225),
)
WANTED = {
    "living": "sofa",
    "kitchen": "kitchen counter",
    "dining": "dining table",
    "bedroom": "bed",
    "child": "bed",
    "study": "desk",
    "bath": "toilet",
    "storage": "shelf",
    "corridor": "ceiling lamp",
}


def furnished(kind: str, seed: int) -> tuple[Room, tuple[Placed, ...]]:
    room = Room(kind, Rect(100, 100, 500, 450))
    return room, furnish(room, DOORS, set(KINDS), "oak", Draws(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_room_has_what_it_is_for(kind):
    names = [{p.piece.name for p in furnished(kind, seed)[1]} for seed in range(6)]
    assert sum(WANTED[kind] in some for some in names) >= 5
    assert all("ceiling lamp" in some for some in names)


@pytest.mark.parametrize("kind", KINDS)
def test_doors_stay_clear_and_joined(kind):
    for seed in range(6):
        room, placed = furnished(kind, seed)
        for door in DOORS[:2]:
            clear = door.clearance(room.rect)
            assert not any(r.meets(clear) for p in placed for r in p.taken)
        taken = [r for p in placed for r in p.taken]
        mask = open_cells(room.rect, [room.rect.grown(-REACH)], taken)
        start, end = (cell_of(room.rect, d.landing(room.rect)) for d in DOORS[:2])
        found = reached(mask, start)
        assert found[end]
        assert (mask.sum() - found.sum()) * CELL * CELL <= 1500  # no pocket to start an episode in


def test_a_living_room_beside_a_dining_room_has_no_dining_table():
    def tables(kinds: set[str]) -> int:
        room = Room("living", Rect(100, 100, 600, 600))
        placed = [furnish(room, DOORS, kinds, "oak", Draws(s)) for s in range(8)]
        return sum(p.piece.name == "dining table" for some in placed for p in some)

    assert tables({"living", "dining"}) == 0 < tables({"living"})


def test_the_same_draws_give_the_same_furniture():
    def at(seed: int) -> list[tuple]:
        return [(p.piece, p.x, p.y, p.turns) for p in furnished("living", seed)[1]]

    assert at(3) == at(3)
    assert at(3) != at(4)
