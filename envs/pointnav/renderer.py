"""A scene as a camera sees it: colour and depth, without a GPU, always the same bytes."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uio2_agent.envs.pointnav.camera import Pinhole, camera_axes
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.envs.rendering.chunks import PLAIN, Chunks, build_chunks
from uio2_agent.envs.rendering.filtering import BLOCK, SLOTS
from uio2_agent.envs.rendering.mipmaps import Mipmaps, build_mipmaps
from uio2_agent.envs.rendering.shading import SETTINGS, shade
from uio2_agent.envs.rendering.visibility import find_visible
from uio2_agent.errors import BadSetting, UnknownName

Filter = Literal["mipmap", "nearest"]
FILTERS: tuple[Filter, ...] = ("mipmap", "nearest")


class SceneRenderer:
    """Pictures of one scene by one camera.

    Back faces are not drawn and colours are unlit (spec section 3). One renderer is for one thread
    at a time; it lets go of the interpreter lock while it draws.

    Args:
        scene: What to draw.
        height, width: Pixels.
        hfov_degrees: Horizontal field of view, pixels are square.
        near, far: Metres along the optical axis; what is nearer or farther is not seen.
        filter: "mipmap" blends texels as OpenGL does by default; "nearest" is faster.

    Raises:
        BadSetting: No such picture, angle or range.
        UnknownName: No such filter.
    """

    def __init__(
        self,
        scene: Scene,
        height: int,
        width: int,
        hfov_degrees: float,
        near: float = 0.01,
        far: float = 1000.0,
        filter: Filter = "mipmap",
    ) -> None:
        check_view(near, far, filter)
        self.camera = Pinhole(height, width, hfov_degrees)
        self._smooth = filter == "mipmap"
        self._view = np.zeros((6, 3))
        self._view[4] = self.camera.focal, width / 2, height / 2
        self._view[5] = near, far, 0
        self._chunks: Chunks = build_chunks(
            scene.vertices, scene.faces, scene.uv, scene.paint, scene.tints(), scene.colours
        )
        textures = scene.textures
        self._tinted = bool((self._chunks.tint_kind != PLAIN).any())
        self._mipmaps: Mipmaps = build_mipmaps(
            [t.picture for t in textures],
            [t.repeat for t in textures],
            [t.nearest for t in textures],
        )
        points, faces = len(self._chunks.points), len(self._chunks.faces)
        self._columns = np.arange(width, dtype=np.float32)
        self._screen = np.empty((points, 2), np.int64)
        self._inverse = np.empty(points)
        self._local = np.empty((points, 3))
        self._nearest = np.empty((height, width), np.float32)
        self._ids = np.empty((height, width), np.int32)
        self._made = np.zeros(faces, np.int64)
        self._setup = np.empty((height * width, SETTINGS))
        padded = -(-width // BLOCK) * BLOCK
        self._floats = np.zeros((6, padded), np.float32)
        self._integers = np.zeros((3, padded), np.int32)
        self._work = np.empty(SLOTS * BLOCK, np.int32)
        self._stamp = 0

    def render(
        self, position: ArrayLike, rotation: ArrayLike
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """See the scene from a camera at `position`.

        Args:
            position: (3,) of the camera itself, world frame, metres.
            rotation: Quaternion [x, y, z, w], camera to world; the camera looks along its -z.

        Returns:
            rgb (H, W, 3) uint8, and depth (H, W) float32, metres along the optical axis; both 0
            where nothing is hit.

        Raises:
            BadInput: Not a position, or not a rotation.
        """
        self._view[0], self._view[1:4] = camera_axes(position, rotation)
        c = self._chunks
        find_visible(
            c.points,
            c.faces,
            c.planes,
            c.bounds,
            c.point_start,
            c.face_start,
            self._view,
            self._columns,
            self._screen,
            self._inverse,
            self._local,
            self._nearest,
            self._ids,
        )
        self._stamp += 1
        rgb = np.empty((*self._ids.shape, 3), np.uint8)
        depth = np.empty(self._ids.shape, np.float32)
        shade(
            c.planes,
            c.uv,
            c.paint,
            c.tint,
            c.tint_kind,
            c.tint_gradient,
            *self._mipmaps,
            self._view,
            self._smooth,
            self._tinted,
            self._nearest,
            self._ids,
            self._made,
            self._setup,
            self._stamp,
            self._floats,
            self._integers,
            self._work,
            rgb,
            depth,
        )
        return rgb, depth

    def close(self) -> None:
        """Nothing to give back here; `gl_renderer.GlRenderer` has a context."""


def check_view(near: float, far: float, filter: str) -> None:
    """What both renderers ask of their settings.

    Raises:
        BadSetting: No such range.
        UnknownName: No such filter.
    """
    if not 0 < near < far < np.inf:
        raise BadSetting("near and far", (near, far), "0 < near < far, finite")
    if filter not in FILTERS:
        raise UnknownName("filter", filter, FILTERS)
