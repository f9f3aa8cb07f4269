"""What is over a polygon, how high it is there, and which polygon a point belongs to."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.polygons import (
    closest_on_segment,
    contains,
    height,
    move_inwards,
    navigable,
    project,
    snap,
)

# A ramp from y = 0 to y = 1 over x in 0..2, z in 0..1, and the same floor four metres higher.
RAMP = [(0, 0, 0), (0, 0, 1), (2, 1, 1), (2, 1, 0)]
STOREYS = NavMesh(
    RAMP + [(x, y + 4, z) for x, y, z in RAMP],
    [[0, 1, 2, 3, -1, -1], [4, 5, 6, 7, -1, -1]],
    [[-1] * 6] * 2,
).polygons


def test_inside_is_inside_and_beside_is_not():
    assert contains(STOREYS, 0, 1.0, 0.5)
    assert not contains(STOREYS, 0, 2.1, 0.5) and not contains(STOREYS, 0, 1.0, -0.1)


def test_height_follows_the_surface():
    assert height(STOREYS, 0, 0.5, 0.9) == pytest.approx(0.25)
    assert height(STOREYS, 1, 1.5, 0.1) == pytest.approx(4.75)


@pytest.mark.parametrize("y, storey", [(0.5, 0), (2.0, 0), (3.2, 1), (8.0, 1)])
def test_of_two_storeys_the_one_nearer_in_height_counts(y, storey):
    polygon, x, on, z = project(STOREYS, 1.0, y, 0.5)
    assert polygon == storey and (x, z) == (1.0, 0.5)
    assert on == pytest.approx(0.5 + 4 * storey)


def test_beside_a_polygon_the_nearest_point_of_its_outline_is_taken():
    assert project(STOREYS, 1.0, 0.5, 2.0) == (0, 1.0, pytest.approx(0.5), 1.0)


@pytest.mark.parametrize("point", [(4.1, 0.5, 0.5), (1.0, 0.5, -2.1), (1.0, 9.1, 0.5)])
def test_outside_the_box_of_2_by_4_by_2_metres_nothing_is_found(point):
    assert project(STOREYS, *point)[0] == -1


def test_navigable_is_one_centimetre_in_plan_and_the_given_height():
    assert navigable(STOREYS, 1.0, 0.9, 1.009, 0.5) and not navigable(STOREYS, 1.0, 0.5, 1.02, 0.5)
    assert not navigable(STOREYS, 1.0, 0.9, 0.5, 0.3)


def test_a_snapped_point_lies_inside_by_a_hair():
    polygon, x, y, z = snap(STOREYS, 1.0, 0.5, 2.0)
    assert contains(STOREYS, polygon, x, z) and 1.0 - z == pytest.approx(1e-5, rel=0.1)
    assert snap(STOREYS, 1.2, 0.6, 0.5)[1:] == (1.2, pytest.approx(0.6), 0.5)


def test_inwards_is_towards_the_middle_and_no_further():
    assert move_inwards(STOREYS, 0, 0.0, 0.5, 0.25) == pytest.approx((0.25, 0.5))
    assert move_inwards(STOREYS, 0, 0.0, 0.5, 9.0) == pytest.approx((1.0, 0.5))


def test_a_segment_without_length_is_a_point():
    here = np.zeros(3)
    assert closest_on_segment(here, here, 3.0, 4.0) == (25.0, 0.0)
