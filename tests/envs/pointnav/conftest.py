"""Golden data of the reference simulator: what it answered, its scene and its episodes."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"


@pytest.fixture(scope="session")
def golden():
    """What the reference answered."""
    with gzip.open(GOLDEN / "habitat.json.gz") as file:
        return json.load(file)


@pytest.fixture(scope="session")
def episodes_file():
    """The six episodes, in the reference's format."""
    return GOLDEN / "pointnav" / "two_rooms" / "v1" / "val" / "val.json.gz"


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    """Called with a task, a folder of the scene with the navmesh of that task's body beside it."""
    folders = {}
    for task in ("v1", "v2"):
        folders[task] = tmp_path_factory.mktemp(task)
        shutil.copy(GOLDEN / "two_rooms.glb", folders[task])
        shutil.copy(GOLDEN / f"two_rooms_{task}.navmesh", folders[task] / "two_rooms.navmesh")
    return folders.__getitem__
