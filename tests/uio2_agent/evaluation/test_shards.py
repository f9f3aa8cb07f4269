"""Work is cut so that nothing is lost and workers end together."""

from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.shards import cut

A, B = Cell("easy", "push"), Cell("easy", "pull")


def test_every_missing_episode_is_in_exactly_one_shard():
    missing = {A: [0, 3, *range(7, 90)], B: [*range(100)]}
    shards = cut(missing, workers=2, num_envs=4)
    for cell, numbers in missing.items():
        parts = [shard.numbers for shard in shards if shard.cell == cell]
        assert [n for part in parts for n in part] == numbers


def test_a_single_cell_keeps_all_workers_busy():
    shards = cut({A: [*range(100)]}, workers=4, num_envs=1)
    assert len(shards) >= 16


def test_a_shard_fills_the_rows_of_a_worker():
    shards = cut({A: [*range(20)]}, workers=8, num_envs=4)
    assert [len(shard.numbers) for shard in shards] == [4] * 5


def test_nothing_missing_is_no_work():
    assert cut({A: [], B: []}, workers=2, num_envs=4) == []
