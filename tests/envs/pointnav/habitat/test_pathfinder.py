"""The pathfinder's names and types are ours; points are single precision on the other side."""

from types import SimpleNamespace

import numpy as np
import pytest

from uio2_agent.envs.pointnav.habitat.pathfinder import HabitatPathfinder
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.errors import BadInput

CONFIGS = {"v1": "v1", "v2": "v2_noiseless"}


@pytest.fixture(params=[("v1", "0.3.4"), ("v2", "0.3.4"), ("v1", "0.2.5")])
def both(request, golden, scenes, double):
    """The pathfinder of a body in a release, and what the reference answered for it."""
    task, release = request.param
    module = double(release)
    raw = module.PathFinder(read_navmesh(scenes(task) / "two_rooms.navmesh"), module.give)
    return HabitatPathfinder(module, raw), golden["configs"][CONFIGS[task]]


def test_distances_and_ways_are_the_references(both):
    pathfinder, golden = both
    for pair in golden["geodesic_pairs"]:
        want = np.inf if not pair["found"] else pair["geodesic"]
        start, end = pair["start"], pair["end"]
        assert pathfinder.geodesic(start, end) == pytest.approx(want, abs=1e-4)
        way = pathfinder.path(start, end)
        assert way.distance == pytest.approx(want, abs=1e-4)
        assert way.points.shape == (len(pair["path"]), 3)
        assert pathfinder.is_navigable(start) == pair["start_navigable"]


def test_of_several_goals_the_nearest_counts(both):
    pathfinder, golden = both
    several = golden["multi_goal"]
    distance = pathfinder.geodesic(several["start"], several["ends"])
    assert distance == pytest.approx(several["geodesic"], abs=1e-4)


def test_moves_are_the_references_with_and_without_sliding(both):
    pathfinder, golden = both
    for way in golden["moves"]:
        for sliding, name in ((True, "try_step"), (False, "try_step_no_sliding")):
            place = pathfinder.try_step(way["start"], way["end"], sliding)
            np.testing.assert_allclose(place, way[name], atol=1e-4)


def test_points_far_away_snap_to_nothing(both):
    pathfinder, golden = both
    assert pathfinder.snap([90, 0, 0]) is None
    pair = golden["geodesic_pairs"][0]
    np.testing.assert_allclose(pathfinder.snap(pair["start"]), pair["start_snapped"], atol=1e-4)


def test_walls_islands_and_area_are_told_as_numbers(both):
    pathfinder, golden = both
    for place in golden["obstacle_distance"]:
        distance = pathfinder.distance_to_wall(place["point"], place["max_radius"])
        assert distance == pytest.approx(place["distance"], abs=1e-4)
    mesh = golden["navmesh"]
    assert pathfinder.area == pytest.approx(mesh["navigable_area"], abs=1e-3)
    radius = pathfinder.island_radius(golden["geodesic_pairs"][0]["start_snapped"])
    assert radius == pytest.approx(mesh["island_radii"][0], abs=1e-3)


def test_random_points_lie_on_the_mesh_and_come_from_our_generator(both):
    pathfinder, _ = both
    draws = [pathfinder.random_point(np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(*draws)
    rng = np.random.default_rng(0)
    assert all(pathfinder.is_navigable(pathfinder.random_point(rng)) for _ in range(50))


def test_a_large_triangle_gets_more_random_points_than_a_small_one(fake):
    corners = [(0, 0, 0), (3, 0, 0), (0, 0, 3), (10, 0, 0), (11, 0, 0), (10, 0, 1)]
    raw = SimpleNamespace(build_navmesh_vertices=lambda: corners, snap_point=tuple)
    pathfinder = HabitatPathfinder(fake, raw)
    rng = np.random.default_rng(0)
    points = np.array([pathfinder.random_point(rng) for _ in range(1000)])
    large = points[points[:, 0] < 5]
    assert len(large) == pytest.approx(900, abs=40)
    np.testing.assert_allclose(large.mean(axis=0), [1, 0, 1], atol=0.1)


def test_a_mesh_without_area_is_named(fake):
    raw = SimpleNamespace(build_navmesh_vertices=lambda: [(0, 0, 0)] * 3)
    with pytest.raises(BadInput, match="without area"):
        HabitatPathfinder(fake, raw).random_point(np.random.default_rng(0))
