"""Films as a few pictures: frames from the middle of equal parts, without black bars (spec m).

Shapes: H, W rows and columns of a frame.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import numpy as np
from PIL import Image

from uio2_agent.errors import BadInput, MissingDependency
from uio2_agent.model.pictures import Picture, as_picture

# A file (GIF, animated WebP or PNG, or what PyAV decodes), a folder of pictures, or the frames.
Video: TypeAlias = str | Path | Sequence[Picture]

FRAMES = 5
_DARK = 16  # of 255
_MOST_BAR = 0.3  # of a side's length
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
_ANIMATED = (".gif", ".webp", ".png", ".apng", ".tif", ".tiff")
_WANT = "a film, an animated GIF or WebP, a folder of pictures, or a list of frames"


def as_history(video: Video, frames: int = FRAMES) -> list[np.ndarray]:
    """The frames the model is shown, oldest first, without black bars: at least one.

    All of a video of `frames` frames or fewer; otherwise the middle frame of each of so many equal
    parts. The last one is meant as the image input, the others as its history.

    Raises:
        BadInput: A file or folder that is missing, empty or unreadable.
        MissingDependency: PyAV is needed for this kind of file and not installed.
    """
    if isinstance(video, str | Path):
        path = Path(video)
        if path.is_dir():
            kept = _chosen(_pictures_of(path), frames)
        elif not path.is_file():
            raise BadInput(f"video {path}", "missing", _WANT)
        elif path.suffix.lower() in _ANIMATED:
            return trim_bars(_from_pillow(path, frames))
        else:
            return trim_bars(_from_film(path, frames))
    else:
        kept = _chosen(list(video), frames)
    if not kept:
        raise BadInput("video", "without frames", "at least one")
    return trim_bars([as_picture(frame, f"video[{i}]") for i, frame in enumerate(kept)])


def middles(count: int, frames: int) -> list[int]:
    """Which of `count` frames are shown: the middle one of each part; all, if there are so few."""
    if count <= frames:
        return list(range(count))
    return [(2 * i + 1) * count // (2 * frames) for i in range(frames)]


def trim_bars(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Cut edges (H, W, 3) that are dark (16 of 255 or less) in all frames, up to 30 % a side.

    Frames of different sizes, and films that are dark up to there, are left as they are.
    """
    if len({frame.shape for frame in frames}) > 1:
        return frames
    scale = 255 if frames[0].dtype == np.uint8 else 1
    lit = np.max([frame.max(axis=2) for frame in frames], axis=0) * (255 / scale) > _DARK  # (H, W)
    rows, cols = (slice(*_bar_free(lit.any(axis=axis))) for axis in (1, 0))
    return [frame[rows, cols] for frame in frames]


def _bar_free(lit: np.ndarray) -> tuple[int, int]:
    """First and last + 1 place of a side that stay."""
    size = len(lit)
    if not lit.any():
        return 0, size
    most = int(_MOST_BAR * size)
    before, after = int(lit.argmax()), int(lit[::-1].argmax())
    return min(before, most), size - min(after, most)


def _chosen(frames: list[Picture], count: int) -> list[Picture]:
    return [frames[i] for i in middles(len(frames), count)]


def _pictures_of(folder: Path) -> list[Picture]:
    """The pictures of a folder, `frame2` before `frame10`."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in _PICTURES]
    if not found:
        raise BadInput(f"video {folder}", "a folder without pictures", _WANT)

    def by_number(path: Path) -> list[tuple[int, str]]:
        return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", path.name)]

    found.sort(key=by_number)
    return [*found]


def _from_pillow(path: Path, count: int) -> list[np.ndarray]:
    kept = []
    try:
        with Image.open(path) as image:
            for i in middles(getattr(image, "n_frames", 1), count):
                image.seek(i)
                kept.append(as_picture(image, f"frame {i} of {path}"))
    except (OSError, SyntaxError, ValueError, EOFError, LookupError) as problem:
        if isinstance(problem, BadInput):
            raise
        raise BadInput(f"video {path}", f"unreadable ({problem})", _WANT) from problem
    return kept


def _from_film(path: Path, count: int) -> list[np.ndarray]:
    av = _av()
    try:
        # Counted first, so that a long film is never held as a whole.
        with av.open(str(path)) as film:
            total = sum(1 for _ in film.decode(video=0))
        wanted = set(middles(total, count))
        with av.open(str(path)) as film:
            kept = [
                frame.to_ndarray(format="rgb24")
                for i, frame in enumerate(film.decode(video=0))
                if i in wanted
            ]
    except (av.error.FFmpegError, IndexError, ValueError, OSError) as problem:
        raise BadInput(f"video {path}", f"unreadable ({problem})", _WANT) from problem
    if not kept:
        raise BadInput(f"video {path}", "without frames", _WANT)
    return kept


def _av() -> ModuleType:
    try:
        import av
    except ImportError as error:
        remedy = "Install it with `pip install av`, or give an animated GIF or a folder of frames"
        raise MissingDependency("av", "reading films", remedy) from error
    return av
