"""What a scene id of the embedded simulator means: a file, or a flat of our own generator."""

import re

from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.envs.pointnav.scenes.apartment import SIZES, apartment
from uio2_agent.errors import UnknownName

_APARTMENT = re.compile(r"apartment-([a-z]+)-(\d+)")


def apartment_name(seed: int, size: str = "medium") -> str:
    """Such as "apartment-medium-17"; see `scenes.apartment` for sizes and seeds.

    Raises:
        UnknownName: No such size.
    """
    if size not in SIZES:
        raise UnknownName("apartment size", size, SIZES)
    return f"apartment-{size}-{seed}"


def is_apartment(scene_id: str) -> bool:
    return _APARTMENT.fullmatch(scene_id) is not None


def open_scene(scene_id: str) -> Scene:
    """Build the flat, or read the `.glb` or `.gltf` file, of that name.

    Raises:
        BadScene: No such file, or it cannot be read.
        BadSetting, UnknownName: A flat of a seed or size that is none.
        SceneUnsolvable: No flat came out of this seed.
    """
    flat = _APARTMENT.fullmatch(scene_id)
    return apartment(int(flat[2]), flat[1]) if flat else load_scene(scene_id)
