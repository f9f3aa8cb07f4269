"""Real processes: they play, die, hang, are limited and are gone afterwards."""

import os
import signal
import time
from functools import partial
from multiprocessing import active_children

import pytest

from uio2_agent.envs.counting import Counting
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.player import Parts, Player
from uio2_agent.evaluation.processes import Processes
from uio2_agent.evaluation.shards import Died, Finished, Message, Played, Ready, Shard
from uio2_agent.policies.baseline import RandomPolicy

SEED = 900_000
CELL = Cell("easy", "counting")


def make_env(cell, **settings) -> Counting:
    return Counting(limit=6, **settings)


def make_policy(cell) -> RandomPolicy:
    return RandomPolicy(Counting().action_space)


class Telling(Counting):
    """Its prompt is what the process finds in its surroundings."""

    def __init__(self, cell) -> None:
        super().__init__(limit=6)

    def _info(self):
        ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        threads = os.environ.get("OMP_NUM_THREADS")
        return {**super()._info(), "prompt": f"threads {threads}, Ctrl-C ignored {ignored}"}


@pytest.fixture
def pool():
    made = []

    def make(threads=1, env=make_env, **settings):
        make_ours = partial(env, **settings) if settings else env
        made.append(Processes(Parts(make_ours, make_policy, SEED, 2), threads))
        return made[-1]

    yield make
    for each in made:
        each.close()
    assert not active_children()


def hear(pool, place=0, until=(Finished, Died), timeout=60.0):
    """All messages of a place up to one of the kinds named."""
    told: list[Message] = []
    end = time.monotonic() + timeout
    while not (told and isinstance(told[-1], until)):
        assert time.monotonic() < end
        told += [message for _, message in pool.wait([place], timeout)]
    return told


def test_a_process_says_what_one_here_would_say(pool):
    here = [*Player(Parts(make_env, make_policy, SEED, 2)).play(Shard(CELL, (0, 1, 2)))]
    there = pool()
    there.give(0, Shard(CELL, (0, 1, 2)))
    assert hear(there)[:-1] == here[:-1]
    there.give(0, Shard(CELL, (0, 1, 2)))  # the same process again
    assert hear(there)[:-1] == here[:-1] and len(active_children()) == 1


def test_it_has_its_share_of_threads_and_leaves_ctrl_c_to_the_ledgers_process(pool):
    before = os.environ.get("OMP_NUM_THREADS"), signal.getsignal(signal.SIGINT)
    there = pool(threads=3, env=Telling)
    there.give(0, Shard(CELL, (0,)))
    (played,) = [m for m in hear(there) if isinstance(m, Played)]
    assert played.episode.prompt == "threads 3, Ctrl-C ignored True"
    assert (os.environ.get("OMP_NUM_THREADS"), signal.getsignal(signal.SIGINT)) == before


def test_a_death_is_told_after_what_was_finished_and_a_new_one_takes_its_place(pool):
    there = pool(raise_at=0, raise_seeds=[SEED + 2], fault="exit")
    there.give(0, Shard(CELL, (0, 1, 2)))
    told = hear(there)
    assert told[0] == Ready() and told[-1] == Died("exit code 3")
    there.give(0, Shard(CELL, (0, 1)))
    assert isinstance(hear(there)[-1], Finished)


def test_one_that_hangs_is_ended(pool):
    there = pool(raise_at=0, raise_seeds=[SEED], fault="hang")
    there.give(0, Shard(CELL, (0,)))
    assert hear(there, until=(Ready,)) == [Ready()]
    assert there.wait([0], 0.2) == []
    start = time.monotonic()
    there.end(0)
    assert time.monotonic() - start < 5 and not active_children()


def test_one_that_died_while_idle_is_noticed_when_work_comes(pool):
    there = pool()
    there.give(0, Shard(CELL, (0,)))
    hear(there)
    (process,) = active_children()
    process.kill()
    process.join()
    there.give(0, Shard(CELL, (1,)))
    assert hear(there) == [Died("exit code -9")]
