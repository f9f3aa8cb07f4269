"""The grid tells where an agent's middle can be."""

import numpy as np

from uio2_agent.envs.pointnav.scenes.openings import Door
from uio2_agent.envs.pointnav.scenes.plan import Rect, Room
from uio2_agent.envs.pointnav.scenes.walkable import (
    CELL,
    REACH,
    cell_of,
    flat_mask,
    open_cells,
    reached,
)

AREA = Rect(0, 0, 200, 100)


def test_cells_are_open_where_their_middles_are():
    mask = open_cells(AREA, [Rect(20, 20, 180, 80)], [])
    assert mask.shape == (40, 20)
    columns, rows = np.nonzero(mask)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (4, 35, 4, 15)


def test_furniture_takes_its_floor_and_the_agents_reach_around_it():
    mask = open_cells(AREA, [AREA], [Rect(100, 50, 110, 60)])
    columns, rows = np.nonzero(~mask)
    assert CELL * columns.min() == 100 - REACH and CELL * (columns.max() + 1) == 110 + REACH
    assert CELL * rows.min() == 50 - REACH and CELL * (rows.max() + 1) == 60 + REACH


def test_what_a_wall_cuts_off_is_not_reached():
    wall = Rect(100, 0, 105, 100)
    mask = open_cells(AREA, [AREA], [wall])
    found = reached(mask, cell_of(AREA, (10, 50)))
    assert found[: cell_of(AREA, (100 - REACH, 0))[0]].all()
    assert not found[cell_of(AREA, (105 + REACH, 0))[0] :].any()


def test_a_winding_way_is_followed_to_its_end():
    maze = np.zeros((9, 9), np.bool_)
    maze[::2] = True
    maze[1::4, 0] = maze[3::4, -1] = True
    assert (reached(maze, (0, 4)) == maze).all()


def test_a_blind_search_agrees_on_random_grids():
    rng = np.random.default_rng(3)
    for _ in range(20):
        mask = rng.random((12, 17)) < 0.62
        start = tuple(np.argwhere(mask)[0])
        todo, seen = [start], {start}
        while todo:
            i, j = todo.pop()
            for n in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
                if 0 <= n[0] < 12 and 0 <= n[1] < 17 and mask[n] and n not in seen:
                    seen.add(n)
                    todo.append(n)
        assert {tuple(c) for c in np.argwhere(reached(mask, start))} == seen


def test_nothing_is_reached_from_a_closed_cell():
    assert not reached(np.zeros((3, 3), np.bool_), (1, 1)).any()


def test_rooms_are_joined_by_their_door_and_by_nothing_else():
    rooms = (Room("living", Rect(6, 6, 200, 200)), Room("study", Rect(212, 6, 400, 200)))
    area, door = Rect(0, 0, 406, 206), Door((0, 1), "east", 50, 140, 205)
    start, end = cell_of(area, (100, 100)), cell_of(area, (300, 100))
    assert reached(flat_mask(area, rooms, [door], []), start)[end]
    assert not reached(flat_mask(area, rooms, [], []), start)[end]
    assert not reached(flat_mask(area, rooms, [door], [Rect(180, 80, 190, 110)]), start)[end]
