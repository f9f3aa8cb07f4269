"""Where things may stand."""

import itertools
import math

import numpy as np
import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.sampler import COLUMNS, PIXEL, ROWS, FreeSpace, Placer, pixel_xy
from uio2_agent.envs.tabletop.scene import Body, yaw_to_quaternion
from uio2_agent.errors import SceneUnsolvable

ONE = (1.0, 1.0, 1.0)


def body(shape="block", x=0.5, y=0.0, yaw=0.0, scale=ONE):
    return Body(
        obj_id=5,
        shape=shape,
        texture="red",
        position=(x, y, 0.0),
        rotation=yaw_to_quaternion(yaw),
        scale=scale,
    )


def spots(room):
    return np.stack(pixel_xy(*np.nonzero(room)), axis=1)


def test_an_empty_table_keeps_half_a_diagonal_from_its_edge():
    where = spots(FreeSpace().room_for("block", ONE))
    half = math.hypot(0.07, 0.07) / 2
    low, high = where.min(0) - (0.25, -0.5), (0.75, 0.5) - where.max(0)
    assert np.all(low >= half) and np.all(low < half + 3 * PIXEL)
    assert np.all(high >= half - PIXEL) and np.all(high < half + 3 * PIXEL)


def test_a_new_object_stays_off_a_turned_one():
    space = FreeSpace()
    space.take(body("pallet", yaw=math.pi / 4))
    where = spots(space.room_for("block", ONE)) - (0.5, 0.0)
    # In the pallet's own frame: along its length and its width.
    turned = where @ np.array([[1, -1], [1, 1]]) / math.sqrt(2)
    inside = (abs(turned[:, 0]) < 0.105 + 0.034) & (abs(turned[:, 1]) < 0.0875 + 0.034)
    assert len(where) > 1000
    assert not inside.any()


def test_nothing_is_put_into_a_hollow_frame():
    space = FreeSpace()
    space.take(body("square"))
    where = spots(space.room_for("small block", ONE)) - (0.5, 0.0)
    assert abs(where).max(1).min() > 0.12


def test_the_side_of_the_pans_handle_is_taken():
    space = FreeSpace()
    space.take(body("pan", yaw=math.pi / 2))  # the handle points to +y
    room = space.room_for("small block", ONE)
    free = {tuple(xy) for xy in spots(room).round(6).tolist()}
    assert (0.5, -0.15) in free
    assert (0.5, 0.15) not in free


def test_a_larger_container_needs_more_room():
    free = FreeSpace()
    larger = (17 / 15, 17 / 15, 1.0)
    assert free.room_for("container", larger).sum() < free.room_for("container", ONE).sum()


def test_points_to_keep_away_from_are_kept_away_from():
    where = spots(FreeSpace().room_for("block", ONE, [((0.5, 0.1), 0.2)]))
    assert np.hypot(*(where - (0.5, 0.1)).T).min() > 0.2


def test_placed_objects_do_not_overlap():
    for seed in range(20):
        placer = Placer(Draws(seed))
        placed = [placer.place(body("letter T")) for _ in range(3)]
        for a, b in itertools.combinations(placed, 2):
            assert max(abs(a.xy[0] - b.xy[0]), abs(a.xy[1] - b.xy[1])) > 0.1


def test_positions_lie_on_the_grid_and_yaws_are_of_all_sorts():
    placed = [Placer(Draws(seed)).place(body()) for seed in range(400)]
    grid = np.array([[(b.xy[0] - 0.25) / PIXEL, (b.xy[1] + 0.5) / PIXEL] for b in placed])
    np.testing.assert_allclose(grid, grid.round(), atol=1e-6)
    yaws = np.array([b.yaw for b in placed]) % (2 * math.pi)
    assert np.histogram(yaws, 4, (0, 2 * math.pi))[0].min() > 60
    assert np.histogram(grid[:, 1], 4, (0, COLUMNS))[0].min() > 60


def test_a_full_table_says_so():
    placer = Placer(Draws(0))
    with pytest.raises(SceneUnsolvable, match="red pan"):
        for _ in range(20):
            placer.place(body("pan"))


def test_the_map_has_one_pixel_per_3125_micrometres():
    assert FreeSpace().room_for("block", ONE).shape == (ROWS, COLUMNS) == (160, 320)


def test_a_tight_place_needs_no_more_room_than_the_thing_itself():
    row = [(0.5, y) for y in (-0.25, 0.0, 0.25)]
    for seed in range(30):
        placer = Placer(Draws(seed))
        for x, y in row:
            placer.put(body("letter T", x, y))
        with pytest.raises(SceneUnsolvable):
            placer.place(body("flower"))
        x, y = placer.place(body("flower"), tight=True).xy
        half_diagonal = 0.108 / math.sqrt(2)
        assert half_diagonal < x - 0.25 < 0.5 - half_diagonal and abs(y) < 0.5 - half_diagonal
        assert min(max(abs(x - a), abs(y - b)) for a, b in row) > 0.054 + half_diagonal
