"""Doors join all rooms, keep their width, and cut both rooms they belong to."""

import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.openings import (
    DOOR_CLEARANCE,
    NARROWEST_DOOR,
    Plan,
    draw_plan,
)
from uio2_agent.envs.pointnav.scenes.plan import HEIGHT, SIDES, WALL, draw_layout
from uio2_agent.envs.pointnav.scenes.rooms import KINDS, PROGRAMMES


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    found = []
    for size in PROGRAMMES:
        for attempt in range(700):
            draws = Draws(attempt, 1)
            layout = draw_layout(draws, size)
            plan = None if layout is None else draw_plan(draws, layout)
            if plan is not None:
                found.append(plan)
    assert len(found) > 40
    return found


def test_every_room_is_joined_to_every_other(plans):
    for plan in plans:
        group = list(range(len(plan.rooms)))
        for door in plan.doors:
            i, j = (group[k] for k in door.rooms)
            group = [i if g == j else g for g in group]
        assert len(set(group)) == 1


def test_doors_are_wide_enough_and_their_passage_fills_the_wall(plans):
    for plan in plans:
        for door in plan.doors:
            a, b = (plan.rooms[k].rect for k in door.rooms)
            passage = door.passage(plan.rooms)
            assert door.high - door.low >= NARROWEST_DOOR
            assert min(passage.width, passage.depth) == WALL
            touching = passage.grown(1)
            assert touching.meets(a) and touching.meets(b)
            assert not passage.meets(a) and not passage.meets(b)


def test_both_rooms_of_a_door_have_it_in_their_walls(plans):
    for plan in plans:
        holes = [o for room in plan.openings for o in room if o.kind == "door"]
        assert len(holes) == 2 * len(plan.doors)
        for room, openings in zip(plan.rooms, plan.openings, strict=True):
            for o in openings:
                low, high = room.rect.span(o.side)
                assert low < o.low < o.high < high
                assert 0 <= o.sill < o.top < HEIGHT


def test_openings_of_one_wall_never_overlap(plans):
    for plan in plans:
        for openings in plan.openings:
            for side in SIDES:
                spans = sorted((o.low, o.high) for o in openings if o.side == side)
                assert all(a[1] < b[0] for a, b in zip(spans, spans[1:], strict=False))


def test_windows_and_the_one_entrance_are_in_outer_walls(plans):
    for plan in plans:
        edge = {"south": 0, "west": 0, "north": plan.depth, "east": plan.width}
        entrances = 0
        for room, openings in zip(plan.rooms, plan.openings, strict=True):
            for o in openings:
                if o.kind != "door":
                    assert abs(room.rect.line(o.side) - edge[o.side]) <= WALL
                entrances += o.kind == "entrance"
        assert entrances == 1


def test_nobody_walks_through_a_bath(plans):
    for plan in plans:
        for (kind, _), openings in zip(plan.rooms, plan.openings, strict=True):
            if not KINDS[kind].passable:
                assert sum(o.kind == "door" for o in openings) == 1


def test_a_landing_lies_in_the_middle_of_the_clearance(plans):
    plan = plans[0]
    for room, openings in zip(plan.rooms, plan.openings, strict=True):
        for o in openings:
            x, y = o.landing(room.rect)
            line = room.rect.line(o.side)
            away = abs((y if o.side in ("south", "north") else x) - line)
            assert away == DOOR_CLEARANCE // 2


def test_some_flats_can_be_walked_in_circles(plans):
    loops = [len(plan.doors) - len(plan.rooms) + 1 for plan in plans]
    assert 0 < sum(n > 0 for n in loops) < len(plans)
