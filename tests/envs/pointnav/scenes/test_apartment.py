"""A flat's triangles are closed, wound outwards, the same every time; its rooms can be reached."""

import hashlib

import numpy as np
import pytest

from uio2_agent.envs.pointnav.bake import bake_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.renderer import SceneRenderer
from uio2_agent.envs.pointnav.scenes.apartment import (
    SIZES,
    SPLITS,
    Apartment,
    apartment,
    build_apartment,
    chosen_sizes,
    split_of,
)
from uio2_agent.errors import BadSetting, UnknownName


@pytest.fixture(scope="module")
def flats() -> list[Apartment]:
    return [build_apartment(seed, size) for seed, size in enumerate(SIZES, start=900_000)]


def test_one_size_or_several_may_be_named():
    assert chosen_sizes("small") == ["small"]
    assert chosen_sizes(("large", "small", "large")) == ["large", "small", "large"]
    with pytest.raises(UnknownName, match="'tiny'. Known: large, medium, small"):
        chosen_sizes(["small", "tiny"])
    wrong: list[object] = [[], None, 5, {"small": 1}]
    for bad in wrong:
        with pytest.raises(BadSetting, match="expected one of small, medium, large, or a list"):
            chosen_sizes(bad)


def digest(seed: int, size: str) -> str:
    scene = apartment(seed, size)
    assert scene.colours is not None
    arrays: list[np.ndarray] = [scene.vertices, scene.faces, scene.uv, scene.paint, scene.colours]
    return hashlib.sha256(
        b"".join(a.tobytes() for a in [*arrays, *(t.picture for t in scene.textures)])
    ).hexdigest()


def first_hits(flat: Apartment, eye: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """For each ray (R, 3): does it see the front of what it meets first? False if it meets none."""
    a, b, c = np.moveaxis(flat.scene.triangles.astype(np.float64), 1, 0)
    normal = np.cross(b - a, c - a)
    seen = []
    for ray in rays:
        towards = normal @ ray
        with np.errstate(divide="ignore", invalid="ignore"):
            t = ((a - eye) * normal).sum(1) / towards
            hit = eye + t[:, None] * ray
            inside = t > 1e-9
            for p, q in ((a, b), (b, c), (c, a)):
                inside &= (np.cross(q - p, hit - p) * normal).sum(1) >= -1e-12
        first = np.argmin(np.where(inside, t, np.inf))
        seen.append(bool(inside[first] and towards[first] < 0))
    return np.array(seen)


def test_a_seed_and_a_size_give_the_same_bytes_and_others_give_others():
    assert digest(5, "small") == digest(5, "small")
    assert len({digest(s, z) for s in (5, 6) for z in ("small", "medium")}) == 4


@pytest.mark.parametrize(
    ("seed", "size", "planned"),
    [
        (0, "small", "0a4ded924d416f1b"),
        (7, "medium", "56c0c68358c83394"),
        (900_000, "large", "b55342cf7c179e92"),
    ],
)
def test_plan_and_furniture_are_the_same_on_every_platform(seed, size, planned):
    flat = build_apartment(seed, size)
    placed = [(p.piece.name, p.x, p.y, p.turns) for room in flat.furniture for p in room]
    said = repr((flat.plan.rooms, flat.plan.doors, flat.plan.openings, placed))
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == planned


def landings(flat: Apartment) -> np.ndarray:
    """World points (n, 3) on the floor before every door, in every room."""
    return (
        np.array(
            [
                (x - flat.plan.width / 2, 0, flat.plan.depth / 2 - y)
                for room, openings in zip(flat.plan.rooms, flat.plan.openings, strict=True)
                for x, y in (o.landing(room.rect) for o in openings if o.kind == "door")
            ]
        )
        / 100
    )


@pytest.mark.parametrize(("height", "radius"), [(1.5, 0.1), (0.88, 0.18)])
def test_both_kinds_of_agents_reach_every_room(flats, height, radius):
    settings = NavMeshSettings(agent_height=height, agent_radius=radius)
    for flat in flats:
        mesh = bake_navmesh(flat.scene, settings)
        first, *rest = landings(flat) + (0, 0.2, 0)
        assert all(np.isfinite(mesh.geodesic(first, [point])) for point in rest)
        assert mesh.area > flat.free_area


def test_no_pixel_looks_out_of_the_flat(flats):
    for flat in flats:
        renderer = SceneRenderer(flat.scene, 96, 96, 90)
        for i, eye in enumerate(landings(flat) + (0, 1.25, 0)):
            half = 0.7 * i
            _, depth = renderer.render(eye, (0, np.sin(half), 0, np.cos(half)))
            assert (depth > 0).all()


def test_every_ray_from_every_room_meets_a_front_face(flats):
    rng = np.random.default_rng(0)
    for flat in flats:
        for eye in landings(flat) + (0, 1.25, 0):
            rays = rng.normal(size=(12, 3))
            assert first_hits(flat, eye + rng.normal(0, 0.003, 3), rays).all(), flat.size


def test_vertices_lie_about_the_origin_between_floor_and_ceiling(flats):
    for flat in flats:
        low, high = flat.scene.bounds
        assert low[1] == 0 and high[1] == np.float32(2.6)
        size = np.array([flat.plan.width, flat.plan.depth]) / 100
        np.testing.assert_allclose((high - low)[[0, 2]], size, atol=0.2)
        np.testing.assert_allclose((high + low)[[0, 2]], 0, atol=0.1)


def test_sizes_differ_as_they_say(flats):
    triangles = {size: [len(f.scene.faces) for f in flats if f.size == size] for size in SIZES}
    rooms = {size: [len(f.plan.rooms) for f in flats if f.size == size] for size in SIZES}
    assert 2_000 < min(triangles["small"]) < max(triangles["large"]) < 13_000
    assert set(rooms["small"]) <= {3, 4}
    assert set(rooms["medium"]) <= {5, 6, 7}
    assert set(rooms["large"]) <= {8, 9}


def test_a_good_part_of_the_floor_can_be_walked_on(flats):
    for flat in flats:
        floor = sum(room.rect.area for room in flat.plan.rooms) / 10_000
        assert 0.2 * floor < flat.free_area < 0.8 * floor


def test_light_is_baked_into_corners_and_never_out_of_range(flats):
    for flat in flats:
        colours = flat.scene.colours
        assert colours.min() >= 0 and colours.max() <= 1
        assert colours.std() > 0.05  # neither flat nor burnt out
        assert (colours.max(0) == 1).all()  # windows and lamps shine


def test_no_triangle_is_empty(flats):
    for flat in flats:
        a, b, c = np.moveaxis(flat.scene.triangles.astype(np.float64), 1, 0)
        assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 1e-7


def test_splits_never_share_a_seed_and_hold_thousands():
    names = [split_of(seed) for seeds in SPLITS.values() for seed in (seeds[0], seeds[-1])]
    assert names == ["train", "train", "val", "val", "test", "test"]
    assert min(len(seeds) for seeds in SPLITS.values()) >= 10_000
    ordered = list(SPLITS.values())
    assert all(a.stop <= b.start for a, b in zip(ordered, ordered[1:], strict=False))


@pytest.mark.parametrize("seed", [-1, SPLITS["test"].stop])
def test_a_seed_of_no_split_is_refused(seed):
    with pytest.raises(BadSetting, match="scene seed"):
        apartment(seed)


def test_an_unknown_size_is_refused_with_the_known_ones():
    with pytest.raises(UnknownName, match="small"):
        apartment(0, "tiny")
