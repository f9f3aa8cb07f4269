"""Workers as processes of this machine."""

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from uio2_agent.evaluation.player import Parts, Player
from uio2_agent.evaluation.shards import Died, Message, Shard

# Read by OpenMP, MKL, OpenBLAS and numba when they are loaded.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
_GONE = (EOFError, BrokenPipeError, ConnectionResetError)
_PATIENCE_S = 5.0  # for a process that has been told to end


class Pool(Protocol):
    """Numbered places for workers, each with at most one shard at a time."""

    def give(self, place: int, shard: Shard) -> None:
        """Start a worker there if there is none, and let it play."""
        ...

    def wait(self, places: Iterable[int], timeout: float | None) -> list[tuple[int, Message]]:
        """What those busy places say, as soon as one of them does; empty after `timeout` s."""
        ...

    def end(self, place: int) -> None:
        """Make an end of the worker there, whatever it is doing."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


def thread_limits(threads: int) -> dict[str, str]:
    """Environment variables that hold numerical libraries to so many threads."""
    return dict.fromkeys(_THREADS, str(threads))


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection


class Processes:
    """A `Pool` of spawned processes.

    Args:
        parts: What they play with.
        threads: Of numerical libraries, in each.
    """

    def __init__(self, parts: Parts, threads: int = 1) -> None:
        self._parts, self._threads = parts, threads
        self._workers: dict[int, _Worker] = {}

    def give(self, place: int, shard: Shard) -> None:
        if place not in self._workers:
            self._workers[place] = self._start()
        with suppress(*_GONE):  # one that died while idle: `wait` will say so
            self._workers[place].pipe.send(shard)

    def wait(self, places: Iterable[int], timeout: float | None) -> list[tuple[int, Message]]:
        by_pipe = {self._workers[place].pipe: place for place in places}
        told: list[tuple[int, Message]] = []
        for pipe in wait(by_pipe, timeout):
            assert isinstance(pipe, Connection)
            place = by_pipe[pipe]
            try:
                told.append((place, pipe.recv()))
            except _GONE:
                process = self._workers[place].process
                process.join(_PATIENCE_S)  # its exit code comes a moment after its pipe broke
                code = process.exitcode
                self.end(place)
                told.append((place, Died(f"exit code {code}")))
        return told

    def end(self, place: int) -> None:
        worker = self._workers.pop(place)
        worker.pipe.close()
        if worker.process.is_alive():
            worker.process.terminate()
            worker.process.join(_PATIENCE_S)
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join()

    def close(self) -> None:
        for worker in self._workers.values():
            worker.pipe.close()  # an idle one leaves by itself
            worker.process.terminate()
        for place in [*self._workers]:
            self.end(place)

    def _start(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        # Not a daemon, since environments may want processes of their own.
        process = context.Process(target=serve, args=(theirs, self._parts))
        with _surroundings(thread_limits(self._threads)):
            process.start()
        theirs.close()
        return _Worker(process, ours)


@contextmanager
def _surroundings(variables: dict[str, str]) -> Iterator[None]:
    """What a process started in the block finds: these variables, and Ctrl-C ignored from birth."""
    before = {name: os.environ.get(name) for name in variables}
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(variables)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def serve(pipe: Connection, parts: Parts) -> None:
    """The process: play what comes until nobody is there any more to tell."""
    signal.signal(signal.SIGTERM, _leave)
    player = Player(parts)
    with suppress(*_GONE):
        while True:
            with closing(player.play(pipe.recv())) as messages:  # type: ignore[type-var]
                for message in messages:
                    pipe.send(message)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # leaving already


def _leave(*_: object) -> None:
    """An exception on its way out closes environments and their own processes."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)
