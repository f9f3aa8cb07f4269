"""Distances, moves and places of a supplied mesh are those the reference gave for it."""

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.errors import BadInput, BadShape

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
CONFIGS = {"v1": "two_rooms_v1.navmesh", "v2_noiseless": "two_rooms_v2.navmesh"}


@pytest.fixture(params=CONFIGS)
def case(request, golden):
    """A mesh and what the reference says about it."""
    return read_navmesh(GOLDEN / CONFIGS[request.param]), golden["configs"][request.param]


def squares(*corners, links=()):
    """Unit squares with their lowest x, z corner at `corners`, y = 0; `links` name neighbours."""
    points = [(x + i, 0.0, z + j) for x, z in corners for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]
    rows = [[4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3, -1, -1] for p in range(len(corners))]
    across = np.full((len(corners), 6), -1)
    for polygon, side, other in links:
        across[polygon, side] = other
    return NavMesh(points, rows, across)


TWO_JOINED_ONE_APART = squares((0, 0), (1, 0), (1.5, 0), links=[(0, 2, 1), (1, 0, 0)])


def test_geodesics_and_paths_agree_to_a_tenth_of_a_millimetre(case):
    navmesh, want = case
    for pair in want["geodesic_pairs"]:
        path = navmesh.path(pair["start"], pair["end"])
        if not pair["found"]:
            assert path.distance == np.inf and path.points.shape == (0, 3) and path.goal == -1
            continue
        assert path.distance == pytest.approx(pair["geodesic"], abs=1e-4)
        np.testing.assert_allclose(path.points, pair["path"], atol=1e-4)


def test_what_is_navigable_and_where_points_snap_to_agree(case):
    navmesh, want = case
    for pair in want["geodesic_pairs"]:
        for end in ("start", "end"):
            assert navmesh.is_navigable(pair[end]) == pair[f"{end}_navigable"]
            snapped = navmesh.snap(pair[end])
            if snapped is None:
                assert np.isnan(np.array(pair[f"{end}_snapped"], float)).all()
            else:
                np.testing.assert_allclose(snapped, pair[f"{end}_snapped"], atol=1e-4)


def test_of_several_goals_the_nearest_by_path_counts(case):
    navmesh, want = case
    several = want["multi_goal"]
    path = navmesh.path(several["start"], several["ends"])
    assert path.distance == pytest.approx(several["geodesic"], abs=1e-4)
    assert path.goal == several["closest"]


@pytest.mark.parametrize("sliding, name", [(True, "try_step"), (False, "try_step_no_sliding")])
def test_moves_end_where_the_references_end(case, sliding, name):
    navmesh, want = case
    for move in want["moves"]:
        end = navmesh.try_step(move["start"], move["end"], sliding)
        np.testing.assert_allclose(end, move[name], atol=1e-4)


def test_action_sequences_collide_where_the_references_do(case):
    navmesh, want = case
    forward, sliding, knife_edges = want["agent"]["fwd"], want["agent"]["slide"], 0
    for sequence in want["action_sequences"]:
        steps = sequence["steps"]
        for before, after in zip(steps, steps[1:], strict=False):
            if after["a"] != 1:
                continue
            position, yaw = np.array(before["p"]), 2 * np.arctan2(before["q"][1], before["q"][3])
            aim = position + forward * np.array([-np.sin(yaw), 0, -np.cos(yaw)])
            end = navmesh.try_step(position, aim, sliding)
            moved, intended = (((p - position) ** 2).sum() for p in (end, aim))
            same = (moved + 1e-5 < intended) == after["col"]
            if not same or np.abs(end - after["p"]).max() > 1e-4:
                # Float32 decides about steps that start exactly on a wall (`about.knife_edge`).
                assert not sliding and navmesh.distance_to_wall(position) < 1e-5
                knife_edges += 1
            distance = navmesh.geodesic(after["p"], sequence["goal"])
            assert distance == pytest.approx(after["d2g"], abs=1e-4)
    assert knife_edges <= 1


def test_area_islands_and_wall_distances_agree(case):
    navmesh, want = case
    about = want["navmesh"]
    assert navmesh.area == pytest.approx(about["navigable_area"], abs=1e-4)
    assert navmesh.num_islands == about["num_islands"] == 1
    assert navmesh.island_area(0) == pytest.approx(about["island_areas"][0], abs=1e-4)
    somewhere = want["geodesic_pairs"][0]["start"]
    assert navmesh.island_radius(somewhere) == pytest.approx(about["island_radii"][0], abs=1e-4)
    for wall in want["obstacle_distance"]:
        distance = navmesh.distance_to_wall(wall["point"], wall["max_radius"])
        assert distance == pytest.approx(wall["distance"], abs=1e-4)


def test_its_triangles_are_those_of_the_reference(case):
    navmesh, want = case
    triangles = np.array(want["navmesh"]["triangles"]).reshape(-1, 3, 3)
    ours, theirs = (t.mean(axis=1)[None] for t in (navmesh.triangles(), triangles))
    away = np.linalg.norm(ours - theirs.swapaxes(0, 1), axis=-1)
    assert away.shape == (len(triangles),) * 2 and away.min(axis=0).max() < 1e-4
    assert away.min(axis=1).max() < 1e-4


