"""An episode at a glance, for `env.render()`: prompt, what the cameras see, what was last done."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.rendering import drawing
from uio2_agent.envs.tabletop.actions import Move
from uio2_agent.envs.tabletop.cameras import project
from uio2_agent.envs.tabletop.prompts import Prompt

_FRAME = (150, 150, 150)
SCALE = 2  # screen pixels per camera pixel


def episode_picture(
    prompt: Prompt,
    prompt_views: NDArray[np.uint8],
    views: Mapping[str, NDArray[np.uint8]],
    last: Move | None = None,
) -> NDArray[np.uint8]:
    """Top and front view side by side, the prompt above, the last action drawn into both.

    Args:
        prompt: Text, and names of its pictures.
        prompt_views: uint8 (n, 2, 3, H, W): its pictures in reading order, front and top.
        views: Camera pictures uint8 (3, H, W); "top" and "front".
        last: Cross where it picked, arrow to where it placed.

    Returns:
        uint8 (height, width, 3); the same size throughout an episode, even sides.
    """
    sides = []
    for view in ("top", "front"):
        picture = drawing.enlarge(drawing.channels_last(views[view]), SCALE)
        if last is not None:
            pick, place = (_on_screen(view, xy) for xy in (last.pick, last.place))
            picture = drawing.pick_and_place(picture, pick, place)
        sides.append(picture)
    sheet = drawing.tile(sides)
    if len(prompt_views):
        # Grey frames, as object pictures are white out to their edge. The top view is shown.
        tops = [drawing.channels_last(p[1]) for p in prompt_views]
        columns = min(4, len(tops))
        strip = drawing.tile(tops, columns=columns, border=2, colour=_FRAME)
        width = max(strip.shape[1], sheet.shape[1])
        sheet = np.concatenate([_widen(strip, width), _widen(sheet, width)])
    picture = drawing.caption(sheet, prompt.text, size=14)
    height, width, _ = picture.shape  # video codecs want even sides
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), constant_values=255)


def _on_screen(view: str, xy: tuple[float, float]) -> tuple[float, float]:
    column, row = project(view, *xy)
    return SCALE * column, SCALE * row


def _widen(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """White to the right of a picture."""
    missing = ((0, 0), (0, width - picture.shape[1]), (0, 0))
    return np.pad(picture, missing, constant_values=255)
