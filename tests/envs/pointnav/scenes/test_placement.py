"""Pieces go where there is room: never before a door, a high one never before a window."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import Piece, block
from uio2_agent.envs.pointnav.scenes.openings import Opening
from uio2_agent.envs.pointnav.scenes.placement import Placed, RoomSpace
from uio2_agent.envs.pointnav.scenes.plan import SIDES, Rect, Room

ROOM = Room("study", Rect(100, 200, 500, 500))
DOOR = Opening("door", "south", 150, 240, 0, 205)
WINDOW = Opening("window", "north", 150, 450, 90, 225)


def piece(width: int = 100, depth: int = 50, height: int = 80, **more) -> Piece:
    return Piece(
        "thing", width, depth, height, (block(0, 0, 0, width, depth, height, "x"),), **more
    )


def space(*openings: Opening, seed: int = 0) -> RoomSpace:
    return RoomSpace(ROOM, openings or (DOOR,), Draws(seed))


@pytest.mark.parametrize("side", SIDES)
def test_a_piece_turns_its_back_to_the_wall(side):
    room = space()
    assert room.against_wall(piece(front=10), sides=(side,))
    (placed,) = room.placed
    assert placed.bounds.line(side) == ROOM.rect.line(side)
    assert {placed.bounds.width, placed.bounds.depth} == {100, 50}
    assert not placed.front.meets(placed.bounds)
    inner = placed.bounds.grown(1)
    assert inner.meets(placed.front) and ROOM.rect.grown(1).meets(placed.front)


def test_the_clearance_of_a_door_stays_free():
    for seed in range(40):
        room = space(seed=seed)
        room.against_wall(piece())
        room.in_middle(piece())
        assert not any(p.bounds.meets(DOOR.clearance(ROOM.rect)) for p in room.placed)


def test_pieces_never_overlap_and_leave_each_others_fronts_free():
    for seed in range(20):
        room = space(seed=seed)
        for _ in range(6):
            room.against_wall(piece(front=40))
        for a in room.placed:
            for b in room.placed:
                if a is not b:
                    assert not a.bounds.meets(b.bounds) and not a.front.meets(b.bounds)


def test_high_furniture_never_hides_a_window_but_low_may_stand_there():
    high, low = piece(height=200), piece(height=80)
    assert not space(DOOR, WINDOW).against_wall(piece(width=340, height=200), sides=("north",))
    for seed in range(10):
        room = space(DOOR, WINDOW, seed=seed)
        assert room.against_wall(high)
        assert not room.placed[0].bounds.meets(ROOM.rect.strip("north", 150, 450, 30))
    assert space(DOOR, WINDOW).against_wall(low, sides=("north",), in_corner=True)


def test_what_would_wall_somebody_in_is_not_put():
    bar = piece(width=300, depth=40)
    far = Opening("door", "north", 150, 240, 0, 205)
    room = space(DOOR, far)
    assert not room.against_wall(piece(width=300, depth=280), sides=("east",))
    assert room.against_wall(bar, sides=("east",))


def test_nothing_is_put_where_nothing_fits():
    assert not space().against_wall(piece(width=401))
    assert not space().in_middle(piece(width=290, depth=290), margin=10)


def test_a_picture_hangs_above_a_low_board_but_not_behind_a_high_one():
    picture = piece(width=390, depth=3, height=180, footprints=(), low=130)
    for height, fits in ((80, True), (200, False)):
        room = space()
        assert room.against_wall(piece(width=300, height=height), sides=("north",))
        assert room.against_wall(picture, sides=("north",)) is fits


def test_open_area_shrinks_with_what_stands_but_not_with_what_hangs():
    room = space()
    before = room.open_area
    room.overhead(piece(width=50, height=260, footprints=(), low=220), 300, 350)
    assert room.placed[0].bounds == (275, 325, 325, 375) and room.open_area == before
    assert room.against_wall(piece())
    assert room.open_area < before


def test_the_screen_is_put_where_the_sofa_looks():
    for side, other in zip(SIDES, (*SIDES[2:], *SIDES[:2]), strict=True):
        room = space(Opening("door", other, 260, 350, 0, 205), seed=1)
        sofa = Piece("sofa", 120, 60, 80, ())
        assert room.against_wall(sofa, sides=(side,))
        if room.opposite(piece(width=60), "sofa"):
            assert room.placed[1].bounds.line(other) == ROOM.rect.line(other)
    assert not room.opposite(piece(), "altar")


def test_an_open_door_stands_beside_its_opening():
    room = space()
    assert room.open_door(piece(width=6, depth=86, height=203), DOOR)
    bounds = room.placed[0].bounds
    assert bounds.y0 == 200 and bounds.y1 == 286
    assert bounds.x1 <= DOOR.low or bounds.x0 >= DOOR.high
    assert not room.placed[0].bounds.meets(DOOR.clearance(ROOM.rect))


def test_four_quarter_turns_bring_a_rectangle_back():
    part = Rect(-20, 5, 40, 30)
    turned = [Placed(piece(), 0, 0, n).rect(part) for n in range(5)]
    assert turned[0] == part and turned[2] == (-40, -30, 20, -5)
    assert turned[1] == (-30, -20, -5, 40)
