"""What an indoor scene is made of: triangles, textures and colours, in the world frame.

World frame: right-handed, y up, -z forward, metres. Legend: V vertices, F faces, T textures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from uio2_agent.errors import BadInput, BadShape

LARGEST_COORDINATE = 1e6  # metres; what lies farther is a broken file rather than a home


@dataclass(frozen=True, eq=False)
class Texture:
    """picture (h, w, 3) uint8, its first row at v = 0.

    `repeat`: beyond 0..1 it starts again; otherwise its border goes on. `nearest`: drawn as
    squares, whatever the renderer's filter.
    """

    picture: NDArray[np.uint8]
    repeat: bool = True
    nearest: bool = False

    def __post_init__(self) -> None:
        shape, dtype = self.picture.shape, self.picture.dtype
        if len(shape) != 3 or shape[2] != 3 or 0 in shape or dtype != np.uint8:
            raise BadShape("picture of a texture", (shape, dtype), "(h, w, 3) uint8, not empty")


@dataclass(frozen=True, eq=False)
class Scene:
    """Triangles with texture and colour.

    Args:
        vertices: (V, 3) float32, world frame, metres.
        faces: (F, 3) int32, counter-clockwise seen from the front; only the front is seen.
        uv: (V, 2) float32 in repeats of the texture, v pointing down its picture (as glTF has it).
        paint: (F,) int32, which texture.
        textures: At least one. A face without a picture has a white texture of one texel.
        factor: (F, 3) float32 in 0..1; the texture's colour is multiplied by it. None: by 1.
        colours: (V, 3) float32 in 0..1, interpolated over faces and multiplied in as well (light
            baked into corners). None: 1.

    What is seen is the product, unlit (spec section 3).

    Raises:
        BadShape: An array is not what is said above.
        BadInput: No texture, indices of nothing, coordinates that are not finite or absurdly far.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]
    paint: NDArray[np.int32]
    textures: tuple[Texture, ...]
    factor: NDArray[np.float32] | None = None
    colours: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if not self.textures:
            raise BadInput("textures", "empty", "at least one")
        v, f = len(self.vertices), len(self.faces)
        for name, shape, dtype in (
            ("vertices", (v, 3), np.float32),
            ("faces", (f, 3), np.int32),
            ("uv", (v, 2), np.float32),
            ("paint", (f,), np.int32),
            ("factor", (f, 3), np.float32),
            ("colours", (v, 3), np.float32),
        ):
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != shape or array.dtype != dtype:
                raise BadShape(name, (array.shape, array.dtype), f"{shape} {np.dtype(dtype)}")
            if dtype == np.float32 and not np.isfinite(array).all():
                raise BadInput(name, "partly not finite", "finite numbers")
        for name in ("factor", "colours"):
            values = getattr(self, name)
            if values is not None and values.size and not 0 <= values.min() <= values.max() <= 1:
                raise BadInput(name, (values.min(), values.max()), "numbers of 0 to 1")
        if v and np.abs(self.vertices).max() > LARGEST_COORDINATE:
            want = f"coordinates within {LARGEST_COORDINATE:g} m"
            raise BadInput("vertices", np.abs(self.vertices).max(), want)
        for name, array, count in (
            ("faces", self.faces, v),
            ("paint", self.paint, len(self.textures)),
        ):
            if array.size and not 0 <= array.min() <= array.max() < count:
                raise BadInput(name, (array.min(), array.max()), f"indices of 0 to {count - 1}")

    @cached_property
    def bounds(self) -> NDArray[np.float32]:
        """(2, 3): lowest and highest x, y, z of what faces use."""
        used = self.vertices[self.faces.ravel()]
        return np.stack([used.min(0), used.max(0)])

    @property
    def triangles(self) -> NDArray[np.float32]:
        """(F, 3, 3) corners."""
        return self.vertices[self.faces]

    def tints(self) -> NDArray[np.float32]:
        """(F, 3), `factor` even where it is None."""
        return np.ones((len(self.faces), 3), np.float32) if self.factor is None else self.factor

    def materials(self) -> Iterator[tuple[int, NDArray[np.float32], slice]]:
        """Texture, factor (3,) and faces of every stretch of faces that share both, in order."""
        tints = self.tints()
        new = (np.diff(self.paint) != 0) | (np.diff(tints, axis=0) != 0).any(1)
        starts = [0, *(np.flatnonzero(new) + 1).tolist(), len(self.faces)]
        for start, end in zip(starts, starts[1:], strict=False):
            if end > start:
                yield int(self.paint[start]), tints[start], slice(start, end)