def test_seen_from_above_it_covers_what_the_reference_says(case):
    navmesh, want = case
    about = want["navmesh"]["topdown_0.05m"]
    packed = np.frombuffer(zlib.decompress(base64.b64decode(about["zlib_b64_packbits"])), np.uint8)
    bits = np.unpackbits(packed)[: np.prod(about["shape"])].reshape(about["shape"]).astype(bool)
    grid = navmesh.topdown(about["height"], 0.05, about["eps"])
    assert grid.shape == bits.shape
    assert (grid != bits).sum() <= 1  # one sample lies on the 1 cm limit


def test_islands_are_not_reached_and_not_entered():
    mesh = squares((0, 0), (2, 0))
    a, b = (0.5, 0, 0.5), (2.5, 0, 0.5)
    assert mesh.num_islands == 2 and mesh.island_of(a) == 0 and mesh.island_of(b) == 1
    assert mesh.geodesic(a, b) == np.inf
    np.testing.assert_array_equal(mesh.try_step(a, b), a)


def test_the_nearest_of_two_goals_may_be_on_another_island():
    mesh = squares((0, 0), (1.2, 0))
    path = mesh.path((0.9, 0, 0.5), [(1.3, 0, 0.5), (0.1, 0, 0.5)])
    assert path.goal == 1 and path.distance == pytest.approx(0.8)


def test_far_from_the_mesh_there_is_no_answer():
    mesh, away = squares((0, 0)), (9.0, 0.0, 9.0)
    assert mesh.snap(away) is None and mesh.island_of(away) == -1
    assert mesh.island_radius(away) == 0.0 and np.isnan(mesh.distance_to_wall(away))
    assert not mesh.is_navigable(away) and mesh.geodesic(away, (0.5, 0, 0.5)) == np.inf


def test_random_points_lie_on_the_mesh_in_proportion_to_area(case):
    navmesh, _ = case
    rng = np.random.default_rng(0)
    points = [navmesh.random_point(rng) for _ in range(400)]
    assert all(navmesh.is_navigable(p, 1e-3) for p in points)
    triangles = navmesh.triangles()
    left = triangles.mean(axis=1)[:, 0] < 0
    edges = triangles[:, 1:] - triangles[:, :1]
    areas = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    assert np.mean([p[0] < 0 for p in points]) == pytest.approx(
        areas[left].sum() / areas.sum(), abs=0.1
    )


def test_random_points_repeat_with_their_generator_and_keep_to_an_island():
    mesh = squares((0, 0), (3, 0))
    one, other = (mesh.random_point(np.random.default_rng(5), island=1) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert mesh.island_of(one) == 1
    with pytest.raises(BadInput, match="0 to 1"):
        mesh.random_point(np.random.default_rng(5), island=2)


def test_polygons_switched_off_do_not_exist():
    links = [(0, 2, 1), (1, 0, 0)]
    whole = squares((0, 0), (1, 0), links=links)
    polygons = whole.polygons
    half = NavMesh(polygons.points, polygons.corners, polygons.neighbours, walkable=[True, False])
    assert whole.area == 2.0 and half.area == 1.0 and len(half.triangles()) == 2
    assert half.distance_to_wall((0.9, 0, 0.5)) == pytest.approx(0.1)
    assert whole.distance_to_wall((0.9, 0, 0.5)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "change, error",
    [
        ({"points": np.zeros((4, 2))}, BadShape),
        ({"points": np.full((4, 3), np.nan)}, BadInput),
        ({"corners": [[0, 1, 2, 9, -1, -1]]}, BadInput),
        ({"corners": [[0, 1, -1, -1, -1, -1]]}, BadInput),
        ({"corners": [[0, -1, 1, 2, -1, -1]]}, BadInput),
        ({"corners": np.empty((0, 6)), "neighbours": np.empty((0, 6))}, BadInput),
        ({"neighbours": [[7, -1, -1, -1, -1, -1]]}, BadInput),
        ({"neighbours": [[-1, -1, -1]]}, BadShape),
        ({"surface": [[0, 1, 9]], "surface_start": [0, 1]}, BadInput),
        ({"surface": [[0, 1, 2]], "surface_start": [0, 2]}, BadInput),
        ({"walkable": [False]}, BadInput),
        ({"walkable": [True, True]}, BadShape),
        ({"bounds": [[1, 1, 1], [0, 0, 0]]}, BadInput),
    ],
)
def test_arrays_that_are_no_mesh_are_refused(change, error):
    arrays: dict[str, Any] = {
        "points": [(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 0, 0)],
        "corners": [[0, 1, 2, 3, -1, -1]],
        "neighbours": [[-1] * 6],
    }
    assert NavMesh(**arrays).area == 1.0
    with pytest.raises(error):
        NavMesh(**arrays | change)


@pytest.mark.parametrize("point", [(0, 0), (0, np.nan, 0), 5.0])
def test_points_that_are_none_are_refused(point):
    with pytest.raises(BadInput):
        TWO_JOINED_ONE_APART.snap(point)
