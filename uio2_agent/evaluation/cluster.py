"""Workers anywhere: on the machines of a Ray cluster, or on this one under Ray."""

import os
from collections.abc import Iterable
from typing import Any

from uio2_agent.errors import MissingDependency
from uio2_agent.evaluation.player import Parts, Player
from uio2_agent.evaluation.processes import thread_limits
from uio2_agent.evaluation.shards import Died, Message, Shard


class RayActors:
    """A `Pool` of Ray actors.

    Joins the cluster that `RAY_ADDRESS` or `ray start` names, else starts Ray on this machine.
    Every machine needs this package and, for policies with weights, the checkpoint by the same
    name. Ledgers are written by the process that made the pool, nowhere else.

    Args:
        parts: What they play with.
        workers: How many there will be at most.
        threads: Of numerical libraries, in each.
        gpus: GPUs reserved for each, may be a fraction; without any Ray hides them all.

    Raises:
        MissingDependency: Ray is not installed.
    """

    def __init__(self, parts: Parts, workers: int, threads: int = 1, gpus: float = 0.0) -> None:
        self._ray = _ray()
        if not self._ray.is_initialized():
            joins = "RAY_ADDRESS" in os.environ
            here = {} if joins else {"num_cpus": workers, "include_dashboard": False}
            self._ray.init(log_to_driver=False, logging_level="error", **here)
            self._ours = True
        else:
            self._ours = False
        self._actor = self._ray.remote(Player).options(
            num_cpus=1,
            num_gpus=gpus,
            max_restarts=0,
            runtime_env={"env_vars": thread_limits(threads)},
        )
        self._parts = parts
        self._actors: dict[int, Any] = {}
        self._streams: dict[int, Any] = {}

    def give(self, place: int, shard: Shard) -> None:
        if place not in self._actors:
            self._actors[place] = self._actor.remote(self._parts)
        played = self._actors[place].play.options(num_returns="streaming")
        self._streams[place] = played.remote(shard)

    def wait(self, places: Iterable[int], timeout: float | None) -> list[tuple[int, Message]]:
        streams = {self._streams[place]: place for place in places}
        ready, _ = self._ray.wait([*streams], timeout=timeout)
        told: list[tuple[int, Message]] = []
        for stream in ready:
            place = streams[stream]
            try:
                told.append((place, self._ray.get(next(stream))))
            except self._ray.exceptions.RayError as error:
                self.end(place)
                told.append((place, Died(type(error).__name__)))
        return told

    def end(self, place: int) -> None:
        self._streams.pop(place, None)
        self._ray.kill(self._actors.pop(place))

    def close(self) -> None:
        for place in [*self._actors]:
            self.end(place)
        if self._ours:
            self._ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        remedy = 'Install it: pip install "uio2-agent[ray]"'
        raise MissingDependency("ray", "executor=ray", remedy) from error
    return ray
