"""What the benchmark tells of an episode, in the tabletop's form: arrays and plain data."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from uio2_agent.envs.tabletop.catalogue import SHAPES, Profile
from uio2_agent.interface import IMAGE_HEIGHT, IMAGE_WIDTH, PROMPT_SLOTS, VIEWS

_PROFILES = {
    "SQUARE_LIKE": Profile.SQUARE,
    "CIRCLE_LIKE": Profile.CIRCLE,
    "UNDETERMINED": Profile.UNDETERMINED,
}


def observation(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The benchmark's own part of an observation: `rgb`, `segm`, `ee`."""
    return {
        "rgb": {view: np.ascontiguousarray(raw["rgb"][view]) for view in VIEWS},
        "segm": {view: np.ascontiguousarray(raw["segm"][view]) for view in VIEWS},
        "ee": int(raw["ee"]),
    }


def prompt_arrays(
    reading_order: tuple[str, ...], assets: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures in reading order, empty slots black and all background.

    Returns:
        rgb uint8 (8, 2, 3, 128, 256), segm uint8 (8, 2, 128, 256), mask int8 (8,); axis 1 is
        (front, top).
    """
    size = (IMAGE_HEIGHT, IMAGE_WIDTH)
    rgb = np.zeros((PROMPT_SLOTS, len(VIEWS), 3, *size), np.uint8)
    segm = np.full((PROMPT_SLOTS, len(VIEWS), *size), 255, np.uint8)
    mask = np.zeros(PROMPT_SLOTS, np.int8)
    for slot, name in enumerate(reading_order):
        for v, view in enumerate(VIEWS):
            rgb[slot, v] = assets[name]["rgb"][view]
            segm[slot, v] = assets[name]["segm"][view]
        mask[slot] = 1
    return rgb, segm, mask


def prompt_assets(reading_order: tuple[str, ...], assets: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in reading order, its views as (front, top), its objects as plain data."""
    return {name: _asset(assets[name]) for name in reading_order}


def _asset(asset: Mapping[str, Any]) -> dict[str, Any]:
    told = asset["segm"]["obj_info"]
    objects = _plain(told) if isinstance(told, Mapping) else [_plain(one) for one in told]
    return {
        "placeholder_type": str(asset["placeholder_type"]),
        "rgb": {view: np.array(asset["rgb"][view], order="C") for view in VIEWS},
        "segm": {
            **{view: np.array(asset["segm"][view], order="C") for view in VIEWS},
            "obj_info": objects,
        },
    }


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "obj_id": int(told["obj_id"]),
        "obj_name": str(told["obj_name"]),
        "obj_color": str(told["obj_color"]),
    }


def describe(told: Mapping[str, Any]) -> dict[str, Any]:
    """Of an entry of its `obj_id_to_info` the plain data that the tabletop tells too.

    `obj_symmetry` is the period in degrees, 0 also where the benchmark leaves it open.
    """
    name = str(told["obj_name"])
    return {
        "obj_name": name,
        "obj_symmetry": math.degrees(told["obj_symmetry"] or 0.0),
        "obj_profile": _PROFILES[told["obj_profile"].name].value,
        "obj_kind": SHAPES[name].kind,
        "texture_name": str(told["texture_name"]),
    }
