"""Our own mesh of a scene agrees with the reference's, and is sound whatever stands in it."""

from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.bake import bake_navmesh, bake_triangles
from uio2_agent.envs.pointnav.follower import GreedyFollower
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh, write_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.errors import BadInput

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
BODIES = {"v1": (0.1, 1.5), "v2_noiseless": (0.18, 0.88)}


@pytest.fixture(scope="module", params=BODIES)
def case(request, golden):
    """The two rooms baked for a body, and what the reference says."""
    radius, height = BODIES[request.param]
    settings = NavMeshSettings(agent_radius=radius, agent_height=height)
    scene = load_scene(GOLDEN / "two_rooms.glb")
    return bake_navmesh(scene, settings), golden["configs"][request.param]


def box(low, high, yaw=0.0):
    """Corners (8, 3) of a box turned about its middle, and its faces (12, 3)."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    middle = (np.array(low) + high) / 2
    local = corners * (np.array(high) - low) + low - middle
    turned = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    return local @ turned.T + middle, faces


def soup(*boxes):
    vertices = np.concatenate([v for v, _ in boxes])
    return vertices, np.concatenate([f + 8 * i for i, (_, f) in enumerate(boxes)])


def test_area_and_height_agree(case):
    navmesh, want = case
    assert navmesh.area == pytest.approx(want["navmesh"]["navigable_area"], rel=0.02)
    assert navmesh.num_islands == want["navmesh"]["num_islands"]
    np.testing.assert_allclose(navmesh.triangles()[..., 1], 0.2, atol=1e-6)


def test_geodesics_agree_within_1_percent_and_never_stray_by_5(case):
    navmesh, want = case
    errors = []
    for pair in want["geodesic_pairs"]:
        distance = navmesh.geodesic(pair["start"], pair["end"])
        assert np.isfinite(distance) == pair["found"]
        if pair["found"] and pair["geodesic"] > 0.2:
            errors.append(abs(distance / pair["geodesic"] - 1))
    assert len(errors) > 15 and np.mean(errors) < 0.01 and max(errors) < 0.05


def walk(navmesh, agent, episode):
    """SPL of the follower."""
    place, goal = navmesh.snap(episode["start"]), navmesh.snap(episode["goal"])
    yaw, turn, length = np.radians(episode["yaw_deg"]), np.radians(agent["turn"]), 0.0
    shortest = navmesh.geodesic(place, goal)
    follower = GreedyFollower(
        navmesh, agent["fwd"], agent["turn"], episode["goal_radius"], agent["slide"]
    )
    for _ in range(500):
        action = follower.next_action(place, yaw, goal)
        if action == "stop":
            return shortest / max(shortest, length)
        yaw += {"left": turn, "right": -turn}.get(action, 0.0)
        if action == "forward":
            aim = place - agent["fwd"] * np.array([np.sin(yaw), 0, np.cos(yaw)])
            end = navmesh.try_step(place, aim, agent["slide"])
            length, place = length + float(np.linalg.norm(end - place)), end
    return 0.0


def test_the_oracle_reaches_an_spl_of_95_percent(case):
    navmesh, want = case
    spls = [walk(navmesh, want["agent"], episode) for episode in want["follower_episodes"]]
    assert np.mean(spls) >= 0.95


def test_a_baked_mesh_is_a_file_like_any_other(case, tmp_path):
    navmesh, want = case
    write_navmesh(navmesh, tmp_path / "own.navmesh")
    again = read_navmesh(tmp_path / "own.navmesh")
    assert again.settings == navmesh.settings
    for pair in want["geodesic_pairs"]:
        distance = navmesh.geodesic(pair["start"], pair["end"])
        assert again.geodesic(pair["start"], pair["end"]) == pytest.approx(distance, abs=1e-4)


def test_a_stair_joins_two_storeys():
    steps = [box((-1.9 + 0.3 * k, 0, -1.4), (-1.6 + 0.3 * k, 0.2 * k + 0.18, 0)) for k in range(14)]
    ground, upper = box((-5, -0.2, -5), (5, 0, 5)), box((2.3, 2.6, -5), (5, 2.8, 5))
    navmesh = bake_triangles(*soup(ground, upper, *steps))
    below, above, halfway, under = (
        np.array(navmesh.snap(point))
        for point in ((-4, 0.2, 4), (4, 3, 4), (0.35, 1.5, -0.7), (4, 0.2, 4))
    )
    assert above[1] - below[1] == pytest.approx(2.8, abs=0.01)
    assert navmesh.num_islands == 1 and 12 < navmesh.geodesic(below, above) < 20
    assert halfway[1] == pytest.approx(1.6, abs=0.25)
    assert under[1] == pytest.approx(0.2) and navmesh.geodesic(under, above) > 10


@pytest.mark.parametrize("seed", range(12))
def test_among_any_furniture_the_mesh_is_sound(seed):
    rng = np.random.default_rng(seed)
    boxes = [box((-4, -0.2, -4), (4, 0, 4))]
    for _ in range(rng.integers(3, 40)):
        low = rng.uniform(-4, 4, 3) * (1, 0, 1) + (0, rng.choice([0, 0.1, 0.5, 2.0]), 0)
        boxes.append(box(low, low + rng.uniform(0.02, 2, 3), rng.choice([0, rng.uniform(0, 3)])))
    settings = NavMeshSettings(
        agent_radius=rng.choice([0.0, 0.1, 0.18]), region_min_size=rng.choice([2, 20])
    )
    vertices, faces = soup(*boxes)
    navmesh = bake_triangles(vertices, faces, settings)
    mesh = navmesh.polygons
    for p in range(len(mesh.sizes)):
        for i in range(mesh.sizes[p]):
            other = mesh.neighbours[p, i]
            if other >= 0:  # both sides of an edge know each other and are the same edge
                ends = mesh.corners[p, [i, (i + 1) % mesh.sizes[p]]]
                j = mesh.neighbours[other].tolist().index(p)
                its = mesh.corners[other, [j, (j + 1) % mesh.sizes[other]]]
                shared = mesh.points[ends][:, [0, 2]], mesh.points[its[::-1]][:, [0, 2]]
                np.testing.assert_allclose(*shared)
    for _ in range(20):
        point = navmesh.random_point(rng)
        assert navmesh.is_navigable(point, 0.01)
        far = navmesh.random_point(rng)
        same = navmesh.island_of(point) == navmesh.island_of(far)
        assert np.isfinite(navmesh.geodesic(point, far)) == same


def test_a_scene_without_a_place_to_stand_is_refused():
    with pytest.raises(BadInput, match="without a place to stand"):
        bake_triangles(*soup(box((0, 0, 0), (0.5, 0.5, 0.5))))


def test_baking_is_deterministic():
    scene = load_scene(GOLDEN / "two_rooms.glb")
    one, other = bake_navmesh(scene).polygons, bake_navmesh(scene).polygons
    for name in one._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_without_sliding_no_step_ends_on_a_wall_or_behind_it(case):
    """An agent there would be held, or slip through."""
    navmesh, _ = case
    rng = np.random.default_rng(0)
    place = navmesh.random_point(rng)
    for _ in range(2000):
        angle = rng.uniform(0, 2 * np.pi)
        aim = place + 0.25 * np.array([np.cos(angle), 0, np.sin(angle)])
        place = navmesh.try_step(place, aim, sliding=False)
        assert navmesh.distance_to_wall(place) > 0
