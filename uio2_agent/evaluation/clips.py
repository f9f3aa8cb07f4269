"""Short animated pictures of episodes, small enough to live inside a report."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from uio2_agent.errors import BadShape
from uio2_agent.storage import make_folder, write_whole

CLIPS_FOLDER = "clips"
_QUALITY = 85
_FRAME_MS, _LAST_MS = 900, 2200  # the end is what one wants to see


def encode(frames: Sequence[np.ndarray]) -> bytes:
    """Frames uint8 (H, W, 3), at least one -> an endlessly repeating WebP.

    Smaller frames are padded with white at the right and the bottom.
    """
    for frame in frames:
        if frame.ndim != 3 or frame.shape[-1] != 3 or frame.dtype != np.uint8:
            raise BadShape("frame", f"{frame.dtype} {frame.shape}", "uint8 (H, W, 3)")
    height, width = (max(frame.shape[axis] for frame in frames) for axis in (0, 1))
    pictures = []
    for frame in frames:
        canvas = Image.new("RGB", (width, height), "white")
        canvas.paste(Image.fromarray(frame))
        pictures.append(canvas)
    durations = [_FRAME_MS] * (len(frames) - 1) + [_LAST_MS]
    file = io.BytesIO()
    pictures[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        quality=_QUALITY,
    )
    return file.getvalue()


def keep(folder: Path, episode: int, frames: Sequence[np.ndarray]) -> None:
    """Write an episode's clip below the run's folder. Raises `CannotWrite`."""
    keep_encoded(folder, episode, encode(frames))


def keep_encoded(folder: Path, episode: int, clip: bytes) -> None:
    """As `keep`, with what `encode` returned."""
    write_whole(make_folder(folder / CLIPS_FOLDER) / _name(episode), clip)


def kept(folder: Path, episode: int) -> bool:
    """Whether there is a clip of the episode."""
    return (folder / CLIPS_FOLDER / _name(episode)).exists()


def data_uri(folder: Path, episode: int) -> str | None:
    """An episode's clip for the `src` of an `img`; None if there is none."""
    path = folder / CLIPS_FOLDER / _name(episode)
    if not path.exists():
        return None
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode()


def _name(episode: int) -> str:
    return f"{episode:06d}.webp"
