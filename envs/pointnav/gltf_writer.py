"""`Scene` -> a .glb that this package and the reference simulator read alike: z-up, bare."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from uio2_agent.envs.pointnav.gltf_document import write_container
from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.errors import BadInput, CannotWrite

_FLOAT, _INDEX = 5126, 5125
_VERTEX_DATA, _INDEX_DATA = 34962, 34963


def write_glb(scene: Scene, path: str | Path) -> None:
    """Write a scene; `load_scene` gives back every number and texel of it.

    Stored z-up, world (x, y, z) -> asset (x, -z, y), as a bare .glb is read (spec section 3).
    Vertices are stored once and shared by one primitive per stretch of equally painted faces, so
    sort faces by texture and factor. Pictures are PNG.

    Raises:
        BadInput: A scene without faces, or a name that does not end in .glb.
        CannotWrite: The folder is missing, full or not ours.
    """
    path = Path(path)
    if path.suffix.lower() != ".glb":
        raise BadInput("path", path, "a name that ends in .glb")
    if len(scene.faces) == 0:
        raise BadInput("scene", "empty", "at least one face")
    try:
        write_container(path, *_content(scene))
    except OSError as problem:
        raise CannotWrite(str(path), problem.strerror or str(problem)) from problem


def _content(scene: Scene) -> tuple[dict[str, Any], bytes]:
    binary, views, accessors = bytearray(), [], []

    def store(data: bytes, target: int | None = None) -> int:
        view = {"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)}
        views.append(view if target is None else {**view, "target": target})
        binary.extend(data)
        binary.extend(b"\0" * (-len(binary) % 4))
        return len(views) - 1

    def attribute(values: NDArray[np.float32]) -> int:
        view = store(np.ascontiguousarray(values, "<f4").tobytes(), _VERTEX_DATA)
        kind = f"VEC{values.shape[1]}"
        accessor = {"bufferView": view, "componentType": _FLOAT, "count": len(values), "type": kind}
        low, high = (v.astype(float).tolist() for v in (values.min(0), values.max(0)))
        accessors.append({**accessor, "min": low, "max": high})
        return len(accessors) - 1

    asset = np.stack([scene.vertices[:, 0], -scene.vertices[:, 2], scene.vertices[:, 1]], 1)
    attributes = {"POSITION": attribute(asset), "TEXCOORD_0": attribute(scene.uv)}
    if scene.colours is not None:
        attributes["COLOR_0"] = attribute(scene.colours)
    indices = store(np.ascontiguousarray(scene.faces, "<u4").tobytes(), _INDEX_DATA)
    primitives: list[dict[str, Any]] = []
    materials: list[dict[str, Any]] = []
    numbers: dict[tuple[int, bytes], int] = {}  # of materials
    for paint, factor, faces in scene.materials():
        key = (paint, factor.tobytes())
        if key not in numbers:
            numbers[key] = len(materials)
            materials.append(_material(paint, factor))
        accessors.append(
            {
                "bufferView": indices,
                "byteOffset": 12 * faces.start,
                "componentType": _INDEX,
                "count": 3 * (faces.stop - faces.start),
                "type": "SCALAR",
            }
        )
        primitives.append(
            {
                "attributes": attributes,
                "indices": len(accessors) - 1,
                "material": numbers[key],
                "mode": 4,
            }
        )
    images = [{"bufferView": store(_png(t)), "mimeType": "image/png"} for t in scene.textures]
    content = {
        "asset": {"version": "2.0", "generator": "uio2-agent"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": primitives}],
        "materials": materials,
        "textures": [{"source": i, "sampler": i} for i in range(len(images))],
        "samplers": [_sampler(texture) for texture in scene.textures],
        "images": images,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    return content, bytes(binary)


def _material(paint: int, factor: NDArray[np.float32]) -> dict[str, Any]:
    colour = [*factor.astype(float).tolist(), 1.0]
    pbr = {"baseColorTexture": {"index": paint}, "baseColorFactor": colour, "metallicFactor": 0.0}
    return {"pbrMetallicRoughness": {**pbr, "roughnessFactor": 1.0}}


def _sampler(texture: Texture) -> dict[str, int]:
    """Linear with mip-maps, or squares; repeating, or clamped."""
    filters = (9728, 9728) if texture.nearest else (9729, 9987)
    wrap = 10497 if texture.repeat else 33071
    return {"magFilter": filters[0], "minFilter": filters[1], "wrapS": wrap, "wrapT": wrap}


def _png(texture: Texture) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(texture.picture)).save(file, "PNG", optimize=False)
    return file.getvalue()
