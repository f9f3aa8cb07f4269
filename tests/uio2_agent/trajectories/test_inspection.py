"""Every episode of a folder is told of; whatever happened to its bytes, nothing else is raised."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uio2_agent.errors import BadEpisode, UnknownName
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.inspection import (
    SHARDS,
    VIMA,
    Facts,
    Inspection,
    Summary,
    size_on_disk,
)
from uio2_agent.trajectories.store import EpisodeStore, write_shard
from uio2_agent.trajectories.vima import read_vima_episode

GOLDEN = Path(__file__).parents[2] / "golden" / "vima"
RESTORE = "rearrange_then_restore/000000"
SIMPLE = "simple_manipulation/000000"
VIEWS = ("front", "top")


@pytest.fixture
def vima(tmp_path):
    return Path(shutil.copytree(GOLDEN, tmp_path / "vima"))


def episode(steps: int, level: str | None = "novel_task_generalization") -> Episode:
    rng = np.random.default_rng(steps)
    info = {"task": "rotate", "view": "top", "seed": steps} | ({"level": level} if level else {})
    return Episode(
        frames=rng.integers(0, 256, (steps + 1, 3, 8, 16), dtype=np.uint8),
        actions={"pose0_position": rng.random((steps, 2), np.float32)},
        prompt_text="Rotate it.",
        prompt_pictures=np.zeros((0, 3, 8, 16), np.uint8),
        info=info,
    )


@pytest.fixture
def data(tmp_path):
    """Two stores in a folder."""
    folder = tmp_path / "data"
    write_shard(folder / "a", 0, [episode(1), episode(2)])
    write_shard(folder / "a", 2, [episode(2)])
    write_shard(folder / "b" / "c", 0, [episode(3, level=None)])
    return folder


def damaged(folder: Path, **settings) -> list[str]:
    found = Inspection(folder, **settings)
    errors = [error for error in found if isinstance(error, BadEpisode)]
    assert len(list(found)) == len(found)
    return [str(Path(error.path).relative_to(folder)) for error in errors]


@pytest.mark.parametrize("thorough", [True, False])
def test_facts_of_vimas_trajectories(thorough):
    found = Inspection(GOLDEN, thorough=thorough)
    assert (found.kind, len(found)) == (VIMA, 2)
    assert [*found] == [
        Facts("rearrange_then_restore", "not told", VIEWS, 4),
        Facts("visual_manipulation", "not told", VIEWS, 1),
    ]


def test_facts_of_shards_in_folders_below(data):
    found = Inspection(data)
    assert (found.kind, len(found)) == (SHARDS, 4)
    lengths = [(facts.n_steps, facts.level) for facts in found if isinstance(facts, Facts)]
    level = "novel_task_generalization"
    assert lengths == [(1, level), (2, level), (2, level), (3, "not told")]
    assert len(Inspection(data / "b")) == len(Inspection(data / "b" / "c")) == 1


def test_a_summary_counts(data):
    summary = Summary()
    for facts in Inspection(data):
        assert isinstance(facts, Facts)
        summary.add(facts)
    assert (summary.episodes, summary.steps) == (4, Counter({2: 2, 1: 1, 3: 1}))
    assert (summary.tasks, summary.views) == ({"rotate": 4}, {"top": 4})
    assert summary.levels == {"novel_task_generalization": 3, "not told": 1}


def test_size_is_that_of_all_files(data):
    before = size_on_disk(data)
    (data / "b" / "more").write_bytes(bytes(100))
    assert size_on_disk(data) == before + 100 > 100


def test_corrupted_trajectories_are_named_and_the_others_still_read(vima):
    for name in ("000001", "000002", "000003"):
        shutil.copytree(vima / SIMPLE, vima / "simple_manipulation" / name)
    (vima / RESTORE / "obs.pkl").write_bytes(b"not a pickle")
    (vima / "simple_manipulation" / "000001" / "rgb_front" / "1.jpg").unlink()
    shutil.rmtree(vima / "simple_manipulation" / "000003" / "rgb_top")
    front, top = (f"simple_manipulation/{part}" for part in ("000001/rgb_front", "000003/rgb_top"))
    first = f"{RESTORE}/obs.pkl"
    assert damaged(vima) == [first, f"{front}/1.jpg", f"{top}/0.jpg"]
    assert damaged(vima, views=("top",)) == [first, f"{top}/0.jpg"]
    assert damaged(vima, views=("front",)) == [first, f"{front}/1.jpg"]


def test_a_glance_needs_the_actions_and_the_task_alone(vima):
    (vima / RESTORE / "obs.pkl").unlink()
    shutil.rmtree(vima / RESTORE / "rgb_top")
    assert next(iter(Inspection(vima, thorough=False))) == Facts(
        "rearrange_then_restore", "not told", ("front",), 4
    )
    (vima / RESTORE / "action.pkl").write_bytes(b"")
    shutil.move(vima / SIMPLE, vima / "else" / "000000")
    assert damaged(vima, thorough=False) == ["else/000000", f"{RESTORE}/action.pkl"]


@pytest.mark.parametrize("place", [0, 40, -30, -20, -12, -1])
def test_a_flipped_byte_in_a_shard_is_noticed_wherever_it_is(data, place):
    path = data / "a" / "episodes-00000000.bin"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert damaged(data) == ["a/episodes-00000000.bin"]


def test_a_shard_cut_short_is_one_thing_wrong_and_the_others_still_read(data):
    path = data / "a" / "episodes-00000000.bin"
    path.write_bytes(path.read_bytes()[:-3])
    found = Inspection(data)
    assert len(found) == 3 and damaged(data) == ["a/episodes-00000000.bin"]
    assert [facts.n_steps for facts in found if isinstance(facts, Facts)] == [2, 3]


def test_a_shard_that_goes_away_meanwhile_is_named(data):
    found = Inspection(data)
    (data / "b" / "c" / "episodes-00000000.bin").unlink()
    *_, last = found
    assert isinstance(last, BadEpisode) and "cannot be read (No such file" in str(last)


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_folder_without_episodes_is_refused(tmp_path, name):
    (tmp_path / "notes").mkdir()
    with pytest.raises(BadEpisode, match="holds no trajectories.*<task>/<number>.*uio2 record"):
        Inspection(tmp_path / name)


def test_an_unknown_view_is_told_of_when_the_first_is_read():
    with pytest.raises(UnknownName, match="unknown view 'side'"):
        list(Inspection(GOLDEN, views=("side",)))


# --- whatever happens to the bytes ------------------------------------------------------------

CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "set", "cut", "insert"]),
        # What steers the reading stands mostly at a file's start and end.
        st.one_of(st.integers(0, 400), st.integers(-400, -1), st.integers(0, 1 << 20)),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=3,
)


def spoilt(content: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    data = bytearray(content)
    for kind, place, value in changes:
        at = place % max(len(data), 1)
        if kind == "flip":
            data[at : at + 1] = [byte ^ (1 << value % 8) for byte in data[at : at + 1]]
        elif kind == "set":
            data[at : at + 1] = [value]
        elif kind == "cut":
            del data[at : at + 1 + value]
        else:
            data[at:at] = [value]
    return bytes(data)


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    return write_shard(tmp_path_factory.mktemp("store"), 0, [episode(1), episode(2), episode(1)])


@settings(max_examples=300, deadline=None)
@given(changes=CHANGES)
def test_a_shard_gives_back_what_was_written_or_bad_episode(shard, changes):
    whole = shard.read_bytes()
    try:
        shard.write_bytes(spoilt(whole, changes))
        store = EpisodeStore(shard.parent)
        assert len(store) == 3
        for i, steps in enumerate((1, 2, 1)):
            np.testing.assert_equal(vars(store[i]), vars(episode(steps)))
    except BadEpisode as error:
        assert error.path == str(shard)
    finally:
        shard.write_bytes(whole)


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory):
    return Path(shutil.copytree(GOLDEN / SIMPLE, tmp_path_factory.mktemp("vima") / SIMPLE))


@pytest.mark.parametrize("file", ["obs.pkl", "action.pkl", "trajectory.pkl", "rgb_top/0.jpg"])
@settings(max_examples=80, deadline=None)
@given(changes=CHANGES)
def test_a_trajectory_is_an_episode_of_the_same_shape_or_bad_episode(trajectory, file, changes):
    path = trajectory / file
    whole = path.read_bytes()
    try:
        path.write_bytes(spoilt(whole, changes))
        read = read_vima_episode(trajectory)
        assert (read.n_steps, read.frames.shape) == (1, (2, 3, 128, 256))
        assert np.isfinite(read.actions["pose0_position"]).all()
    except BadEpisode as error:
        assert error.path.startswith(str(trajectory))
    finally:
        path.write_bytes(whole)
