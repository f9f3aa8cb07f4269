"""Files that are either whole or not there, and disks that say clearly when they are full."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from uio2_agent.errors import CannotWrite

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file size limit is reached",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOTDIR: "a file is in the way of a folder",
    errno.EEXIST: "a file is in the way of a folder",
    errno.ENAMETOOLONG: "a name is too long",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what a file system may refuse into `CannotWrite`; other errors pass."""
    try:
        yield
    except Exception as error:
        # Writers such as torch.save raise an error of their own because of the system's.
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, OSError) and cause.errno in _REASONS:
                raise CannotWrite(str(path), _REASONS[cause.errno]) from error
            cause = cause.__cause__ or cause.__context__
        raise


def make_folder(path: Path) -> Path:
    """The folder, with those above it. Raises `CannotWrite`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise folder_refused(path, error) from error
    return path


def folder_refused(path: str | Path, error: OSError) -> CannotWrite:
    """What to raise when the file system refuses a folder."""
    if error.errno == errno.ENOENT:  # it is not those above it that are missing
        return CannotWrite(str(path), "no folder can be made there")
    return CannotWrite(str(path), _REASONS.get(error.errno or 0, str(error.strerror)))


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """What to write to instead of `path`, so that a reader never meets half a file.

    It takes the place of `path` when the block ends well and is gone if not.

    Raises:
        CannotWrite: The disk is full, or the folder is not ours to write to.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        try:
            yield beside
            with beside.open("rb+") as file:
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


def write_whole(path: Path, content: bytes) -> None:
    """As `whole`, with content at hand."""
    with whole(path) as beside:
        beside.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    """As `write_whole`; NaN is refused, since JSON has none."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode())
