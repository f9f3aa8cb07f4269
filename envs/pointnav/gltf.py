"""Scene files: glTF 2.0 (.glb, .gltf) -> `Scene`, and back.

Axes (spec section 3): a bare .glb is stored z-up, asset (x, y, z) -> world (x, z, -y); a sibling
`<name>.stage_config.json` with "up" and "front" says otherwise. A bare .gltf is y-up, as the glTF
standard has it. Not read, because the reference draws stages without it: normals, lights,
cameras, skins, animations, `doubleSided`, transparency and all of a material but its base colour.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav.gltf_document import Document
from uio2_agent.envs.pointnav.gltf_materials import Material, Materials
from uio2_agent.envs.pointnav.gltf_writer import write_glb
from uio2_agent.envs.pointnav.scene import LARGEST_COORDINATE, Scene
from uio2_agent.errors import BadScene

__all__ = ["load_scene", "write_glb"]

_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_UNDERSTOOD = ("KHR_texture_transform", "KHR_mesh_quantization", "KHR_texture_basisu")
_CONFIG = ".stage_config.json"


def load_scene(path: str | Path) -> Scene:
    """Read a scene by the rules above.

    Args:
        path: A .glb or .gltf file, or a .stage_config.json that names one ("render_asset").

    Raises:
        BadScene: The file, or one that it needs, is missing, broken, empty, or of a kind that the
            embedded simulator cannot draw (Basis/KTX2 textures, Draco, sparse accessors).
    """
    path = Path(path)
    config: dict[str, Any] = {}
    if path.name.endswith(_CONFIG):
        config = _read_config(path)
        asset = config.get("render_asset", path.name.removesuffix(_CONFIG) + ".glb")
        if not isinstance(asset, str):
            raise BadScene(str(path), "names no render_asset", "Give it the name of a .glb")
        path = path.parent / asset
    elif (sibling := path.with_name(path.stem + _CONFIG)).exists():
        config = _read_config(sibling)
    document = Document(path)
    # Errors of the values in the configuration are told as the scene's, which cannot do without.
    z_up = path.suffix.lower() == ".glb"
    up = document.numbers(config, "up", [0.0, 0.0, 1.0] if z_up else [0.0, 1.0, 0.0])
    front = document.numbers(config, "front", [0.0, 1.0, 0.0] if z_up else [0.0, 0.0, -1.0])
    scale = document.numbers(config, "scale", [1.0, 1.0, 1.0])
    metres = document.get(config, "units_to_meters", (int, float), 1.0)
    right = np.cross(front, up)
    lengths = [np.linalg.norm(v) for v in (up, front, right)]
    if not np.allclose(lengths, 1, atol=1e-3) or not 0 < abs(metres) < 1e6:
        raise document.broken(
            f"has a stage configuration with up {up.tolist()}, front {front.tolist()}, "
            f"units_to_meters {metres}",
            "up and front are perpendicular and of length 1",
        )
    world = np.eye(4)
    world[:3, :3] = np.stack([right, up, -front]) * scale * metres
    return _Reader(document).read(world)


class _Reader:
    """Collects the triangles of a document."""

    def __init__(self, document: Document) -> None:
        self._doc = document
        self._materials = Materials(document)
        self._vertices: list[NDArray] = []
        self._uv: list[NDArray] = []
        self._colours: list[NDArray | None] = []
        self._faces: list[NDArray] = []
        self._paint: list[NDArray] = []
        self._factor: list[NDArray] = []
        self._count = 0
        self._starts: dict[tuple, tuple[int, int]] = {}  # vertices that primitives share

    def read(self, world: NDArray[np.float64]) -> Scene:
        doc = self._doc
        for name in doc.get(doc.json, "extensionsRequired", list, []):
            if name not in _UNDERSTOOD and not str(name).startswith("KHR_materials_"):
                remedy = "Export it without that extension (Draco: decompress it first)"
                raise doc.broken(f"requires the extension {name!r}", remedy)
        for number, (node, matrix) in enumerate(self._nodes(world)):
            if "mesh" in node:
                mesh = doc.item("meshes", node["mesh"])
                for primitive in doc.get(mesh, "primitives", list):
                    self._add(primitive, matrix, number)
        if not self._faces:
            raise doc.broken("has no triangles", "Give a scene with triangle meshes")
        colours = None
        if any(c is not None for c in self._colours):
            pairs = zip(self._colours, self._vertices, strict=True)
            colours = np.concatenate([np.ones_like(v) if c is None else c for c, v in pairs])
        textures, numbers = self._materials.in_order()
        return Scene(
            np.concatenate(self._vertices),
            np.concatenate(self._faces),
            np.concatenate(self._uv),
            numbers[np.concatenate(self._paint)],
            textures,
            np.concatenate(self._factor),
            colours,
        )

    def _nodes(self, world: NDArray[np.float64]) -> Iterator[tuple[dict, NDArray[np.float64]]]:
        """Nodes of the scene, parents first, each with its matrix to the world."""
        doc = self._doc
        n_nodes = len(doc.get(doc.json, "nodes", list, []))
        roots: list[Any] = list(range(n_nodes))
        if doc.get(doc.json, "scenes", list, []):
            scene = doc.item("scenes", doc.get(doc.json, "scene", int, 0))
            roots = doc.get(scene, "nodes", list, [])
        else:  # without scenes: every node that is nobody's child
            children = [
                child
                for i in roots
                for child in doc.get(doc.item("nodes", i), "children", list, [])
            ]
            roots = [i for i in roots if i not in children]
        waiting = [(root, world) for root in reversed(roots)]
        seen = set()
        while waiting:
            index, parent = waiting.pop()
            node = doc.item("nodes", index)
            if index in seen:
                raise doc.broken(f"has node {index} in two places")
            seen.add(index)
            matrix = parent @ self._transform(node)
            yield node, matrix
            waiting += [(c, matrix) for c in reversed(doc.get(node, "children", list, []))]

    def _transform(self, node: dict) -> NDArray[np.float64]:
        doc = self._doc
        if "matrix" in node:
            return doc.numbers(node, "matrix", [0.0] * 16).reshape(4, 4).T
        x, y, z, w = doc.numbers(node, "rotation", [0.0, 0.0, 0.0, 1.0])
        length = x * x + y * y + z * z + w * w
        s = 2 / length if length > 0 else 0.0
        matrix = np.eye(4)
        matrix[:3, :3] = [
            [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
            [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)],
            [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)],
        ]
        matrix[:3, :3] *= doc.numbers(node, "scale", [1.0, 1.0, 1.0])
        matrix[:3, 3] = doc.numbers(node, "translation", [0.0, 0.0, 0.0])
        return matrix

    def _add(self, primitive: Any, matrix: NDArray[np.float64], node: int) -> None:
        doc = self._doc
        mode = doc.get(primitive, "mode", int, _TRIANGLES)
        if mode not in range(7):
            raise doc.broken(f"has a primitive of mode {mode}")
        if "KHR_draco_mesh_compression" in doc.get(primitive, "extensions", dict, {}):
            raise doc.broken("is compressed with Draco", "Decompress it, e.g. with gltf-transform")
        if mode < _TRIANGLES:
            return  # points and lines
        material = self._materials.read(primitive.get("material"))
        start, count = self._vertex_block(primitive, material, matrix, node)
        faces = _corners(mode, self._indices(primitive, count))
        if len(faces) == 0:
            return
        if np.linalg.det(matrix[:3, :3]) < 0:
            faces = faces[:, ::-1]  # a mirror turns triangles round (glTF 2.0, 3.7.4)
        self._faces.append(np.ascontiguousarray(faces + start, np.int32))
        self._paint.append(np.full(len(faces), material.texture, np.int32))
        self._factor.append(np.tile(material.factor, (len(faces), 1)))

    def _indices(self, primitive: dict, count: int) -> NDArray[np.int64]:
        if "indices" not in primitive:
            return np.arange(count)
        indices = self._doc.accessor(primitive["indices"], ("SCALAR",))
        if indices.dtype.kind != "u" or indices.max() >= count:
            raise self._doc.broken(f"has indices beyond its {count} vertices")
        return indices.astype(np.int64)

    def _vertex_block(
        self, primitive: dict, material: Material, matrix: NDArray[np.float64], node: int
    ) -> tuple[int, int]:
        """First vertex and count; read once for primitives of a node that share their data."""
        doc = self._doc
        given = doc.get(primitive, "attributes", dict)
        names = ("POSITION", f"TEXCOORD_{material.texcoord}", "COLOR_0")
        key = (node, material.matrix.tobytes(), *(repr(given.get(name)) for name in names))
        if key not in self._starts:
            # No number may leave float32: Scene looks at what is left.
            points = doc.accessor(given.get("POSITION"), ("VEC3",)) @ matrix[:3, :3].T
            points = points + matrix[:3, 3]
            if not (np.abs(points) <= LARGEST_COORDINATE).all():
                raise doc.broken(f"has vertices that are not within {LARGEST_COORDINATE:g} m")
            uv = np.zeros((len(points), 2))
            if names[1] in given:
                uv = doc.accessor(given[names[1]], ("VEC2",)).astype(np.float64)
                uv = uv @ material.matrix[:, :2].T + material.matrix[:, 2]
            colours = None
            if "COLOR_0" in given:
                colours = doc.accessor(given["COLOR_0"], ("VEC3", "VEC4"))[:, :3]
                colours = colours.astype(np.float32)
            for name, values in (("texture coordinates", uv), ("colours", colours)):
                if values is None:
                    continue
                if len(values) != len(points) or not (np.abs(values) < 1e6).all():
                    raise doc.broken(f"has {name} that are not one finite number per vertex")
            if colours is not None:
                colours = np.clip(colours, 0, 1)
            self._check_wraps(material, uv)
            self._starts[key] = self._count, len(points)
            self._count += len(points)
            self._vertices.append(points.astype(np.float32))
            self._uv.append(uv.astype(np.float32))
            self._colours.append(colours)
        return self._starts[key]

    def _check_wraps(self, material: Material, uv: NDArray) -> None:
        """A `Texture` repeats both ways or neither; where nothing leaves 0..1 it is all one."""
        if material.wraps[0] != material.wraps[1] and (uv.min() < 0 or uv.max() > 1):
            raise self._doc.broken(
                "has a texture that repeats one way only", "Let it repeat, or clamp, both ways"
            )


def _corners(mode: int, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of a primitive -> faces (F, 3)."""
    n = len(indices)
    if mode == _TRIANGLES:
        return indices[: n - n % 3].reshape(-1, 3)
    first = np.arange(max(n - 2, 0))
    if mode == _FAN:
        return np.stack([indices[first + 1], indices[first + 2], indices[first * 0]], 1)
    odd = first % 2
    return np.stack([indices[first], indices[first + 1 + odd], indices[first + 2 - odd]], 1)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as problem:
        raise BadScene(str(path), f"cannot be read ({problem})", "Write it anew") from None
    if not isinstance(config, dict):
        raise BadScene(str(path), "is not a JSON object", "Write it anew")
    return config
