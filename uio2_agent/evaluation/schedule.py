"""Who plays what: hands shards to workers, and sees to it that every episode ends somehow.

A worker that dies takes up to `num_envs` episodes with it, and one may have killed it. Each of
them is played again, alone; one whose worker dies a second time counts as an error. An episode
over its time limit is found in the same way. So an episode's outcome depends neither on how many
workers there are nor on what is played beside it.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from uio2_agent.errors import WorkerLost
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.processes import Pool
from uio2_agent.evaluation.shards import (
    Died,
    Failed,
    Finished,
    Message,
    Played,
    Ready,
    Shard,
)

# How an episode's error begins whose environment's own process died: in a vector env, or remote.
_ENV_DIED = ("worker died", "RemoteLost")
_TRIES = 2


@dataclass
class _Job:
    """A shard being played; `began` holds when the episodes in play started, by this clock."""

    shard: Shard
    rows: int
    left: list[int] = field(init=False)
    began: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = [*self.shard.numbers]

    def begin(self) -> None:
        """Rows take up episodes in order, as soon as they are free."""
        for number in self.left[: self.rows]:
            self.began.setdefault(number, time.monotonic())

    def end(self, number: int) -> None:
        self.left.remove(number)
        self.began.pop(number, None)
        self.begin()

    @property
    def oldest(self) -> float | None:
        return min(self.began.values(), default=None)


class Schedule:
    """Plays shards and yields `(cell, Played | Finished)` as things happen.

    Args:
        pool: Where; whoever made it closes it.
        shards: What.
        workers: How many play at once.
        num_envs: Episodes a worker plays at once.
        seed: Of episode 0.
        episode_timeout_s: Wall-clock limit of one episode, the policy's time included, loading
            it excluded; None is no limit.

    Raises:
        WorkerLost: Workers die before they can play anything.
        AgentError: What a worker said would fail in every episode.
    """

    def __init__(
        self,
        pool: Pool,
        shards: Iterable[Shard],
        *,
        workers: int,
        num_envs: int,
        seed: int,
        episode_timeout_s: float | None = None,
    ) -> None:
        self._pool, self._queue = pool, deque(shards)
        self._workers, self._rows, self._seed = workers, num_envs, seed
        self._limit = episode_timeout_s
        self._jobs: dict[int, _Job] = {}
        self._deaths: Counter[tuple[Cell, int]] = Counter()
        self._stillborn = 0

    def __iter__(self) -> Iterator[tuple[Cell, Played | Finished]]:
        while self._queue or self._jobs:
            for place in range(self._workers):
                if self._queue and place not in self._jobs:
                    shard = self._queue.popleft()
                    self._jobs[place] = _Job(shard, min(self._rows, len(shard.numbers)))
                    self._pool.give(place, shard)
            told = self._pool.wait([*self._jobs], self._patience())
            for place, message in told:
                yield from self._hear(place, message)
            # One that has just spoken may have more to say, perhaps that its episode is over.
            for place in self._overdue() - {place for place, _ in told}:
                self._pool.end(place)
                yield from self._timed_out(self._jobs.pop(place))

    def _hear(self, place: int, message: Message) -> Iterator[tuple[Cell, Played | Finished]]:
        job = self._jobs[place]
        match message:
            case Ready():
                self._stillborn = 0
                job.begin()
            case Played(episode):
                job.end(episode.episode)
                if not self._again(job.shard, episode):
                    yield job.shard.cell, message
            case Finished():
                del self._jobs[place]
                yield job.shard.cell, message
            case Failed(error):
                raise error
            case Died(reason):
                del self._jobs[place]
                yield from self._died(job, reason)

    def _again(self, shard: Shard, episode: Episode) -> bool:
        """Whether an episode whose environment died is played once more."""
        if not (episode.error or "").startswith(_ENV_DIED):
            return False
        return self._retry(shard, episode.episode)

    def _retry(self, shard: Shard, number: int) -> bool:
        self._deaths[shard.cell, number] += 1
        if self._deaths[shard.cell, number] >= _TRIES:
            return False
        self._queue.append(Shard(shard.cell, (number,), shard.filmed))
        return True

    def _died(self, job: _Job, reason: str) -> Iterator[tuple[Cell, Played]]:
        if not job.left:
            return
        if not job.began:  # nothing was played: no episode is to blame
            self._stillborn += 1
            if self._stillborn >= _TRIES:
                raise WorkerLost(f"{self._stillborn} workers", reason)
            self._queue.appendleft(job.shard)
            return
        self._give_back(job)
        for number in job.began:
            if not self._retry(job.shard, number):
                yield job.shard.cell, self._error(job, number, f"worker died ({reason}), twice")

    def _timed_out(self, job: _Job) -> Iterator[tuple[Cell, Played]]:
        self._give_back(job)
        if len(job.began) > 1:  # one of them hangs and stops the others
            self._queue.extend(Shard(job.shard.cell, (n,), job.shard.filmed) for n in job.began)
            return
        for number in job.began:
            message = f"timed out after {self._limit:g} s"
            yield job.shard.cell, self._error(job, number, message)

    def _give_back(self, job: _Job) -> None:
        rest = tuple(number for number in job.left if number not in job.began)
        if rest:
            self._queue.appendleft(Shard(job.shard.cell, rest, job.shard.filmed))

    def _error(self, job: _Job, number: int, error: str) -> Played:
        return Played(
            Episode(
                episode=number,
                seed=self._seed + number,
                task=job.shard.cell.task,
                success=False,
                error=error,
            )
        )

    def _patience(self) -> float | None:
        """Seconds until some episode may be overdue."""
        begun = [job.oldest for job in self._jobs.values() if job.oldest is not None]
        if self._limit is None or not begun:
            return None
        return max(0.0, min(begun) + self._limit - time.monotonic())

    def _overdue(self) -> set[int]:
        if self._limit is None:
            return set()
        latest = time.monotonic() - self._limit
        return {
            place
            for place, job in self._jobs.items()
            if job.oldest is not None and job.oldest <= latest
        }
