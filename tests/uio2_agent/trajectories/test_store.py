"""Episodes come back from disk as they were, or not at all."""

import resource

import numpy as np
import pytest

from uio2_agent.errors import BadEpisode
from uio2_agent.trajectories import store as store_file
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.store import EpisodeStore, write_shard


def episode(seed: int) -> Episode:
    rng = np.random.default_rng(seed)
    return Episode(
        frames=rng.integers(0, 256, (3, 3, 16, 32), dtype=np.uint8),
        actions={"pose0_position": rng.random((2, 2), np.float32)},
        prompt_text=f"Put <image_history_1> there, {seed}.",
        prompt_pictures=rng.integers(0, 256, (1, 3, 16, 32), dtype=np.uint8),
        labels={"places": rng.random((1, 4, 3), np.float32)},
        info={"seed": seed, "objects": ["red bowl"]},
    )


def assert_same(a: Episode, b: Episode) -> None:
    np.testing.assert_equal(vars(a), vars(b))
    assert a.frames.dtype == b.frames.dtype


@pytest.fixture
def folder(tmp_path):
    write_shard(tmp_path, 0, (episode(i) for i in range(5)))
    write_shard(tmp_path, 5, (episode(i) for i in range(5, 8)))
    return tmp_path


def test_episodes_come_back_in_any_order(folder):
    store = EpisodeStore(folder)
    assert len(store) == 8
    for i in (7, 0, 4, 5):
        assert_same(store[i], episode(i))


def test_an_index_out_of_range_is_an_index_error(folder):
    with pytest.raises(IndexError):
        EpisodeStore(folder)[8]


def test_an_interrupted_recording_leaves_only_whole_shards(folder):
    def interrupted():
        yield episode(8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(folder, 8, interrupted())
    assert sorted(p.name for p in folder.iterdir()) == [
        "episodes-00000000.bin",
        "episodes-00000005.bin",
    ]
    assert len(EpisodeStore(folder)) == 8


def test_a_shard_cut_short_is_named(folder):
    path = folder / "episodes-00000005.bin"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadEpisode, match=r"episodes-00000005.bin: is cut short"):
        EpisodeStore(folder)


def test_a_changed_byte_is_noticed(folder):
    path = folder / "episodes-00000000.bin"
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(data)
    store = EpisodeStore(folder)
    with pytest.raises(BadEpisode, match="episode 0 fails its checksum"):
        store[0]
    assert_same(store[4], episode(4))


def test_an_empty_folder_is_an_empty_store(tmp_path):
    assert len(EpisodeStore(tmp_path)) == 0


def test_a_limit_keeps_to_the_first_episodes(folder):
    store = EpisodeStore(folder, limit=6)
    assert len(store) == 6
    assert_same(store[5], episode(5))
    with pytest.raises(IndexError):
        store[6]


def test_folders_below_are_part_of_a_store(folder):
    write_shard(folder / "below", 0, [episode(20)])
    store = EpisodeStore(folder)
    assert len(store) == 9 and {store[i].info["seed"] for i in range(9)} == {*range(8), 20}


def test_a_store_may_have_more_shards_than_a_process_may_open_files(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for i in range(60):
        write_shard(tmp_path, i, [episode(i)])
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 50), hard))
    try:
        store = EpisodeStore(tmp_path)
        assert [store[i].info["seed"] for i in range(60)] == [*range(60)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_record_written_in_another_way_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(store_file, "_to_record", lambda episode: {"frames": [1, 2]})
    write_shard(tmp_path, 0, [episode(0)])
    with pytest.raises(BadEpisode, match="episode 0 is written in another way"):
        EpisodeStore(tmp_path)[0]
