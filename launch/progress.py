"""A bar that shows how far a run is and how well it goes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from uio2_agent.evaluation.ledger import Episode


@contextmanager
def progress(name: str, episodes: int) -> Iterator[Callable[[Episode], None]]:
    """A bar on stderr; yields what is to be called with every episode that ended."""
    columns = (
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    played = successes = errors = 0
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=episodes, note="")

        def advance(episode: Episode) -> None:
            nonlocal played, successes, errors
            played += 1
            successes += episode.success
            errors += episode.error is not None
            note = f"{100 * successes / played:.0f} % success"
            bar.update(task, advance=1, note=note + (f", {errors} errors" if errors else ""))

        yield advance
