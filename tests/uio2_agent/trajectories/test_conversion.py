"""VIMA's trajectories become shards of ours, whole ones at a time."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.errors import BadEpisode, CannotWrite, RunMismatch
from uio2_agent.trajectories import conversion
from uio2_agent.trajectories.conversion import convert_trajectories
from uio2_agent.trajectories.store import EpisodeStore
from uio2_agent.trajectories.vima import read_vima_episode

GOLDEN = Path(__file__).parents[2] / "golden" / "vima" / "simple_manipulation" / "000000"


@pytest.fixture(autouse=True)
def short_shards(monkeypatch):
    monkeypatch.setattr(conversion, "SHARD", 2)


@pytest.fixture
def paths(tmp_path):
    """Five trajectories, alike."""
    numbers = [tmp_path / "vima" / "simple_manipulation" / f"{n:06d}" for n in range(5)]
    return [Path(shutil.copytree(GOLDEN, number)) for number in numbers]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def read(monkeypatch):
    """The trajectories that were read, by number."""
    numbers: list[int] = []

    def reading(path, view, inner=read_vima_episode):
        numbers.append(int(path.name))
        return inner(path, view)

    monkeypatch.setattr(conversion, "read_vima_episode", reading)
    return numbers


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def spoil(path: Path) -> bytes:
    """Cut a file short -> what it was."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


@pytest.mark.parametrize("view", ["top", "front"])
def test_every_trajectory_comes_back_as_it_is_read(paths, folder, view):
    result = convert_trajectories(paths, folder, view)
    assert (result.folder, result.episodes, result.skipped) == (folder, 5, {})
    store = EpisodeStore(folder)
    for i, path in enumerate(paths):
        np.testing.assert_equal(vars(store[i]), vars(read_vima_episode(path, view)))
    assert store[0].actions["pose1_position"].dtype == np.float32


def test_what_is_there_is_not_converted_again(paths, folder, read):
    convert_trajectories(paths, folder)
    before = content(folder)
    read.clear()
    told: list[int] = []
    assert convert_trajectories(paths, folder, advance=told.append).episodes == 5
    assert content(folder) == before and read == [] and sum(told) == 5


def test_more_trajectories_may_be_added_and_fewer_change_nothing(paths, folder, tmp_path, read):
    convert_trajectories(paths, tmp_path / "at_once")
    for count, wanted in ((1, [0]), (3, [0, 1, 2]), (2, []), (5, [2, 3, 4])):
        read.clear()
        convert_trajectories(paths[:count], folder)
        assert read == wanted
    assert content(folder) == content(tmp_path / "at_once")


def test_one_that_appears_between_the_others_is_converted_too(paths, folder):
    convert_trajectories([*paths[:1], *paths[2:]], folder)
    assert convert_trajectories(paths, folder).episodes == 5


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interruption_leaves_whole_shards_that_are_gone_on_with(
    paths, folder, tmp_path, monkeypatch, failure
):
    convert_trajectories(paths, tmp_path / "at_once")

    def reading(path, view):
        if path == paths[3]:
            raise failure
        return read_vima_episode(path, view)

    with monkeypatch.context() as m:
        m.setattr(conversion, "read_vima_episode", reading)
        expected = KeyboardInterrupt if failure is KeyboardInterrupt else CannotWrite
        with pytest.raises(expected):
            convert_trajectories(paths, folder)
    assert [*content(folder)] == ["episodes-00000000.bin", "episodes-00000000.json", "source.json"]
    convert_trajectories(paths, folder)
    assert content(folder) == content(tmp_path / "at_once")


def test_a_shard_whose_list_was_not_written_any_more_is_made_again(paths, folder, read):
    convert_trajectories(paths, folder)
    before = content(folder)
    (folder / "episodes-00000002.json").unlink()
    read.clear()
    convert_trajectories(paths, folder)
    assert read == [2, 3] and content(folder) == before


def test_a_corrupted_trajectory_ends_the_conversion_and_is_named(paths, folder):
    spoil(paths[2] / "obs.pkl")
    with pytest.raises(BadEpisode, match="000002/obs.pkl: .*on_bad_episode=skip leaves out"):
        convert_trajectories(paths, folder)
    assert len(EpisodeStore(folder)) == 2


def test_corrupted_trajectories_are_left_out_and_named_when_asked_for(paths, folder):
    for number in (0, 2, 3):
        spoil(paths[number] / "action.pkl")
    told: list[int] = []
    result = convert_trajectories(paths, folder, skip=True, advance=told.append)
    assert result.episodes == 2 and sum(told) == 5
    assert [*result.skipped] == [f"simple_manipulation/{n:06d}" for n in (0, 2, 3)]
    assert "000002/action.pkl: " in result.skipped["simple_manipulation/000002"]
    assert convert_trajectories(paths, folder, skip=True) == result
    with pytest.raises(BadEpisode, match="000000/action.pkl"):
        convert_trajectories(paths, folder)


def test_what_was_left_out_is_taken_in_once_it_is_repaired(paths, folder, tmp_path, read):
    whole = spoil(paths[3] / "action.pkl")
    convert_trajectories(paths, folder, skip=True)
    (paths[3] / "action.pkl").write_bytes(whole)
    read.clear()
    result = convert_trajectories(paths, folder, skip=True)
    assert (result.episodes, result.skipped) == (5, {})
    assert 0 not in read and 4 not in read  # their shards were whole
    convert_trajectories(paths, tmp_path / "at_once")
    assert content(folder) == content(tmp_path / "at_once")


def test_a_folder_of_another_view_or_source_is_not_added_to(paths, folder, tmp_path):
    convert_trajectories(paths[:1], folder)
    before = content(folder)
    with pytest.raises(RunMismatch, match="view: top then, front now"):
        convert_trajectories(paths, folder, "front")
    elsewhere = shutil.copytree(paths[0].parent, tmp_path / "elsewhere" / "simple_manipulation")
    with pytest.raises(RunMismatch, match="source: .*vima then, .*elsewhere now"):
        convert_trajectories([elsewhere / "000000"], folder)
    assert content(folder) == before


def test_paths_may_be_relative(paths, folder, monkeypatch):
    monkeypatch.chdir(paths[0].parent)
    convert_trajectories([Path(path.name) for path in paths], folder)
    assert convert_trajectories(paths, folder).episodes == 5


def test_a_shard_that_was_cut_short_is_named(paths, folder):
    convert_trajectories(paths, folder)
    spoil(folder / "episodes-00000002.bin")
    with pytest.raises(BadEpisode, match=r"episodes-00000002\.bin: is cut short"):
        convert_trajectories(paths, folder)


def test_a_list_that_cannot_be_read_is_named(paths, folder):
    convert_trajectories(paths, folder)
    spoil(folder / "episodes-00000002.json")
    with pytest.raises(BadEpisode, match=r"episodes-00000002\.json: cannot be read"):
        convert_trajectories(paths, folder)
