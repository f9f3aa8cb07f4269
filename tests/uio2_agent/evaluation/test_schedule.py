"""Every episode ends, whatever happens to the workers, and ends alike whoever played it."""

import pytest

from uio2_agent.envs.counting import Counting
from uio2_agent.errors import RemoteFailed, UnknownName, WorkerLost
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.player import Parts
from uio2_agent.evaluation.schedule import Schedule
from uio2_agent.evaluation.shards import Died, Failed, Finished, Ready, cut
from uio2_agent.policies.baseline import RandomPolicy

SEED = 900_000
CELL = Cell("easy", "counting")


def policy(cell):
    return RandomPolicy(Counting().action_space)


class Deadly(Counting):
    """Kills its worker in the episodes `victims`, so many times each."""

    def __init__(self, victims, error) -> None:
        super().__init__(limit=6)
        self.victims, self.error = victims, error

    def step(self, action):
        if self.victims.get(self._seed, 0) > 0:
            self.victims[self._seed] -= 1
            raise self.error
        return super().step(action)


def play(pool, episodes=20, workers=2, num_envs=3, **more):
    shards = cut({CELL: [*range(episodes)]}, workers, num_envs)
    schedule = Schedule(pool, shards, workers=workers, num_envs=num_envs, seed=SEED, **more)
    told = [message for _, message in schedule]
    played = [message.episode for message in told if not isinstance(message, Finished)]
    return sorted(played, key=lambda episode: episode.episode)


def numbers(episodes) -> list[int]:
    return [episode.episode for episode in episodes]


@pytest.fixture
def calm(in_process):
    return lambda num_envs=3: in_process(Parts(lambda c: Counting(limit=6), policy, SEED, num_envs))


@pytest.mark.parametrize(("workers", "num_envs"), [(1, 4), (3, 1), (4, 7)])
def test_outcomes_do_not_depend_on_workers_or_rows(calm, workers, num_envs):
    expected = play(calm(1), workers=1, num_envs=1)
    assert numbers(expected) == [*range(20)]
    assert play(calm(num_envs), workers=workers, num_envs=num_envs) == expected


@pytest.mark.parametrize("num_envs", [1, 3])
def test_a_worker_that_dies_once_costs_no_episode(in_process, killed, calm, num_envs):
    victims = {SEED + 4: 1, SEED + 11: 1}
    pool = in_process(Parts(lambda c: Deadly(victims, killed), policy, SEED, num_envs))
    assert play(pool, num_envs=num_envs) == play(calm())
    assert pool.ended and not any(victims.values())


@pytest.mark.parametrize(("workers", "num_envs"), [(1, 1), (2, 3)])
def test_one_that_kills_twice_is_an_error_and_its_neighbours_are_not(
    in_process, killed, calm, workers, num_envs
):
    victims = {SEED + 4: 9, SEED + 5: 9}
    pool = in_process(Parts(lambda c: Deadly(victims, killed), policy, SEED, num_envs))
    played = play(pool, workers=workers, num_envs=num_envs)
    assert [e.episode for e in played if e.error] == [4, 5]
    assert played[4].error == "worker died (exit code -9), twice" and not played[4].success
    assert (played[4].seed, played[4].task) == (SEED + 4, "counting")
    intact = play(calm())
    assert [e for e in played if not e.error] == [e for e in intact if e.episode not in (4, 5)]
    assert {*victims.values()} <= {7, 8}  # one that was in play beside a killer is tried once


def test_an_environment_whose_own_process_died_is_played_once_more(in_process, calm):
    from uio2_agent.errors import RemoteLost

    victims = {SEED + 4: 1, SEED + 5: 9}
    lost = RemoteLost("env", "died", -9)
    pool = in_process(Parts(lambda c: Deadly(victims, lost), policy, SEED, 3))
    played = play(pool)
    assert [e.episode for e in played if e.error] == [5]
    assert played[4] == play(calm())[4] and victims == {SEED + 4: 0, SEED + 5: 7}


def test_workers_that_die_before_they_play_end_the_run(in_process, killed):
    def too_large(cell):
        raise killed

    with pytest.raises(WorkerLost, match="2 workers in a row died .*exit code -9"):
        play(in_process(Parts(lambda c: Counting(), too_large, SEED)))


def test_what_would_fail_everywhere_is_raised_as_itself(in_process):
    def misspelt(cell):
        try:
            raise UnknownName("checkpoint", "nanno", ["nano"])
        except UnknownName as error:
            raise RuntimeError("Error instantiating") from error

    with pytest.raises(UnknownName, match="nanno"):
        play(in_process(Parts(lambda c: Counting(), misspelt, SEED)))

    def broken(cell):
        raise ZeroDivisionError("ours")

    with pytest.raises(RemoteFailed, match="ZeroDivisionError .*: ours"):
        play(in_process(Parts(lambda c: Counting(), broken, SEED)))


class Scripted:
    """A pool that says what it is told to, and notes what is asked of it."""

    def __init__(self, *script) -> None:
        self.script = [*script]
        self.given: list[tuple[int, ...]] = []
        self.ended: list[int] = []

    def give(self, place, shard):
        self.given.append(shard.numbers)

    def wait(self, places, timeout):
        return self.script.pop(0)

    def end(self, place):
        self.ended.append(place)

    def close(self):
        """Nothing is open."""


def test_of_several_episodes_that_hang_together_each_is_tried_alone():
    silence: list = []
    pool = Scripted([(0, Ready())], silence, [(0, Failed(WorkerLost("the test", "over")))])
    with pytest.raises(WorkerLost, match="the test"):
        play(pool, episodes=5, workers=1, num_envs=3, episode_timeout_s=1e-9)
    assert pool.ended == [0]
    assert pool.given == [(0, 1, 2), (3, 4)]


def test_one_that_hangs_alone_is_an_error():
    pool = Scripted([(0, Ready())], [], [(0, Ready())], [])
    played = play(pool, episodes=2, workers=1, num_envs=1, episode_timeout_s=1e-9)
    assert [e.error for e in played] == ["timed out after 1e-09 s"] * 2
    assert pool.ended == [0, 0]


def test_loading_takes_as_long_as_it_takes():
    pool = Scripted([], [], [(0, Died("exit code 1"))], [], [(0, Died("exit code 1"))])
    with pytest.raises(WorkerLost):
        play(pool, episodes=2, workers=1, num_envs=1, episode_timeout_s=1e-9)
    assert pool.ended == []
