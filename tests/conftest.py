"""One thread for every test, since the models here are too small to gain from more.

On a busy machine threads that wait for each other make a forward pass ten times slower.
"""

import os
import resource

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is first imported


@pytest.fixture
def little_room():
    """Called with a size: files may grow to so many bytes, None is no limit.

    The system refuses more, and libraries tell of it, as they do when the disk is full.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int | None) -> None:
        soft = before[0] if size is None else size
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, before[1]))

    yield limit
    limit(None)
