"""What lies in a folder of trajectories, and which of them cannot be trusted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from uio2_agent.errors import BadEpisode
from uio2_agent.interface import VIEWS
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.store import Shard, shards_below
from uio2_agent.trajectories.vima import count_steps, read_vima_episode, task_of, trajectories_in

VIMA, SHARDS = "VIMA trajectories", "shards of episodes"
_NOT_TOLD = "not told"


@dataclass(frozen=True)
class Facts:
    """About one episode that can be read."""

    task: str
    level: str
    views: tuple[str, ...]
    n_steps: int


@dataclass
class Summary:
    """How many episodes there are of each task, level, view and length."""

    episodes: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    views: Counter[str] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)

    def add(self, facts: Facts) -> None:
        self.episodes += 1
        self.tasks[facts.task] += 1
        self.levels[facts.level] += 1
        self.views.update(facts.views)
        self.steps[facts.n_steps] += 1


class Inspection:
    """Goes through a folder and tells of each episode its `Facts`, or what is wrong with it.

    `len()` of it is how many it tells of: episodes, and whole shards that cannot be read.

    Args:
        folder: With VIMA's trajectories (see `vima`), or with our own shards in it or below it.
        views: Which pictures of VIMA's trajectories must be in order.
        thorough: Read everything. If not, only the actions of VIMA's trajectories are read; shards
            are read whole in any case.

    Attributes:
        kind: `VIMA` or `SHARDS`.

    Raises:
        BadEpisode: There is neither a trajectory nor a shard.
        UnknownName: No such view.
    """

    def __init__(
        self, folder: Path | str, views: Sequence[str] = VIEWS, thorough: bool = True
    ) -> None:
        self.folder, self.views, self.thorough = Path(folder), tuple(views), thorough
        self._shards: list[Shard | BadEpisode] = []
        self._trajectories = trajectories_in(self.folder)
        if not self._trajectories:
            self._shards = [_open(path) for path in shards_below(self.folder)]
            if not self._shards:
                remedy = (
                    "Name a folder laid out as <task>/<number>/trajectory.pkl, or one that "
                    "`uio2 record` or `uio2 data convert` has filled"
                )
                raise BadEpisode(str(folder), "holds no trajectories", remedy)
        self.kind = VIMA if self._trajectories else SHARDS

    def __len__(self) -> int:
        in_shards = (1 if isinstance(s, BadEpisode) else len(s) for s in self._shards)
        return len(self._trajectories) + sum(in_shards)

    def __iter__(self) -> Iterator[Facts | BadEpisode]:
        look = self._read if self.thorough else self._glance
        for path in self._trajectories:
            try:
                yield look(path)
            except BadEpisode as error:
                yield error
        for shard in self._shards:
            if isinstance(shard, BadEpisode):
                yield shard
                continue
            for i in range(len(shard)):
                try:
                    yield _facts(shard[i])
                except BadEpisode as error:
                    yield error

    def _read(self, path: Path) -> Facts:
        episodes = [read_vima_episode(path, view) for view in self.views]
        return replace(_facts(episodes[0]), views=self.views)

    def _glance(self, path: Path) -> Facts:
        views = tuple(view for view in VIEWS if (path / f"rgb_{view}").is_dir())
        return Facts(task_of(path), _NOT_TOLD, views, count_steps(path))


def size_on_disk(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _facts(episode: Episode) -> Facts:
    task, level, view = (str(episode.info.get(k, _NOT_TOLD)) for k in ("task", "level", "view"))
    return Facts(task, level, (view,), episode.n_steps)


def _open(path: Path) -> Shard | BadEpisode:
    try:
        return Shard(path)
    except BadEpisode as error:
        return error
