"""Where numba keeps what it compiled: so that importing works where nothing may be written."""

import logging
import os
import tempfile
from pathlib import Path

_LOG = logging.getLogger(__name__)

VARIABLE = "NUMBA_CACHE_DIR"

_held: list[tempfile.TemporaryDirectory] = []  # removed when the process ends


def find_place(beside: Path) -> None:
    """Give numba a temporary folder if it could write neither beside the code nor at home.

    Without any, each of its functions with a cache is refused when its file is imported. What this
    process and its children compile is lost afterwards, and the log says how to keep it. Must come
    before numba is imported, and does not import it.

    Args:
        beside: Folder of the code.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    places = (beside / "__pycache__", Path(home) / "numba")
    if os.environ.get(VARIABLE) or any(_writable(place) for place in places):
        return
    _held.append(tempfile.TemporaryDirectory(prefix="uio2-numba-"))
    os.environ[VARIABLE] = _held[-1].name
    _LOG.warning(
        "neither %s nor %s can be written to: what is compiled now, for up to a minute, will be "
        "again in the next run; set %s to a folder that stays",
        *places,
        VARIABLE,
    )


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
