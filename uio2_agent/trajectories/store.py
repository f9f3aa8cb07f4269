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
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import msgpack
import numpy as np

from uio2_agent.errors import BadEpisode
from uio2_agent.storage import make_folder, whole
from uio2_agent.trajectories.episode import Episode

MAGIC = b"UIO2EPS1"
_REMEDY = "Delete that shard and record again; whole shards are kept"


def write_shard(folder: Path, first: int, episodes: Iterable[Episode]) -> Path:
    """Write episodes numbered from `first`; the file is there wholly or not at all.

    Raises:
        CannotWrite: The disk is full, or the folder may not be written to.
    """
    make_folder(folder)
    path = _shard_path(folder, first)
    index = []
    with whole(path) as part, part.open("wb") as f:
        for episode in episodes:
            record = zlib.compress(msgpack.packb(_to_record(episode)), level=1)
            index.append([f.tell(), len(record), zlib.crc32(record)])
            f.write(record)
        packed = msgpack.packb(index)
        f.write(packed + struct.pack("<Q", len(packed)) + MAGIC)
    return path


def shard_length(folder: Path, first: int) -> int:
    """Episodes in the shard that starts with number `first`, 0 without one; raises `BadEpisode`."""
    path = _shard_path(folder, first)
    return len(_read_index(path)) if path.exists() else 0


class EpisodeStore:
    """A folder of shards as a sequence of episodes, all of them or the first `limit`.

    Raises:
        BadEpisode: A shard is cut short, is no shard, or a record's checksum does not match.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder, self.limit = folder, limit
        self._shards: list[tuple[Path, list[list[int]]]] = []
        self._ends: list[int] = []
        for path in sorted(folder.glob("episodes-*.bin")):
            index = _read_index(path)
            if index:
                self._shards.append((path, index))
                self._ends.append((self._ends[-1] if self._ends else 0) + len(index))
        self._files: dict[int, BinaryIO] = {}

    def __len__(self) -> int:
        total = self._ends[-1] if self._ends else 0
        return total if self.limit is None else min(total, self.limit)

    def __getitem__(self, i: int) -> Episode:
        if not 0 <= i < len(self):
            raise IndexError(i)
        shard = bisect.bisect_right(self._ends, i)
        path, index = self._shards[shard]
        offset, length, crc = index[i - (self._ends[shard] - len(index))]
        file = self._files.get(shard)
        if file is None:
            file = self._files[shard] = path.open("rb")
        record = os.pread(file.fileno(), length, offset)
        if zlib.crc32(record) != crc:
            raise BadEpisode(str(path), f"episode {i} fails its checksum", _REMEDY)
        return _from_record(msgpack.unpackb(zlib.decompress(record)))

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


def _shard_path(folder: Path, first: int) -> Path:
    return folder / f"episodes-{first:08d}.bin"


def _read_index(path: Path) -> list[list[int]]:
    tail = 8 + len(MAGIC)
    with path.open("rb") as f:
        size = f.seek(0, os.SEEK_END)
        if size >= tail:
            f.seek(size - tail)
            length, magic = struct.unpack(f"<Q{len(MAGIC)}s", f.read(tail))
            if magic == MAGIC and length <= size - tail:
                f.seek(size - tail - length)
                return msgpack.unpackb(f.read(length))
    raise BadEpisode(str(path), "is cut short or no shard of episodes", _REMEDY)


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
