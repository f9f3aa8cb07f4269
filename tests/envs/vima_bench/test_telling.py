"""What the benchmark tells becomes the tabletop's arrays and plain data."""

import json

import numpy as np

from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.vima_bench.telling import (
    describe,
    observation,
    prompt_arrays,
    prompt_assets,
)


def reading_order(raw):
    return Prompt(template=raw.prompt, pictures={}).reading_order


def test_pictures_come_in_reading_order_whatever_order_they_were_made_in(raw):
    assert list(raw.prompt_assets) == ["dragged_obj", "scene"]
    rgb, segm, mask = prompt_arrays(reading_order(raw), raw.prompt_assets)
    assert mask.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    # The toy's scene is 2 in front and 12 from above, its object 1 and 11.
    assert rgb[:3, :, 0, 0, 0].tolist() == [[2, 12], [1, 11], [0, 0]]
    assert segm[:3, :, 0, 0].tolist() == [[2, 12], [1, 11], [255, 255]]


def test_assets_are_plain_data_with_front_before_top(raw):
    assets = prompt_assets(reading_order(raw), raw.prompt_assets)
    assert list(assets) == ["scene", "dragged_obj"]
    assert list(assets["scene"]["rgb"]) == ["front", "top"]
    assert list(assets["scene"]["segm"]) == ["front", "top", "obj_info"]
    alone = {"obj_id": 0, "obj_name": "block", "obj_color": "brick"}
    assert json.loads(json.dumps(assets["scene"]["segm"]["obj_info"])) == [alone]
    assert json.loads(json.dumps(assets["dragged_obj"]["segm"]["obj_info"])) == alone
    assets["scene"]["rgb"]["top"][:] = 0
    assert raw.prompt_assets["scene"]["rgb"]["top"].all()


def test_observations_are_contiguous_so_that_they_can_be_sent_and_hashed(raw):
    told = {**raw.reset(), "ee": np.int64(1)}
    assert not told["rgb"]["top"].flags.c_contiguous
    seen = observation(told)
    assert seen["rgb"]["top"].flags.c_contiguous
    np.testing.assert_array_equal(seen["rgb"]["top"], told["rgb"]["top"])
    assert type(seen["ee"]) is int


def test_objects_are_described_by_plain_data_with_degrees(raw):
    (told,) = raw.meta_info["obj_id_to_info"].values()
    assert json.loads(json.dumps(describe(told))) == {
        "obj_name": "block",
        "obj_symmetry": 45.0,
        "obj_profile": "square-like",
        "obj_kind": "movable",
        "texture_name": "brick",
    }
    assert describe({**told, "obj_symmetry": None})["obj_symmetry"] == 0.0
