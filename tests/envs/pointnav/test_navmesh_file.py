"""What is written is read back; what is broken is said to be, never crashed on."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh, write_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.errors import BadInput, BadScene, CannotWrite

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
V1 = (GOLDEN / "two_rooms_v1.navmesh").read_bytes()
SETTINGS_AT, TILE_AT = 40, 96  # bytes before them


@pytest.fixture(params=["v1", "v2"])
def navmesh(request):
    return read_navmesh(GOLDEN / f"two_rooms_{request.param}.navmesh")


def test_settings_and_bounds_come_with_the_mesh():
    mesh = read_navmesh(GOLDEN / "two_rooms_v2.navmesh")
    assert mesh.settings == NavMeshSettings(agent_radius=0.18, agent_height=0.88)
    np.testing.assert_allclose(mesh.bounds[0], (-4.2, 0, -3.2), atol=1e-5)


def test_a_mesh_survives_being_written(navmesh, tmp_path):
    path = tmp_path / "again.navmesh"
    write_navmesh(navmesh, path)
    again = read_navmesh(path)
    for name in navmesh.polygons._fields:
        np.testing.assert_array_equal(
            getattr(again.polygons, name), getattr(navmesh.polygons, name), err_msg=name
        )
    assert again.settings == navmesh.settings
    np.testing.assert_array_equal(again.walkable, navmesh.walkable)
    np.testing.assert_array_equal(again.bounds, navmesh.bounds)


def test_what_the_reference_stores_is_stored_byte_for_byte(navmesh, tmp_path):
    """Except what it rebuilds when it reads: links (after the polygons) and the search tree."""
    path = tmp_path / "again.navmesh"
    write_navmesh(navmesh, path)
    ours = path.read_bytes()
    name = "v1" if navmesh.settings.agent_radius == 0.1 else "v2"
    theirs = (GOLDEN / f"two_rooms_{name}.navmesh").read_bytes()
    assert ours[: TILE_AT - 4] == theirs[: TILE_AT - 4]
    assert ours[TILE_AT : TILE_AT + 4] == theirs[TILE_AT : TILE_AT + 4]  # the tile's reference
    polygons, vertices = struct.unpack_from("<2i", theirs, TILE_AT + 8 + 24)
    rows = TILE_AT + 8 + 100 + 12 * vertices
    for p in range(polygons):
        a, b = (data[rows + 32 * p + 4 : rows + 32 * p + 32] for data in (ours, theirs))
        n = a[26]
        assert a[: 2 * n] + a[12 : 12 + 2 * n] + a[24:] == b[: 2 * n] + b[12 : 12 + 2 * n] + b[24:]


def test_points_of_a_surface_that_are_no_corners_survive(tmp_path):
    points = [(0, 0, 0), (0, 0, 2), (2, 0, 2), (2, 0, 0), (1, 0.25, 1)]
    surface = [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)]
    hill = NavMesh(points, [[0, 1, 2, 3, -1, -1]], [[-1] * 6], surface, [0, 4])
    write_navmesh(hill, tmp_path / "hill.navmesh")
    again = read_navmesh(tmp_path / "hill.navmesh")
    np.testing.assert_array_equal(again.polygons.surface, hill.polygons.surface)
    assert np.array(again.snap((1, 0, 1)))[1] == pytest.approx(0.25)
    assert np.array(again.snap((0.5, 0, 1)))[1] == pytest.approx(0.125)


def test_version_1_has_no_settings(tmp_path):
    old = V1[:4] + struct.pack("<i", 1) + V1[8:SETTINGS_AT] + V1[TILE_AT:]
    (tmp_path / "old.navmesh").write_bytes(old)
    mesh = read_navmesh(tmp_path / "old.navmesh")
    assert mesh.settings is None and mesh.area == pytest.approx(36.53125, abs=1e-4)


@pytest.mark.parametrize(
    "at, value, says",
    [
        (0, b"GLTF", "no .navmesh file"),
        (4, struct.pack("<i", 3), "version 3"),
        (8, struct.pack("<i", 2), "2 tiles"),
        (SETTINGS_AT, struct.pack("<f", -1), "cell_size"),
        (TILE_AT + 4, struct.pack("<i", 5), "not as long"),
        (TILE_AT + 8, b"....", "another kind"),
        (TILE_AT + 8 + 24, struct.pack("<i", 10**9), "ends within its polygons"),
        (TILE_AT + 8 + 28, struct.pack("<i", -1), "ends within its vertices"),
        (TILE_AT + 8 + 100, struct.pack("<f", np.nan), "not finite"),
    ],
)
def test_broken_files_are_named_with_what_is_wrong(tmp_path, at, value, says):
    path = tmp_path / "broken.navmesh"
    path.write_bytes(V1[:at] + value + V1[at + len(value) :])
    with pytest.raises(BadScene, match=says) as caught:
        read_navmesh(path)
    assert "broken.navmesh" in str(caught.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(BadScene, match="cannot be read"):
        read_navmesh(tmp_path / "none.navmesh")


@settings(deadline=None, max_examples=60)
@given(
    cut=st.integers(0, len(V1)),
    changes=st.lists(st.tuples(st.integers(0, len(V1) - 1), st.integers(0, 255)), max_size=8),
)
def test_damaged_bytes_are_refused_or_make_a_mesh(tmp_path_factory, cut, changes):
    data = bytearray(V1)
    for at, value in changes:
        data[at] = value
    path = tmp_path_factory.mktemp("fuzz") / "damaged.navmesh"
    path.write_bytes(data[:cut] if cut % 3 == 0 else data)
    try:
        mesh = read_navmesh(path)
    except BadScene:
        return
    mesh.geodesic(mesh.triangles()[0].mean(axis=0), mesh.triangles()[-1].mean(axis=0))


def test_more_polygons_than_a_tile_can_number_are_refused(tmp_path):
    many = 32_767
    corners = np.tile([0, 1, 2, -1, -1, -1], (many, 1))
    mesh = NavMesh([(0, 0, 0), (0, 0, 1), (1, 0, 0)], corners, np.full((many, 6), -1))
    with pytest.raises(BadInput, match="32767 polygons"):
        write_navmesh(mesh, tmp_path / "many.navmesh")


def test_where_nothing_can_be_written_it_says_so(navmesh, tmp_path):
    with pytest.raises(CannotWrite):
        write_navmesh(navmesh, tmp_path / "no" / "such" / "folder.navmesh")
