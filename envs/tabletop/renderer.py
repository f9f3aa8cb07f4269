"""Bodies on the table -> what the two cameras see, in colour and as segmentation."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.rendering.mesh import Mesh, prism, rectangle
from uio2_agent.envs.rendering.rasteriser import (
    Library,
    Textures,
    draw_instances,
    join_meshes,
    join_textures,
)
from uio2_agent.envs.tabletop.cameras import matrix
from uio2_agent.envs.tabletop.catalogue import GREY, SHAPES, TEXTURES
from uio2_agent.envs.tabletop.meshes import mesh
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.textures import texture
from uio2_agent.errors import BadInput, UnknownName
from uio2_agent.interface import IMAGE_HEIGHT, IMAGE_WIDTH, VIEWS

Background = Literal["table", "empty"]

GROUND_ID, TABLE_ID, NOTHING_ID = 0, 1, 255
SHEET_SIZE, SHEET_CENTRE = (0.501, 0.999), (0.5, 0.0)
# As they come out of the real VIMA-Bench renderer: white ground and (51, 51, 51) sheet, lit.
GROUND_COLOUR, EMPTY_COLOUR = 239, 255
_SHEET_COLOUR = (51, 51, 51)
# Upward faces get 0.9375 of their texture's colour and faces turned away 0.6, as measured in its
# pictures; the lamp's tilt tells the sides of a solid apart.
_AMBIENT = 0.6
_LIGHT = 0.35 * np.array([0.115, 0.240, 0.9640])

_SHAPE_NUMBER = {name: i for i, name in enumerate(SHAPES)}
_TEXTURE_NUMBER = {name: i for i, name in enumerate((*TEXTURES, GREY))}


class _Canvas:
    """The pictures of an empty scene, copied before bodies are drawn into them."""

    def __init__(self, views: int, colour: int, label: int) -> None:
        self.rgb = np.full((views, 3, IMAGE_HEIGHT, IMAGE_WIDTH), colour, np.uint8)
        self.segm = np.full((views, IMAGE_HEIGHT, IMAGE_WIDTH), label, np.uint8)
        self.depth = np.full((views, IMAGE_HEIGHT, IMAGE_WIDTH), np.inf, np.float32)


class Renderer:
    """Draws scenes; keeps meshes and textures between calls, nothing about the scenes.

    Args:
        views: Which cameras, of "front" and "top".

    Raises:
        UnknownName: No such view.
    """

    def __init__(self, views: Sequence[str] = VIEWS) -> None:
        self.views = tuple(views)
        self._cameras = np.stack([matrix(view) for view in self.views])
        self._library: Library = join_meshes([mesh(name) for name in SHAPES])
        self._textures: Textures = join_textures([texture(name) for name in _TEXTURE_NUMBER])
        self._depth = np.empty((len(self.views), IMAGE_HEIGHT, IMAGE_WIDTH), np.float32)
        self._canvases = {
            "table": _Canvas(len(self.views), GROUND_COLOUR, GROUND_ID),
            "empty": _Canvas(len(self.views), EMPTY_COLOUR, NOTHING_ID),
        }
        self._lay_sheet(self._canvases["table"])

    def render(
        self, bodies: Iterable[Body], background: Background = "table"
    ) -> tuple[dict[str, NDArray[np.uint8]], dict[str, NDArray[np.uint8]]]:
        """Draw the bodies in every view.

        Args:
            bodies: What stands there. Where two surfaces coincide, the later body is seen.
            background: "table" (ground 0, table sheet 1 in the segmentation), or "empty" as in
                object prompt pictures (white; 255 in the segmentation).

        Returns:
            rgb per view, uint8 (3, 128, 256); and segmentation per view, uint8 (128, 256), whose
            values are the bodies' `obj_id`.

        Raises:
            UnknownName: A body's shape or texture, or the background, is not known.
            BadInput: An `obj_id` does not fit into 8 bits.
        """
        if background not in self._canvases:
            raise UnknownName("background", background, self._canvases)
        canvas = self._canvases[background]
        rgb, segm = canvas.rgb.copy(), canvas.segm.copy()
        instances = np.array([_instance(body) for body in bodies], np.float64).reshape(-1, 13)
        np.copyto(self._depth, canvas.depth)
        draw_instances(
            *self._library,
            *self._textures,
            instances,
            self._cameras,
            _AMBIENT,
            _LIGHT,
            rgb,
            segm,
            self._depth,
        )
        return dict(zip(self.views, rgb, strict=True)), dict(zip(self.views, segm, strict=True))

    def _lay_sheet(self, canvas: _Canvas) -> None:
        """Draw the table sheet once; it lies at z = 0 and hides nothing that stands on it."""
        outline = rectangle(*SHEET_SIZE, *SHEET_CENTRE)
        sheet: Mesh = prism(outline, 0.001, 1.0, low=-0.001)
        colour = np.full((1, 1, 3), _SHEET_COLOUR, np.uint8)
        pose = np.array([[0, 0, TABLE_ID, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]], np.float64)
        draw_instances(
            *join_meshes([sheet]),
            *join_textures([colour]),
            pose,
            self._cameras,
            _AMBIENT,
            _LIGHT,
            canvas.rgb,
            canvas.segm,
            canvas.depth,
        )


def _instance(body: Body) -> tuple[float, ...]:
    """One row for the rasteriser: mesh, texture, label, position, rotation, scale."""
    shape, paint = _SHAPE_NUMBER.get(body.shape), _TEXTURE_NUMBER.get(body.texture)
    if shape is None:
        raise UnknownName("shape", body.shape, SHAPES)
    if paint is None:
        raise UnknownName("texture", body.texture, _TEXTURE_NUMBER)
    if not 0 <= body.obj_id <= 255:
        raise BadInput("obj_id", body.obj_id, "0 to 255, as segmentation has 8 bits")
    return (shape, paint, body.obj_id, *body.position, *body.rotation, *body.scale)
