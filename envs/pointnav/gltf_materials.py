"""Materials of a glTF file: which picture, how it repeats, which colour it is multiplied by."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from uio2_agent.envs.pointnav.gltf_document import Document
from uio2_agent.envs.pointnav.scene import Texture

_CLAMP, _MIRROR, _REPEAT, _NEAREST = 33071, 33648, 10497, 9728
_MOST_TEXELS = 2**26
_WHITE = Texture(np.full((1, 1, 3), 255, np.uint8), repeat=True, nearest=True)
_BASIS_REMEDY = (
    "Basis/KTX2 textures (HM3D) are for the real simulator, uio2/HabitatPointNav-v0; for the "
    "embedded one convert them to PNG or JPEG, or take the scene's .glb without .basis"
)


@dataclass(frozen=True)
class Material:
    """How primitives are painted.

    texture: Index into the textures read. factor: (3,). texcoord: Which TEXCOORD set.
    matrix: (2, 3), texture coordinates -> those of the texture as it is kept.
    wraps: Repeats along u, along v.
    """

    texture: int
    factor: NDArray[np.float32]
    texcoord: int
    matrix: NDArray[np.float64]
    wraps: tuple[bool, bool]


class Materials:
    """Reads materials of a document; every texture is read once."""

    def __init__(self, document: Document) -> None:
        self._textures: list[Texture] = []
        self._places: list[float] = []  # of each texture in the file
        self._document = document
        self._numbers: dict[tuple, int] = {}
        self._pictures: dict[int, NDArray[np.uint8]] = {}

    def read(self, index: Any) -> Material:
        """Material `index`; None is glTF's default, white."""
        doc = self._document
        material = {} if index is None else doc.item("materials", index)
        pbr = doc.get(material, "pbrMetallicRoughness", dict, {})
        colour = doc.numbers(pbr, "baseColorFactor", [1.0, 1.0, 1.0, 1.0])[:3]
        factor = np.clip(colour, 0, 1).astype(np.float32)
        same = np.eye(2, 3)
        if "baseColorTexture" not in pbr:
            number = self._number(("white",), np.inf, lambda: _WHITE)
            return Material(number, factor, 0, same, (True, True))
        info = doc.get(pbr, "baseColorTexture", dict)
        texcoord = doc.get(info, "texCoord", int, 0)
        transform = doc.get(
            doc.get(info, "extensions", dict, {}), "KHR_texture_transform", dict, {}
        )
        texcoord = doc.get(transform, "texCoord", int, texcoord)
        place = doc.get(info, "index", int)
        texture = doc.item("textures", place)
        wraps, nearest = self._sampler(texture)
        mirrored = tuple(w == _MIRROR for w in wraps)
        repeats = tuple(w != _CLAMP for w in wraps)
        source = self._source(texture)

        def make() -> Texture:
            return Texture(_mirrored(self._picture(source), mirrored), any(repeats), nearest)

        number = self._number((source, mirrored, any(repeats), nearest), place, make)
        halves = np.where(mirrored, 0.5, 1.0)
        matrix = halves[:, None] * _transform(doc, transform)
        return Material(number, factor, texcoord, matrix, (repeats[0], repeats[1]))

    def in_order(self) -> tuple[tuple[Texture, ...], NDArray[np.int32]]:
        """The textures in the order of the file, and where each number went."""
        order = np.argsort(self._places, kind="stable")
        return tuple(self._textures[i] for i in order), np.argsort(order).astype(np.int32)

    def _number(self, key: tuple, place: float, make: Callable[[], Texture]) -> int:
        if key not in self._numbers:
            self._textures.append(make())
            self._places.append(place)
            self._numbers[key] = len(self._textures) - 1
        return self._numbers[key]

    def _sampler(self, texture: dict) -> tuple[tuple[int, int], bool]:
        """Wrap modes along u and v, and whether texels are squares."""
        doc = self._document
        sampler = doc.item("samplers", texture["sampler"]) if "sampler" in texture else {}
        wraps = doc.get(sampler, "wrapS", int, _REPEAT), doc.get(sampler, "wrapT", int, _REPEAT)
        if not set(wraps) <= {_CLAMP, _MIRROR, _REPEAT}:
            raise doc.broken(f"has wrap modes {wraps}")
        return wraps, doc.get(sampler, "magFilter", int, 9729) == _NEAREST

    def _source(self, texture: dict) -> int:
        doc = self._document
        if "source" in texture:
            return doc.get(texture, "source", int)
        extensions = doc.get(texture, "extensions", dict, {})
        if "KHR_texture_basisu" in extensions:
            raise doc.broken("has Basis/KTX2 textures", _BASIS_REMEDY)
        known = ", ".join(map(str, extensions)) or "nothing"
        raise doc.broken(f"has a texture made of {known}", "Export it with PNG or JPEG textures")

    def _picture(self, index: int) -> NDArray[np.uint8]:
        if index not in self._pictures:
            self._pictures[index] = self._decode(index)
        return self._pictures[index]

    def _decode(self, index: int) -> NDArray[np.uint8]:
        doc = self._document
        image = doc.item("images", index)
        if "uri" in image:
            data = doc.resource(doc.get(image, "uri", str))
        else:
            data = doc.view(doc.get(image, "bufferView", int))[0]
        if data[:7] == b"\xabKTX 20" or image.get("mimeType") == "image/ktx2":
            raise doc.broken("has Basis/KTX2 textures", _BASIS_REMEDY)
        large = "Export it with smaller textures"
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
                width, height = picture.size
                pixels = None
                if width * height <= _MOST_TEXELS:
                    pixels = np.asarray(picture.convert("RGB"))
        # What Pillow lets through from broken PNG and JPEG files.
        except (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError) as problem:
            raise doc.broken(f"has a picture {index} that cannot be read ({problem})") from None
        except Image.DecompressionBombError:
            raise doc.broken(f"has a picture {index} too large to be one", large) from None
        if pixels is None:
            raise doc.broken(f"has a picture {index} of {width} x {height} texels", large)
        return pixels


def _mirrored(picture: NDArray[np.uint8], mirrored: tuple[bool, ...]) -> NDArray[np.uint8]:
    """The picture and its mirror image side by side: repeating that is mirrored repeating."""
    for axis, mirror in ((1, mirrored[0]), (0, mirrored[1])):
        if mirror:
            picture = np.concatenate([picture, np.flip(picture, axis)], axis)
    return picture


def _transform(doc: Document, transform: dict) -> NDArray[np.float64]:
    """KHR_texture_transform -> (2, 3): offset x rotation x scale."""
    offset = doc.numbers(transform, "offset", [0.0, 0.0])
    scale = doc.numbers(transform, "scale", [1.0, 1.0])
    angle = doc.get(transform, "rotation", (int, float), 0.0)
    if not abs(angle) < 1e6:
        raise doc.broken("has a texture turned by no angle")
    s, c = np.sin(angle), np.cos(angle)
    return np.column_stack([np.array([[c, s], [-s, c]]) * scale, offset])
