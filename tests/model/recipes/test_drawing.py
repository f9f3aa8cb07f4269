"""What is drawn is where the answer says, and nowhere else."""

import numpy as np
import pytest

from uio2_agent.model.recipes import drawing
from uio2_agent.model.recipes.dense import Instance
from uio2_agent.model.recipes.keypoints import JOINTS, Pose
from uio2_agent.model.recipes.regions import Region

GREY = np.full((120, 160, 3), 128, np.uint8)


def changed(picture: np.ndarray) -> np.ndarray:
    assert picture.shape == GREY.shape and picture.dtype == np.uint8
    return (picture != GREY).any(axis=2)


def test_a_box_is_drawn_along_its_edges():
    drawn = changed(drawing.draw_regions(GREY, [Region((40, 50, 100, 110), "dog")]))
    assert drawn[50:110, 40].all() and drawn[50:110, 99].all() and drawn[109, 40:100].all()
    assert not drawn[55:105, 45:95].any() and not drawn[115:].any() and not drawn[:, :35].any()


def test_two_boxes_have_two_colours():
    regions = [Region((10, 60, 50, 110), "a"), Region((90, 60, 140, 110), "b")]
    drawn = drawing.draw_regions(GREY, regions)
    assert (drawn[80, 10] != drawn[80, 90]).any()
    assert len({drawing.colour(i) for i in range(30)}) == 30


@pytest.mark.parametrize(
    "box", [(0, 0, 160, 120), (159, 119, 160, 120), (3, 3, 3, 3), (-9, -9, 900, 900)]
)
@pytest.mark.parametrize("label", ["", "a label that is much wider than the picture it is about"])
def test_boxes_at_the_edges_can_be_drawn(box, label):
    assert changed(drawing.draw_regions(GREY, [Region(box, label)])).any()


def test_seen_joints_are_drawn_and_others_left_out():
    joints: dict = dict.fromkeys(JOINTS)
    pose = Pose((60, 40, 150, 110), joints)
    without = changed(drawing.draw_poses(GREY, [pose]))
    joints.update({"left knee": (80.0, 60.0), "left ankle": (80.0, 100.0), "nose": (120.0, 80.0)})
    drawn = changed(drawing.draw_poses(GREY, [pose]))
    assert drawn[60:100, 80].all() and drawn[80, 120]
    assert not without[45:105, 65:145].any()


def test_a_mask_is_a_veil_over_what_it_covers():
    mask = np.zeros((120, 160), bool)
    mask[60:100, 60:100] = True
    drawn = changed(drawing.draw_masks(GREY, [Instance(Region((50, 50, 110, 110), "x"), mask)]))
    assert drawn[60:100, 60:100].all() and not drawn[55, 55:105].any()


def test_depth_and_normals_become_pictures():
    depth = drawing.depth_picture(np.array([[0.0, 2.0], [4.0, 1.0]], np.float32))
    assert depth[..., 0].tolist() == [[0, 128], [255, 64]] and depth.shape == (2, 2, 3)
    assert (drawing.depth_picture(np.zeros((2, 2), np.float32)) == 0).all()
    normals = np.array([[[1, 0, 0], [0, -1, 0]]], np.float32)
    assert drawing.normals_picture(normals).tolist() == [[[255, 128, 128], [128, 0, 128]]]


def test_pictures_of_other_kinds_can_be_drawn_on():
    float_grey = np.full((30, 40), 0.5, np.float32)
    drawn = drawing.draw_regions(float_grey, [Region((5, 5, 30, 25), "a")])
    assert drawn.shape == (30, 40, 3) and drawn.dtype == np.uint8
    assert (float_grey == 0.5).all()
