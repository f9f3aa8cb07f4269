"""Files are whole or absent, and a full disk is named."""

import errno
import os
import pickle
from pathlib import Path

import pytest

from uio2_agent import storage
from uio2_agent.errors import CannotWrite
from uio2_agent.storage import make_folder, whole, write_json, write_whole, writing


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    write_whole(path, b"old")

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(CannotWrite, match="disk is full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_an_interruption_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    write_whole(path, b"old")

    def interrupted(fd):
        raise KeyboardInterrupt

    monkeypatch.setattr(storage.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(CannotWrite, match="taken"):
        make_folder(tmp_path / "taken")
    with pytest.raises(CannotWrite, match="in the way"):
        make_folder(tmp_path / "taken" / "below")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_file_system_without_room_for_folders_is_named():
    with pytest.raises(CannotWrite, match="cannot write /proc/x/y: no folder can be made there"):
        make_folder(Path("/proc/x/y"))


@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO])
def test_every_reason_against_a_folder_is_told(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code), "x")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(CannotWrite, match="(?i)read-only|input/output error"):
        make_folder(tmp_path / "x")


def test_a_name_that_is_too_long_is_named(tmp_path):
    for write in (make_folder, lambda path: write_whole(path, b"")):
        with pytest.raises(CannotWrite, match="name is too long"):
            write(tmp_path / ("x" * 300))


def test_a_writer_that_hides_the_systems_reason_is_seen_through(tmp_path):
    with pytest.raises(CannotWrite, match="disk is full"), whole(tmp_path / "weights") as beside:
        beside.write_bytes(b"half")
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise RuntimeError("unexpected position") from None
    assert os.listdir(tmp_path) == []


def test_a_real_limit_of_the_system_is_named(tmp_path, little_room):
    write_whole(tmp_path / "x", b"old")
    little_room(1000)
    with pytest.raises(CannotWrite, match="file size limit"):
        write_whole(tmp_path / "x", bytes(2000))
    little_room(None)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_other_errors_of_the_system_pass(tmp_path):
    with pytest.raises(FileNotFoundError), writing(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "gone")
    with pytest.raises(ZeroDivisionError), whole(tmp_path / "x"):
        raise ZeroDivisionError


def test_nan_is_refused_rather_than_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"mean": float("nan")})
    assert os.listdir(tmp_path) == []


def test_the_error_survives_pickling_and_is_an_os_error():
    error = pickle.loads(pickle.dumps(CannotWrite("/data/run", "the disk is full")))
    assert isinstance(error, OSError)
    assert str(error).startswith("cannot write /data/run: the disk is full.")
