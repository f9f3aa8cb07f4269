"""The cells of a protocol: one (level, task) pair each, with a folder and a ledger of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from uio2_agent.errors import BadSetting, UnknownName

CELLS_FOLDER = "cells"


@dataclass(frozen=True)
class Cell:
    """One task at one level."""

    level: str
    task: str

    def folder(self, run: Path) -> Path:
        """Where its ledger is, `run` being the folder of the whole."""
        return run / CELLS_FOLDER / self.level / self.task

    def __str__(self) -> str:
        return f"{self.level}/{self.task}"


def select(
    known: Mapping[str, Sequence[str]],
    levels: Sequence[str] | None = None,
    tasks: Sequence[str] | None = None,
) -> list[Cell]:
    """The cells of `known` (level -> its tasks), or those of the levels and tasks named.

    In the order of `known`, whatever order they are named in. A level that has none of the tasks
    named is left out.

    Raises:
        UnknownName: No such level, or no level has such a task.
        BadSetting: Nothing is left.
    """
    every_task = dict.fromkeys(task for members in known.values() for task in members)
    for kind, named, names in (("level", levels, known), ("task", tasks, every_task)):
        for name in named or ():
            if name not in names:
                raise UnknownName(kind, name, names)
    cells = [
        Cell(level, task)
        for level, members in known.items()
        for task in members
        if (levels is None or level in levels) and (tasks is None or task in tasks)
    ]
    if not cells:
        named_tasks = list(every_task if tasks is None else tasks)
        want = f"at least one that has one of these tasks: {', '.join(named_tasks)}"
        raise BadSetting("levels", list(known if levels is None else levels), want)
    return cells
