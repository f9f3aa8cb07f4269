"""A scene as a camera sees it, drawn by OpenGL: for GPUs, and for scans too big for one core.

The same picture as `renderer.SceneRenderer` gives, up to rounding; the same bytes for the same pose
on one machine and driver. Colour and depth come from one pass into one picture of floats: depth
itself rather than what a depth buffer makes of it, and one read-back.
"""

import os
import weakref
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from uio2_agent.envs.pointnav.camera import Pinhole, camera_axes
from uio2_agent.envs.pointnav.gl_context import check_process, load_moderngl, open_context
from uio2_agent.envs.pointnav.gl_mesh import Mesh, build_mesh
from uio2_agent.envs.pointnav.renderer import Filter, check_view
from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.errors import BadInput

_VERTEX = """
#version 330 core
uniform vec3 eye;
uniform mat3 turn;  // world to right, down, forward
uniform vec4 lens;
in vec3 at;
in vec2 uv;
in vec3 tint;
out vec2 where;
out vec3 shade;
void main() {
    vec3 seen = turn * (at - eye);
    gl_Position = vec4(lens.xy * seen.xy, lens.z * seen.z + lens.w, seen.z);
    where = uv;
    shade = tint;
}
"""
# A float holds whole numbers up to 2 ** 24: all three bytes of a colour.
_FRAGMENT = """
#version 330 core
uniform sampler2D picture;
in vec2 where;
in vec3 shade;
out vec2 pixel;
void main() {
    vec3 colour = clamp(texture(picture, where).rgb * shade, 0.0, 1.0);
    vec3 bytes = floor(colour * 255.0 + 0.5);
    pixel = vec2(dot(bytes, vec3(1.0, 256.0, 65536.0)), 1.0 / gl_FragCoord.w);
}
"""


class GlRenderer:
    """Pictures of one scene by one camera, with the arguments of `renderer.SceneRenderer`.

    It holds an OpenGL context of its own until it is closed; any number may live in one process,
    each used by one thread at a time. After a fork, the child makes its own (see `gl_context`).

    Args:
        scene: What to draw.
        height, width: Pixels.
        hfov_degrees: Horizontal field of view, pixels are square.
        near, far: Metres along the optical axis; what is nearer or farther is not seen.
        filter: "mipmap" or "nearest".
        device: Which of EGL's devices, from 0.

    Raises:
        BadSetting: No such picture, angle, range or device, or OpenGL does not start.
        UnknownName: No such filter.
        MissingDependency: moderngl or a system library is missing.
        SimulatorBusy: OpenGL was in use before this process was forked.
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
        device: int = 0,
    ) -> None:
        check_view(near, far, filter)
        self.camera = Pinhole(height, width, hfov_degrees)
        self._mesh: Mesh = build_mesh(scene)
        self._raw = np.zeros((height, width, 2), np.float32)
        self._context = open_context(device)
        # A context takes all its buffers and textures along, so nothing else needs releasing.
        self._release = weakref.finalize(self, _release, self._context, os.getpid())
        with self._context:
            self._build(scene.textures, filter == "mipmap")
            self._aim(near, far)

    def render(
        self, position: ArrayLike, rotation: ArrayLike
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """See the scene from a camera at `position`, as `renderer.SceneRenderer.render` does.

        Raises:
            BadInput: Not a position, or not a rotation; or this renderer was closed.
            SimulatorBusy: This process was forked from the one that made it.
        """
        eye, axes = camera_axes(position, rotation)
        if not self._release.alive:
            raise BadInput("renderer", "closed", "an open one: make another")
        check_process()
        normals = self._sides @ axes
        planes = np.column_stack([normals, self._offsets - normals @ eye])
        stretches = self._mesh.stretches(planes)
        with self._context:
            self._eye.write(eye.astype(np.float32))
            self._turn.write(np.ascontiguousarray(axes.T, np.float32))  # by columns
            self._target.clear()
            for texture, first, count in stretches:
                self._textures[texture].use()
                self._triangles.render(vertices=3 * count, first=3 * first)
            self._target.read_into(self._raw, components=2, dtype="f4")
        rgb = np.empty((*self._raw.shape[:2], 3), np.uint8)
        depth = np.empty(self._raw.shape[:2], np.float32)
        _unpack(self._raw, rgb, depth)
        return rgb, depth

    def close(self) -> None:
        """Give the context back, with all it holds on the GPU. Once is enough."""
        self._release()

    def _build(self, textures: tuple[Texture, ...], smooth: bool) -> None:
        context, moderngl = self._context, load_moderngl()
        height, width = self._raw.shape[:2]
        largest = int(context.info["GL_MAX_TEXTURE_SIZE"])
        self._textures = [_upload(context, moderngl, t, smooth, largest) for t in textures]
        program = context.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
        self._eye, self._turn, self._lens = program["eye"], program["turn"], program["lens"]
        if len(self._mesh.indices):
            self._triangles = context.vertex_array(
                program,
                [(context.buffer(self._mesh.vertices), "3f 2f 3f", "at", "uv", "tint")],
                index_buffer=context.buffer(self._mesh.indices),
            )
        self._target = context.framebuffer(
            [context.renderbuffer((width, height), 2, dtype="f4")],
            context.depth_renderbuffer((width, height)),
        )
        self._target.use()
        context.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        # OpenGL's rows go up and ours down, so pictures are drawn mirrored: fronts turn clockwise.
        context.front_face, context.cull_face = "cw", "back"

    def _aim(self, near: float, far: float) -> None:
        """The lens, and the planes in the camera's frame (right, down, forward) that bound it."""
        camera = self.camera
        across, down = 2 * camera.focal / camera.width, 2 * camera.focal / camera.height
        self._lens.value = across, down, (far + near) / (far - near), -2 * far * near / (far - near)
        self._sides = np.array(
            [[across, 0, 1], [-across, 0, 1], [0, down, 1], [0, -down, 1], [0, 0, 1], [0, 0, -1]]
        )
        self._offsets = np.array([0, 0, 0, 0, -near, far])


def _upload(context: Any, moderngl: Any, texture: Texture, smooth: bool, largest: int) -> Any:
    picture = texture.picture
    height, width = (min(n, largest) for n in picture.shape[:2])
    if picture.shape[:2] != (height, width):
        picture = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))
    made = context.texture((width, height), 3, np.ascontiguousarray(picture), alignment=1)
    made.repeat_x = made.repeat_y = texture.repeat
    if smooth and not texture.nearest:
        made.build_mipmaps()
        made.filter = moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR
    else:
        made.filter = moderngl.NEAREST, moderngl.NEAREST
    return made


def _release(context: Any, owner: int) -> None:
    if os.getpid() == owner:  # a fork must not end what is still ours
        context.release()


@njit(cache=True, nogil=True)
def _unpack(raw, rgb, depth) -> None:
    """raw (H, W, 2) as the shader wrote it -> rgb (H, W, 3) and depth (H, W), both written."""
    for row in range(raw.shape[0]):
        for column in range(raw.shape[1]):
            packed = np.int32(raw[row, column, 0])
            rgb[row, column, 0] = packed & 255
            rgb[row, column, 1] = (packed >> 8) & 255
            rgb[row, column, 2] = packed >> 16
            depth[row, column] = raw[row, column, 1]
