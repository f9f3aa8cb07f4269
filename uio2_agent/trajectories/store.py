"""Episodes on disk: shards of compressed, checksummed records that can be read in any order.

A shard is `episodes-<first>.bin`; it appears under its name only when whole, so an interrupted
recording leaves only whole shards behind and goes on after them. Layout: records one after the
other, then the msgpack index [[offset, length, crc32], ...], its length (8 bytes, little-endian)
and the magic. A record is a zlib-compressed msgpack map; arrays are [dtype, shape, bytes].
"""

import bisect
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import msgpack
import numpy as np

from uio2_agent.errors import BadEpisode
from uio2_agent.storage import make_folder, whole
from uio2_agent.trajectories.episode import Episode

MAGIC = b"UIO2EPS1"
_SHARDS = "episodes-*.bin"
_TAIL = struct.Struct(f"<Q{len(MAGIC)}s")
_REMEDY = "Delete that shard and record or convert again; whole shards are kept"
# What parsing raises when bytes are not what was written.
_DAMAGED = (
    zlib.error,
    msgpack.UnpackException,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
)


def write_shard(folder: Path, first: int, episodes: Iterable[Episode]) -> Path:
    """Write episodes numbered from `first`; the file is there wholly or not at all.

    Raises:
        CannotWrite: The disk is full, or the folder may not be written to.
    """
    make_folder(folder)
    path = shard_path(folder, first)
    index = []
    with whole(path) as part, part.open("wb") as f:
        for episode in episodes:
            record = zlib.compress(msgpack.packb(_to_record(episode)), level=1)
            index.append([f.tell(), len(record), zlib.crc32(record)])
            f.write(record)
        packed = msgpack.packb(index)
        f.write(packed + _TAIL.pack(len(packed), MAGIC))
    return path


def shard_path(folder: Path, first: int) -> Path:
    """The shard that starts with episode `first`."""
    return folder / f"episodes-{first:08d}.bin"


def shard_length(folder: Path, first: int) -> int:
    """Episodes in the shard that starts with number `first`, 0 without one; raises `BadEpisode`."""
    path = shard_path(folder, first)
    return len(Shard(path)) if path.exists() else 0


def shards_below(folder: Path) -> list[Path]:
    """All shards in a folder and in the folders below it, in order."""
    return sorted(folder.rglob(_SHARDS))


class Shard:
    """One file as a sequence of episodes, each of which is checked when it is read.

    Files are opened for one reading at a time: a large store has more shards than a process may
    have open files.

    Raises:
        BadEpisode: The file is cut short, damaged or no shard, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = _read_index(path)

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, i: int) -> Episode:
        """Raises `BadEpisode` where the record is not what was written."""
        offset, length, crc = self._index[i]
        with _reading(self.path) as f:
            f.seek(offset)
            record = f.read(length)
        if zlib.crc32(record) != crc:
            raise BadEpisode(str(self.path), f"episode {i} fails its checksum", _REMEDY)
        try:
            return _from_record(msgpack.unpackb(zlib.decompress(record)))
        except _DAMAGED as error:
            problem = f"episode {i} is written in another way ({error!r})"
            raise BadEpisode(str(self.path), problem, _REMEDY) from error


class EpisodeStore:
    """The shards in a folder and below it as a sequence of episodes, or the first `limit` of it.

    Raises:
        BadEpisode: A shard is cut short, is no shard, or a record's checksum does not match.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder, self.limit = folder, limit
        self._shards = [shard for path in shards_below(folder) if len(shard := Shard(path))]
        self._ends = list(accumulate(map(len, self._shards)))

    def __len__(self) -> int:
        total = self._ends[-1] if self._ends else 0
        return total if self.limit is None else min(total, self.limit)

    def __getitem__(self, i: int) -> Episode:
        if not 0 <= i < len(self):
            raise IndexError(i)
        number = bisect.bisect_right(self._ends, i)
        shard = self._shards[number]
        return shard[i - (self._ends[number] - len(shard))]


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as f:
            yield f
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise BadEpisode(str(path), problem, "Is the disk in order?") from error


def _read_index(path: Path) -> list[list[int]]:
    with _reading(path) as f:
        size = f.seek(0, os.SEEK_END)
        start = end = size - _TAIL.size
        if end >= 0:
            f.seek(end)
            length, magic = _TAIL.unpack(f.read(_TAIL.size))
            start = end - length
        if start >= 0 and start < end and magic == MAGIC:
            f.seek(start)
            index = _parse_index(f.read(length), start)
            if index is not None:
                return index
    raise BadEpisode(str(path), "is cut short, damaged or no shard of episodes", _REMEDY)


def _parse_index(packed: bytes, end: int) -> list[list[int]] | None:
    """[[offset, length, crc32], ...], None unless the records lie side by side from 0 to `end`.

    That leaves no number of the index that could be wrong unseen.
    """
    try:
        index = msgpack.unpackb(packed)
        place = 0
        for offset, length, crc in index:
            whole_numbers = all(type(n) is int for n in (offset, length, crc))
            if not whole_numbers or offset != place or length < 0:
                return None
            place += length
    except _DAMAGED:
        return None
    return index if place == end else None


def _pack_array(a: np.ndarray) -> list[Any]:
    return [a.dtype.str, list(a.shape), np.ascontiguousarray(a).tobytes()]


def _unpack_array(packed: list[Any]) -> np.ndarray:
    dtype, shape, data = packed
    return np.frombuffer(data, np.dtype(dtype)).reshape(shape)


def _to_record(episode: Episode) -> dict[str, Any]:
    return {
        "frames": _pack_array(episode.frames),
        "actions": {k: _pack_array(v) for k, v in episode.actions.items()},
        "prompt_text": episode.prompt_text,
        "prompt_pictures": _pack_array(episode.prompt_pictures),
        "labels": {k: _pack_array(v) for k, v in episode.labels.items()},
        "info": episode.info,
    }


def _from_record(record: dict[str, Any]) -> Episode:
    return Episode(
        frames=_unpack_array(record["frames"]),
        actions={k: _unpack_array(v) for k, v in record["actions"].items()},
        prompt_text=record["prompt_text"],
        prompt_pictures=_unpack_array(record["prompt_pictures"]),
        labels={k: _unpack_array(v) for k, v in record["labels"].items()},
        info=record["info"],
    )
