"""What a worker does, in whatever process it lives: shards in, messages out."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial

import gymnasium as gym

from uio2_agent.errors import AgentError, RemoteFailed
from uio2_agent.evaluation import clips
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.rollout import Rollout
from uio2_agent.evaluation.shards import Failed, Finished, Message, Played, Ready, Shard
from uio2_agent.interface import Policy


@dataclass(frozen=True)
class Parts:
    """How a worker makes what it plays with; travels to it pickled.

    Attributes:
        make_env: Makes one environment of a cell.
        make_policy: Called once in every worker, with the first cell it plays.
        seed: Of episode 0 of every cell.
        num_envs: Rows.
        vectorization: "sync" or "async".
    """

    make_env: Callable[[Cell], gym.Env]
    make_policy: Callable[[Cell], Policy]
    seed: int
    num_envs: int = 1
    vectorization: str = "sync"


class Player:
    """Keeps its policy between shards; makes new environments for each."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._policy: Policy | None = None

    def play(self, shard: Shard) -> Iterator[Message]:
        """`Ready`, one `Played` per episode, `Finished`; or `Failed`, and nothing after it."""
        try:
            yield from self._play(shard)
        except Exception as error:  # told to the process that has the ledger, which stops the run
            yield Failed(portable(error))

    def _play(self, shard: Shard) -> Iterator[Message]:
        parts = self.parts
        if self._policy is None:
            self._policy = parts.make_policy(shard.cell)
        yield Ready()
        rollout = Rollout(
            partial(parts.make_env, shard.cell),
            self._policy,
            shard.numbers,
            seed=parts.seed,
            num_envs=min(parts.num_envs, len(shard.numbers)),
            vectorization=parts.vectorization,
            recorded=max(shard.numbers) + 1 if shard.filmed else 0,
            default_task=shard.cell.task,
        )
        with closing(iter(rollout)) as played:
            for episode, film in played:
                yield Played(episode, clips.encode_film(film))
        yield Finished(asdict(rollout.effort))


def portable(error: BaseException) -> AgentError:
    """The first error of ours among `error` and its causes; a cause would not survive pickling."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AgentError):
            return cause
        cause = cause.__cause__
    return RemoteFailed("a worker", type(error).__name__, str(error))
