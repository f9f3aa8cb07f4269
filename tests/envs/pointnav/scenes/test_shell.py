"""Walls are cut where their openings are, and nothing is left uncovered."""

import numpy as np
import pytest

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.light import NORMALS, draw_light
from uio2_agent.envs.pointnav.scenes.materials import material
from uio2_agent.envs.pointnav.scenes.openings import Door, Opening
from uio2_agent.envs.pointnav.scenes.plan import HEIGHT, SIDES, Rect, Room
from uio2_agent.envs.pointnav.scenes.rooms import KINDS
from uio2_agent.envs.pointnav.scenes.shell import add_doorway, add_room, draw_finish
from uio2_agent.envs.pointnav.scenes.surfaces import Surfaces

ROOM = Room("living", Rect(100, 200, 500, 500))


def built(*openings: Opening) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Triangles (F, 3, 3), their areas as vectors (F, 3), and their materials."""
    surfaces, draws = Surfaces(), Draws(1)
    add_room(surfaces, ROOM, openings, draw_finish(draws, "living"), "wood oak", draws)
    points, faces, _, names, _ = surfaces.lit(draw_light(draws, ROOM.rect, openings))
    corners = points[faces]
    a, b, c = np.moveaxis(corners, 1, 0)
    return corners, np.cross(b - a, c - a) / 2, names


@pytest.mark.parametrize("side", SIDES)
def test_a_wall_faces_the_room_and_misses_only_its_openings(side):
    low, _ = ROOM.rect.span(side)
    openings = (
        Opening("door", side, low + 30, low + 120, 0, 205),
        Opening("window", side, low + 150, low + 250, 90, 225),
    )
    corners, areas, _ = built(*openings)
    axis = 1 if side in ("south", "north") else 0
    on_wall = (corners[:, :, axis] == ROOM.rect.line(side)).all(1)
    towards = areas[on_wall] @ np.array(NORMALS[side])
    # Backs of door frames lie in the same plane, facing the wall; they are never seen.
    length = ROOM.rect.span(side)[1] - low
    assert towards[towards > 0].sum() == length * HEIGHT - 90 * 205 - 100 * 135


def test_floor_and_ceiling_face_each_other_and_reach_into_the_walls():
    corners, areas, _ = built()
    for z, up in ((0, 1), (HEIGHT, -1)):
        level = (corners[:, :, 2] == z).all(1)
        assert (areas[level] @ (0, 0, up) > 0).all()
        flat = corners[level].reshape(-1, 3)
        assert flat[:, 0].min() < 100 and flat[:, 0].max() > 500


def test_a_window_shines_behind_its_wall_and_a_closed_door_does_not():
    window = Opening("window", "north", 200, 300, 90, 225)
    entrance = Opening("entrance", "east", 250, 340, 0, 205)
    corners, areas, names = built(window, entrance)
    sky = np.array([n.startswith("sky") for n in names])
    leaf = np.array([n.startswith("door") for n in names])
    assert (corners[sky][:, :, 1] > 500).all() and (areas[sky][:, 1] < 0).all()
    assert (corners[leaf][:, :, 0] > 500).all() and (areas[leaf][:, 0] < 0).all()


@pytest.mark.parametrize("side", SIDES)
def test_a_recess_shows_its_inside(side):
    low, _ = ROOM.rect.span(side)
    corners, areas, _ = built(Opening("window", side, low + 100, low + 200, 90, 220))
    axis = 1 if side in ("south", "north") else 0
    line = ROOM.rect.line(side)
    away = np.abs(corners[:, :, axis] - line)
    outside = (corners[:, :, axis] - line) * NORMALS[side][axis] < 0
    inside_wall = outside.any(1) & (away <= 10).all(1)
    middle = np.array([0.0, 0.0, 155.0])
    middle[axis], middle[1 - axis] = line, low + 150
    reveals = inside_wall & (away.max(1) > 0.1)  # less are seals
    level = (corners[:, :, 2] == 0).all(1) | (corners[:, :, 2] == HEIGHT).all(1)
    reveals &= ~level
    assert reveals.sum() == 10  # two triangles each: four reveals and the pane
    towards = ((middle - corners[reveals].mean(1)) * areas[reveals]).sum(1)
    assert (towards > 0).all()


def hits(corners: np.ndarray, eye: np.ndarray, point: np.ndarray) -> np.ndarray:
    """How far beyond `point`, in centimetres, the sight line from `eye` meets what faces it."""
    way = (point - eye) / np.linalg.norm(point - eye)
    a, b, c = np.moveaxis(corners, 1, 0)
    normals = np.cross(b - a, c - a)
    towards = normals @ way
    with np.errstate(divide="ignore", invalid="ignore"):
        far = ((a - eye) * normals).sum(1) / towards
        at = eye + far[:, None] * way
        sides = [(np.cross(q - p, at - p) * normals).sum(1) for p, q in ((a, b), (b, c), (c, a))]
    inside = np.all(np.array(sides) >= 0, axis=0) & (towards < 0) & (far > 0)
    return far[inside] - np.linalg.norm(point - eye)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", ["window", "entrance"])
def test_whoever_looks_through_a_seam_of_a_recess_sees_its_seal(side, kind):
    low, high = ROOM.rect.span(side)
    sill, top = (90, 225) if kind == "window" else (0, 205)
    o = Opening(kind, side, low + 60, high - 60, sill, top)
    corners, _, _ = built(o)
    out = -np.array(NORMALS[side], float)
    line = np.array([0.0, 0.0, 0.0])
    axis = 0 if side in ("south", "north") else 1
    line[1 - axis] = ROOM.rect.line(side)
    aside, up = np.eye(3)[axis], np.eye(3)[2]
    middle = (o.low + o.high) / 2
    seams = [(s * aside + z * up, (s - middle) * aside) for s in (o.low, o.high) for z in (60, 190)]
    seams = [(p, away) for p, away in seams if sill < p[2] < top]
    seams += [(s * aside + top * up, up) for s in (o.low + 9, middle + 31)]
    if sill:
        seams += [(s * aside + sill * up, -up) for s in (o.low + 9, middle + 31)]
    eyes = [
        s * aside + 140 * up - back * out for s in (middle - 90, middle + 40) for back in (60, 250)
    ]
    for eye in eyes:
        for place, away in seams:
            in_the_wall = place + line + 1e-3 * away / np.linalg.norm(away)
            behind = hits(corners, eye + line, in_the_wall)
            assert ((behind > 1e-3) & (behind < 2)).any()
        if not sill:
            foot = line + (middle + 7) * aside + 2 * out  # where the door meets the floor
            before = hits(corners, eye + line, foot)
            assert ((before < -1e-3) & (before > -1)).any()


@pytest.mark.parametrize("side", ["east", "north"])
def test_a_doorway_is_lined_all_around(side):
    other = Rect(512, 200, 800, 500) if side == "east" else Rect(100, 512, 500, 800)
    rooms = (ROOM, Room("study", other))
    low = ROOM.rect.span(side)[0] + 50
    door = Door((0, 1), side, low, low + 90, 205)
    surfaces = Surfaces()
    add_doorway(surfaces, rooms, door, "wood painted")
    points, faces, *_ = surfaces.lit(draw_light(Draws(0), ROOM.rect, ()))
    a, b, c = np.moveaxis(points[faces], 1, 0)
    areas, x = np.cross(b - a, c - a) / 2, door.passage(rooms)
    middle = np.array([(x.x0 + x.x1) / 2, (x.y0 + x.y1) / 2, 100])
    assert len(faces) == 8
    assert (((middle - a) * areas).sum(1) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_finish_can_be_painted(kind):
    finishes = {draw_finish(Draws(seed), kind) for seed in range(60)}
    for finish in finishes:
        for name in (finish.floor, finish.wall, finish.lower, finish.skirting):
            material(name)
    assert len(finishes) > (2 if kind == "storage" else 20)
