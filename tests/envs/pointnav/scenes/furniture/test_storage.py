"""Chests, bookcases, sideboards, shelves and boxes."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.storage import (
    bookcase,
    chest,
    crates,
    shelf_with_boxes,
    sideboard,
)


def test_a_bookcase_holds_books_below_its_top():
    for seed in range(8):
        made = bookcase(Draws(seed), "oak")
        books = [p for p in made.panels if p.material.startswith("books")]
        assert len(books) >= 2
        assert max(p.z1 for p in books) < made.height < 230


def test_fronts_leave_room_to_open_them():
    for make in (chest, sideboard, bookcase):
        assert make(Draws(1), "oak").front >= 40


def test_shelves_hold_boxes_of_several_colours():
    boxes = {p.material for s in range(5) for p in shelf_with_boxes(Draws(s)).parts}
    assert len(boxes - {"plain steel"}) >= 3


def test_crates_are_stacked():
    low, high = crates(Draws(0)).blocks
    assert high.z0 == low.z1 > 42
