"""What happened in every finished episode, kept line by line so that nothing is ever lost.

`ledger.jsonl` is only appended to, one fsynced JSON line per episode; `run.json` beside it holds
the settings it was made with. A run that goes on with other settings is refused.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from uio2_agent.errors import BadEpisode, RunMismatch
from uio2_agent.storage import make_folder, write_json, writing

LEDGER_FILE, RUN_FILE = "ledger.jsonl", "run.json"


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One finished episode.

    Attributes:
        episode: Its number in the run, from 0.
        seed: What its environment was reset with: the run's seed + `episode`.
        task: What it is counted under.
        success: What the environment said at the last step; False if it raised.
        failure: Likewise; an episode can end with neither (it ran out of steps).
        steps: Environment steps, the one that raised included.
        decisions: Answers the policy gave; fewer than steps where it played out a plan.
        reward: Summed over steps.
        error: What the environment raised or died of; None if it did not.
        metrics: The environment's own numbers at the last step.
        prompt: The instruction, for the reader of a report.
        answers: What the policy wrote, one per decision, if it says.
    """

    episode: int
    seed: int
    task: str
    success: bool
    failure: bool = False
    steps: int = 0
    decisions: int = 0
    reward: float = 0.0
    error: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    prompt: str = ""
    answers: list[str] = field(default_factory=list)


class Ledger:
    """The episodes of one run in one folder; opens what is there, or starts afresh.

    Args:
        folder: Made if needed.
        settings: Everything that could change an outcome, JSON-able. How many episodes are
            wanted, how many run at once and where they are written are no part of it.

    Raises:
        RunMismatch: The folder holds a run with other settings.
        BadEpisode: A line inside the ledger is damaged. A last line cut short is not damage:
            it is dropped and its episode is played again.
        CannotWrite: The folder cannot be written.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = make_folder(Path(folder))
        self.path = self.folder / LEDGER_FILE
        self._run_path = self.folder / RUN_FILE
        # Through JSON, so that tuples and lists do not count as a difference.
        self.settings = json.loads(json.dumps(settings, allow_nan=False))
        self.effort: dict[str, float] = {}
        self._open_run()
        self._episodes, good = read_lines(self.path)
        with writing(self.path):
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.ftruncate(self._file, good)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __contains__(self, episode: int) -> bool:
        return episode in self._episodes

    def __iter__(self) -> Iterator[Episode]:
        """In order of their numbers, whatever order they finished in."""
        return iter(self._episodes[number] for number in sorted(self._episodes))

    def first(self, count: int) -> list[Episode]:
        """Those with numbers below `count`."""
        return [episode for episode in self if episode.episode < count]

    def append(self, episode: Episode) -> None:
        """On disk when this returns. Raises `CannotWrite` and leaves whole lines only."""
        line = json.dumps(asdict(episode), ensure_ascii=False, allow_nan=False) + "\n"
        left = memoryview(line.encode())
        with writing(self.path):
            end = os.fstat(self._file).st_size
            try:
                while left:
                    left = left[os.write(self._file, left) :]
                os.fsync(self._file)
            except BaseException:
                os.ftruncate(self._file, end)
                raise
        self._episodes[episode.episode] = episode

    def add_effort(self, spent: Mapping[str, float]) -> None:
        """Add to the run's clocks and counters, which are kept across interruptions."""
        for name, amount in spent.items():
            self.effort[name] = self.effort.get(name, 0) + amount
        self._write_run()

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open_run(self) -> None:
        if not (self.path.exists() and self.path.stat().st_size):
            self._write_run()  # nothing was finished yet: whatever was asked for is forgotten
            return
        if not self._run_path.exists():
            raise RunMismatch(str(self.folder), [f"{LEDGER_FILE} without {RUN_FILE}"])
        try:
            run = json.loads(self._run_path.read_text(encoding="utf-8"))
            theirs, self.effort = run["settings"], dict(run["effort"])
        except (ValueError, KeyError, TypeError) as error:
            remedy = "Delete the folder to start afresh"
            raise BadEpisode(str(self._run_path), f"not readable ({error})", remedy) from error
        if differing := list(differences(theirs, self.settings)):
            raise RunMismatch(str(self.folder), differing)

    def _write_run(self) -> None:
        write_json(self._run_path, {"settings": self.settings, "effort": self.effort})


def read_lines(path: Path) -> tuple[dict[int, Episode], int]:
    """Episodes by number, and how many bytes of the file hold whole lines.

    Raises:
        BadEpisode: A line that ends properly but is no episode.
    """
    if not path.exists():
        return {}, 0
    content = path.read_bytes()
    good = content.rfind(b"\n") + 1  # whatever follows was cut short while being written
    episodes: dict[int, Episode] = {}
    names = {f.name for f in fields(Episode)}
    for number, line in enumerate(content[:good].splitlines(), start=1):
        try:
            values = json.loads(line)
            if unknown := values.keys() - names:
                raise ValueError(f"unknown entries {sorted(unknown)}")
            episode = Episode(**values)
        except (ValueError, TypeError, AttributeError) as error:
            problem = f"line {number} is no episode ({error})"
            remedy = "Remove that line: its episode is played again"
            raise BadEpisode(str(path), problem, remedy) from error
        episodes.setdefault(episode.episode, episode)
    return episodes, good


def differences(theirs: Any, ours: Any, name: str = "") -> Iterator[str]:
    """One line for every entry of two nested dicts that is not the same in both."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            inner = f"{name}.{key}" if name else key
            yield from differences(theirs.get(key), ours.get(key), inner)
    elif theirs != ours:
        yield f"{name}: {theirs!r} there, {ours!r} asked for"
