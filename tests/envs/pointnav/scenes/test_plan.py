"""Layouts fill their rectangle with rooms one can live in."""

from functools import cache

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.plan import WALL, Layout, Rect, draw_layout
from uio2_agent.envs.pointnav.scenes.rooms import KINDS, PROGRAMMES


@cache
def layouts(size: str, n: int = 40) -> list[Layout]:
    tries = (draw_layout(Draws(attempt), size) for attempt in range(10_000))
    return [layout for layout, _ in zip(filter(None, tries), range(n), strict=False)]


@pytest.mark.parametrize("size", PROGRAMMES)
def test_rooms_fill_the_flat_without_overlap(size):
    for layout in layouts(size):
        outer = [room.rect.grown(WALL // 2) for room in layout.rooms]
        for i, a in enumerate(outer):
            assert not any(a.meets(b) for b in outer[i + 1 :])
        low = min(r.x0 for r in outer), min(r.y0 for r in outer)
        high = max(r.x1 for r in outer), max(r.y1 for r in outer)
        assert (low, high) == ((0, 0), (layout.width, layout.depth))
        # A corridor flat may have a ragged end; nothing else is left open.
        assert sum(r.area for r in outer) > 0.97 * layout.width * layout.depth


@pytest.mark.parametrize("size", PROGRAMMES)
def test_no_room_is_narrower_than_its_kind_allows(size):
    for layout in layouts(size):
        for kind, rect in layout.rooms:
            assert min(rect.width, rect.depth) >= KINDS[kind].narrowest


def test_every_programme_of_every_size_comes_out():
    for size, programmes in PROGRAMMES.items():
        seen = {
            tuple(sorted(r.kind for r in layout.rooms if r.kind != "corridor"))
            for layout in layouts(size)
        }
        assert seen == {tuple(sorted(p)) for p in programmes}


def test_flats_come_lying_and_standing():
    lying = [layout.width > layout.depth for layout in layouts("large")]
    assert 8 < sum(lying) < 32


def test_a_strip_lies_along_its_side():
    room = Rect(0, 0, 300, 200)
    assert room.strip("south", 50, 90, 10) == (50, 0, 90, 10)
    assert room.strip("north", 50, 90, 10) == (50, 190, 90, 200)
    assert room.strip("west", 50, 90, 10) == (0, 50, 10, 90)
    assert room.strip("east", 50, 90, 10) == (290, 50, 300, 90)


def test_rectangles_that_only_touch_do_not_meet():
    assert not Rect(0, 0, 10, 10).meets(Rect(10, 0, 20, 10))
    assert Rect(0, 0, 10, 10).meets(Rect(9, 9, 20, 20))
