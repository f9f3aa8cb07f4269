"""Standard output that stays clean while somebody else's code talks (vima_bench.md §1.2, row 15).

What the benchmark prints comes from C as well as from Python, so the file descriptor is turned
away, for the whole process, as long as the block lasts.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

_LIBC = ctypes.CDLL(None)


@contextlib.contextmanager
def quiet_stdout() -> Iterator[None]:
    """Nothing that is printed inside reaches file descriptor 1 or `sys.stdout`."""
    print(end="", flush=True)  # ours goes out first
    kept = os.dup(1)
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            os.dup2(nowhere.fileno(), 1)
            yield
    finally:
        _LIBC.fflush(None)  # else C's buffer would speak up after the descriptor is back
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def stdout_as_stderr() -> Iterator[None]:
    """What Python code prints inside is told, but not among our output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
