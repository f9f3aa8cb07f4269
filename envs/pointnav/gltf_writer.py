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
    """Write a scene; `load_scene` gives back every triangle and texel of it.

    Stored z-up, world (x, y, z) -> asset (x, -z, y), as a bare .glb is read (spec section 3).
    Every stretch of equally painted faces is a primitive, so sort faces by texture and factor.
    Pictures are PNG.

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

    def accessor(values: NDArray, kind: str, **more: Any) -> int:
        target, component = (
            (_INDEX_DATA, _INDEX) if values.dtype.kind == "u" else (_VERTEX_DATA, _FLOAT)
        )
        view = store(np.ascontiguousarray(values).tobytes(), target)
        form = {"bufferView": view, "componentType": component, "count": len(values), "type": kind}
        accessors.append({**form, **more})
        return len(accessors) - 1

    asset = np.stack([scene.vertices[:, 0], -scene.vertices[:, 2], scene.vertices[:, 1]], 1)
    primitives: list[dict[str, Any]] = []
    materials: list[dict[str, Any]] = []
    numbers: dict[tuple[int, bytes], int] = {}  # of materials
    for paint, factor, faces in scene.materials():
        key = (paint, factor.tobytes())
        if key not in numbers:
            numbers[key] = len(materials)
            materials.append(_material(paint, factor))
        # Its vertices lie together, and no others between them: of all that its attributes span,
        # habitat-sim's importer keeps a copy for each primitive.
        used, indices = np.unique(scene.faces[faces], return_inverse=True)
        points = asset[used].astype("<f4")
        low, high = (v.astype(float).tolist() for v in (points.min(0), points.max(0)))
        attributes = {
            "POSITION": accessor(points, "VEC3", min=low, max=high),
            "TEXCOORD_0": accessor(scene.uv[used].astype("<f4"), "VEC2"),
        }
        if scene.colours is not None:
            attributes["COLOR_0"] = accessor(scene.colours[used].astype("<f4"), "VEC3")
        primitives.append(
            {
                "attributes": attributes,
                "indices": accessor(indices.ravel().astype("<u4"), "SCALAR"),
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
