"""Short animated pictures of episodes, small enough to live inside a report, and their sound."""

import base64
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from uio2_agent.errors import BadShape
from uio2_agent.evaluation import sounds
from uio2_agent.storage import make_folder, write_whole

CLIPS_FOLDER = "clips"
_QUALITY = 85
_FRAME_MS, _LAST_MS = 900, 2200  # the end is what one wants to see
_WHOLE_MS = 15_000  # without the end; long episodes are shown faster
_MOST_FRAMES = 80  # of longer ones some frames are left out, or a page would grow by megabytes
_EMBEDDED = 2**20  # bytes; a longer sound, of more than 16 s, would make a page unwieldy


@dataclass
class Film:
    """What was shown and heard in an episode, from its start on; nothing if it is not recorded.

    Attributes:
        frames: uint8 (H, W, 3), what the environment rendered.
        heard: int16 (T, 2), see `sounds.samples`; none where there is nothing to hear.
    """

    frames: list[np.ndarray] = field(default_factory=list)
    heard: list[np.ndarray] = field(default_factory=list)


@dataclass(frozen=True)
class Clip:
    """A film as files: WebP, and WAV if there was anything to hear."""

    picture: bytes
    sound: bytes | None = None


@dataclass(frozen=True)
class Player:
    """What an `audio` in a page plays.

    Attributes:
        source: Its `src`.
        loudest: Decibels, see `sounds.loudest_second`.
    """

    source: str
    loudest: float


def encode_film(film: Film) -> Clip | None:
    """None of a film without frames."""
    if not film.frames:
        return None
    return Clip(encode(film.frames), sounds.encode(film.heard) if film.heard else None)


def encode(frames: Sequence[np.ndarray]) -> bytes:
    """Frames uint8 (H, W, 3), at least one -> an endlessly repeating WebP.

    Of more than 80 frames as many are kept, evenly, the first and the last among them. Smaller
    frames are padded with white at the right and the bottom.
    """
    for frame in frames:
        if frame.ndim != 3 or frame.shape[-1] != 3 or frame.dtype != np.uint8:
            raise BadShape("frame", f"{frame.dtype} {frame.shape}", "uint8 (H, W, 3)")
    frames = _thinned(frames)
    height, width = (max(frame.shape[axis] for frame in frames) for axis in (0, 1))
    pictures = []
    for frame in frames:
        canvas = Image.new("RGB", (width, height), "white")
        canvas.paste(Image.fromarray(frame))
        pictures.append(canvas)
    durations = [min(_FRAME_MS, _WHOLE_MS // len(frames))] * (len(frames) - 1) + [_LAST_MS]
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


def _thinned(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    kept = np.linspace(0, len(frames) - 1, min(len(frames), _MOST_FRAMES))
    return [frames[k] for k in np.rint(kept).astype(int)]


def keep(folder: Path, episode: int, clip: Clip) -> None:
    """Write an episode's clip below the run's folder. Raises `CannotWrite`."""
    make_folder(folder / CLIPS_FOLDER)
    if clip.sound is not None:
        write_whole(_sound(folder, episode), clip.sound)
    write_whole(_picture(folder, episode), clip.picture)  # the last, so that it means all is there


def kept(folder: Path, episode: int) -> bool:
    """Whether there is a clip of the episode."""
    return _picture(folder, episode).exists()


def data_uri(folder: Path, episode: int) -> str | None:
    """An episode's clip for the `src` of an `img`; None if there is none."""
    path = _picture(folder, episode)
    return _uri("image/webp", path.read_bytes()) if path.exists() else None


def player(folder: Path, episode: int, page: Path) -> Player | None:
    """An episode's sound for a page that lies in the folder `page`.

    A short one (16 s) goes into the page; a long one stays a file, named as seen from the page, so
    that both can be moved together. None if there is none.
    """
    path = _sound(folder, episode)
    if not path.exists():
        return None
    content = path.read_bytes()
    source = quote(Path(os.path.relpath(path, page)).as_posix())
    if len(content) <= _EMBEDDED:
        source = _uri("audio/wav", content)
    return Player(source, sounds.loudest_second(content))


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64," + base64.b64encode(content).decode()


def _picture(folder: Path, episode: int) -> Path:
    return folder / CLIPS_FOLDER / f"{episode:06d}.webp"


def _sound(folder: Path, episode: int) -> Path:
    return folder / CLIPS_FOLDER / f"{episode:06d}.wav"
