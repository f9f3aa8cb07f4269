"""Pictures of the table: who is seen where, with which id, and always the same."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from uio2_agent.envs.tabletop.cameras import project
from uio2_agent.envs.tabletop.catalogue import CONTAINERS, MOVABLES, SHAPES, TEXTURES
from uio2_agent.envs.tabletop.renderer import GROUND_ID, NOTHING_ID, TABLE_ID, Renderer
from uio2_agent.envs.tabletop.scene import Body, yaw_to_quaternion
from uio2_agent.errors import BadInput, UnknownName

RENDERER = Renderer()


def body(shape, obj_id=5, texture="red", x=0.5, y=0.0, z=0.0, degrees=0.0, **more):
    rotation = yaw_to_quaternion(np.deg2rad(degrees))
    return Body(
        obj_id=obj_id, shape=shape, texture=texture, position=(x, y, z), rotation=rotation, **more
    )


SCENE = [
    body("container", 5, "purple swirl", 0.4, 0.3, degrees=30),
    body("letter M", 6, "yellow and blue polka dot", 0.43, 0.09, degrees=200),
    body("cross", 7, "granite", 0.63, -0.155, degrees=10),
    body("bowl", 8, "tiger", 0.4, -0.3),
]


def test_the_empty_table_has_ground_and_sheet_as_measured():
    rgb, segm = RENDERER.render([])
    for view, (top, bottom) in {"top": (1, 127), "front": (35, 125)}.items():
        rows, cols = np.nonzero(segm[view] == TABLE_ID)
        assert abs(rows.min() - top) <= 1 and abs(rows.max() + 1 - bottom) <= 1
        assert abs(cols.min() - 3) <= 1 and abs(cols.max() + 1 - 253) <= 1
        assert set(np.unique(segm[view])) == {GROUND_ID, TABLE_ID}
        assert (rgb[view][:, segm[view] == TABLE_ID] == 48).all()
        assert (rgb[view][:, segm[view] == GROUND_ID] == 239).all()


def test_pictures_have_the_shapes_and_types_of_the_contract():
    rgb, segm = RENDERER.render(SCENE)
    assert list(rgb) == list(segm) == ["front", "top"]
    for view in rgb:
        assert rgb[view].shape == (3, 128, 256) and rgb[view].dtype == np.uint8
        assert segm[view].shape == (128, 256) and segm[view].dtype == np.uint8


def test_segmentation_holds_exactly_the_ids_present():
    _, segm = RENDERER.render(SCENE)
    for picture in segm.values():
        assert set(np.unique(picture)) == {0, 1, 5, 6, 7, 8}


def test_the_empty_background_is_white_and_255():
    rgb, segm = RENDERER.render([body("letter T", 0, "grey")], background="empty")
    for view in rgb:
        assert set(np.unique(segm[view])) == {0, NOTHING_ID}
        assert (rgb[view][:, segm[view] == NOTHING_ID] == 255).all()
    assert (rgb["top"][:, segm["top"] == 0].T == (174, 165, 161)).all()  # (186, 176, 172), lit


def test_the_same_scene_gives_the_same_bytes():
    first, second = RENDERER.render(SCENE), Renderer().render(SCENE)
    for a, b in zip(first, second, strict=True):
        assert all(a[view].tobytes() == b[view].tobytes() for view in a)


def test_earlier_pictures_are_not_overwritten_by_later_ones():
    rgb, _ = RENDERER.render(SCENE)
    before = hashlib.sha256(rgb["top"].tobytes()).digest()
    RENDERER.render([body("bowl")])
    assert hashlib.sha256(rgb["top"].tobytes()).digest() == before


def test_views_can_be_chosen():
    rgb, segm = Renderer(["top"]).render(SCENE)
    assert list(rgb) == list(segm) == ["top"]
    np.testing.assert_array_equal(rgb["top"], RENDERER.render(SCENE)[0]["top"])


CENTRED = [
    n
    for n in (*MOVABLES, *CONTAINERS)
    if SHAPES[n].symmetry < 360 and n not in ("triangle", "pentagon", "star")
]


@pytest.mark.parametrize("name", CENTRED)
@pytest.mark.parametrize(("x", "y"), [(0.5, 0.0), (0.4111, -0.2222), (0.588, 0.3333)])
def test_a_symmetric_body_is_seen_around_its_projected_centre(name, x, y):
    _, segm = RENDERER.render([body(name, x=x, y=y, degrees=17)])
    rows, cols = np.nonzero(segm["top"] == 5)
    assert (cols.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(project("top", x, y), abs=0.6)
    height = SHAPES[name].real[2]
    rows, cols = np.nonzero(segm["front"] == 5)
    middle = (project("front", x, y, height)[1] + project("front", x, y)[1]) / 2
    if name != "bowl":  # its foot is narrower than its rim
        assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(middle, abs=0.6)
    assert cols.mean() + 0.5 == pytest.approx(project("front", x, y)[0], abs=0.6)


@pytest.mark.parametrize(
    "name", ["block", "round", "hexagon", "pentagon", "diamond", "bowl", "disk"]
)
@pytest.mark.parametrize("degrees", [0, 13, 45])
def test_convex_silhouettes_are_solid(name, degrees):
    _, segm = RENDERER.render([body(name, degrees=degrees, x=0.503, y=0.011)])
    for picture in segm.values():
        for line in (*(picture == 5), *(picture == 5).T):
            run = np.flatnonzero(line)
            assert len(run) == 0 or run[-1] - run[0] + 1 == len(run)


@pytest.mark.parametrize(("name", "metres"), [("ring", 0.02), ("frame", 0.06), ("square", 0.07)])
def test_hollow_shapes_show_the_table_inside(name, metres):
    _, segm = RENDERER.render([body(name)])
    radius = int(metres * 251)
    assert (segm["top"][64 - radius : 64 + radius, 128 - radius : 128 + radius] == TABLE_ID).all()


def test_a_taller_body_in_front_hides_what_is_behind_in_the_front_view():
    behind = body("shorter block", 5, "blue", x=0.45)
    hiding = body("block", 6, "red", x=0.53, scale=(1, 1, 3.0))
    alone = RENDERER.render([behind])[1]
    for bodies in ([behind, hiding], [hiding, behind]):
        _, segm = RENDERER.render(bodies)
        assert not (segm["front"] == 5).any()
        assert (segm["top"] == 5).sum() == (alone["top"] == 5).sum()


def test_a_stacked_body_hides_the_one_below_in_the_top_view():
    below, above = body("round", 5), body("container", 6, z=0.03)
    _, segm = RENDERER.render([above, below])
    assert not (segm["top"] == 5).any()


def test_lifting_a_body_moves_it_up_in_the_front_view_only():
    low, high = RENDERER.render([body("block")])[1], RENDERER.render([body("block", z=0.1)])[1]
    np.testing.assert_array_equal(low["top"] == 5, high["top"] == 5)
    rows = [np.nonzero(s["front"] == 5)[0].mean() for s in (low, high)]
    assert rows[0] - rows[1] == pytest.approx(17.8, abs=0.6)


def top_mask(**pose):
    _, segm = RENDERER.render([body(**pose)])
    rows, cols = np.nonzero(segm["top"] == pose.get("obj_id", 5))
    return segm["top"][rows.min() : rows.max() + 1, cols.min() : cols.max() + 1] == 5


def test_letters_read_upright_at_yaw_90_and_lie_to_the_right_at_yaw_0():
    upright = top_mask(shape="letter T", degrees=90)
    assert upright[1].all() and not upright[-2].all()  # the bar is at the upper edge
    right = top_mask(shape="letter T", degrees=0)
    assert right[:, -2].all() and not right[:, 1].all()


def test_yaw_turns_counter_clockwise_seen_from_above():
    """Spec task 3: a reduced yaw is a clockwise turn. The picture looks down on the table."""
    up, left = (top_mask(shape="letter T", degrees=d) for d in (90, 180))
    assert up[1].all() and left[:, 1].all()


def test_scale_stretches_the_body():
    mask = top_mask(shape="small block", scale=(7.0, 7.0, 7.0))
    assert mask.shape == pytest.approx((53, 53), abs=1)


def test_a_tipped_body_is_drawn_tipped():
    flat = body("stand")
    on_edge = replace(flat, rotation=(2**-0.5, 0.0, 0.0, 2**-0.5), position=(0.5, 0.0, 0.27))
    _, segm = RENDERER.render([on_edge])
    rows, cols = np.nonzero(segm["top"] == 5)
    assert np.ptp(cols) <= 4 and np.ptp(rows) == pytest.approx(45, abs=1)


@pytest.mark.parametrize("texture", TEXTURES)
def test_every_texture_shows_in_both_views(texture):
    rgb, segm = RENDERER.render([body("pentagon", texture=texture)])
    table = RENDERER.render([])[0]
    for view in rgb:
        on = segm[view] == 5
        difference = np.abs(rgb[view].astype(int) - table[view])[:, on].sum(0)
        assert np.median(difference) > 15
        assert (rgb[view] == table[view])[:, ~on].all()


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"shape": "teapot"}, UnknownName, "unknown shape 'teapot'"),
        ({"texture": "mauve"}, UnknownName, "unknown texture 'mauve'"),
        ({"obj_id": 256}, BadInput, "obj_id is 256"),
    ],
)
def test_a_body_that_cannot_be_drawn_is_refused(wrong, error, words):
    with pytest.raises(error, match=words):
        RENDERER.render([replace(body("bowl"), **wrong)])


def test_unknown_views_and_backgrounds_are_refused():
    with pytest.raises(UnknownName, match="unknown view 'side'"):
        Renderer(["side"])
    with pytest.raises(UnknownName, match="unknown background 'beach'"):
        RENDERER.render([], background="beach")  # type: ignore[arg-type]
