"""A pool that plays in this process, one message at a time, and can lose a worker."""

from collections.abc import Iterable, Iterator

import pytest

from uio2_agent.evaluation.player import Parts, Player
from uio2_agent.evaluation.shards import Died, Message, Shard


class Killed(BaseException):
    """Raised by an environment: what would end its process, past every `except Exception`."""


class InProcess:
    """A `Pool` whose workers take turns."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.players: dict[int, Player] = {}
        self.streams: dict[int, Iterator[Message]] = {}
        self.given: list[Shard] = []
        self.ended: list[int] = []
        self.closed = False

    def give(self, place: int, shard: Shard) -> None:
        player = self.players.setdefault(place, Player(self.parts))
        self.streams[place] = iter(player.play(shard))
        self.given.append(shard)

    def wait(self, places: Iterable[int], timeout: float | None) -> list[tuple[int, Message]]:
        told: list[tuple[int, Message]] = []
        for place in places:
            try:
                told.append((place, next(self.streams[place])))
            except Killed:
                self.end(place)
                told.append((place, Died("exit code -9")))
        return told

    def end(self, place: int) -> None:
        self.players.pop(place)
        self.streams.pop(place)
        self.ended.append(place)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def in_process():
    return InProcess


@pytest.fixture
def killed():
    return Killed
