"""Projection agrees with the measured cameras (vima_bench.md §3.1)."""

import pytest

from uio2_agent.envs.tabletop.cameras import matrix, project, to_table
from uio2_agent.errors import UnknownName
from uio2_agent.interface import VIEWS


def test_workspace_corners_land_where_the_sheet_says():
    assert project("top", 0.25, -0.5) == pytest.approx((2.5, 1.25), abs=0.01)
    assert project("top", 0.75, 0.5) == pytest.approx((253.5, 126.75), abs=0.01)
    assert project("front", 0.25, -0.5) == pytest.approx((2.28, 35.55), abs=0.01)
    assert project("front", 0.75, 0.5) == pytest.approx((253.72, 124.45), abs=0.01)


def test_height_lifts_a_point_in_the_front_view_only():
    assert project("top", 0.5, 0.1, 0.2) == project("top", 0.5, 0.1)
    assert project("front", 0.5, 0.1, 0.1)[1] == pytest.approx(
        project("front", 0.5, 0.1)[1] - 17.77866
    )


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("z", [0.0, 0.05])
def test_a_picture_point_leads_back_to_the_table(view, z):
    col, row = project(view, 0.41, -0.23, z)
    assert to_table(view, col, row, z) == pytest.approx((0.41, -0.23))


def test_depth_shrinks_towards_the_camera():
    assert (matrix("top") @ (0, 0, 1, 1))[2] < (matrix("top") @ (0, 0, 0, 1))[2]
    assert (matrix("front") @ (1, 0, 0, 1))[2] < (matrix("front") @ (0, 0, 0, 1))[2]


def test_an_unknown_view_is_refused():
    with pytest.raises(UnknownName, match="Known: front, top"):
        project("side", 0.5, 0.0)
