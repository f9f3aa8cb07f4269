"""What this package raises on purpose. Each error says what came in and what would have done.

All fields go to `super().__init__`, so every error survives pickling between processes.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class AgentError(Exception):
    """Base of every error below, so that a caller can catch them all."""


class BadInput(AgentError, ValueError):
    """Something handed to us that cannot work."""

    def __init__(self, name: str, got: object, want: str) -> None:
        super().__init__(name, got, want)
        self.name, self.got, self.want = name, got, want

    def __str__(self) -> str:
        return f"{self.name} is {self.got}, expected {self.want}"


class BadSetting(BadInput):
    """A configuration no run could honour."""


class BadShape(BadInput):
    """An array without the shape or dtype its name promises."""


class BadAction(BadInput):
    """An action outside its space: not finite, out of bounds, or of the wrong shape."""


class BadPolicy(BadInput):
    """A policy that breaks the contract of `interface.Policy`."""


class BadMessage(BadInput):
    """Something that cannot be sent, or frames that are foreign, corrupt or too large."""


class TooManyPictures(BadInput):
    """A prompt with more pictures than there are history slots."""


class UnknownName(AgentError, KeyError):
    """A name nobody knows; says which ones are known and which was probably meant."""

    def __init__(self, kind: str, got: object, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(kind, got, known)
        self.kind, self.got, self.known = kind, got, known

    def __str__(self) -> str:
        close = get_close_matches(str(self.got), self.known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return f"unknown {self.kind} {self.got!r}.{hint} Known: {', '.join(self.known)}"


class MissingDependency(AgentError, ImportError):
    """An optional package is needed now and is not installed."""

    def __init__(self, package: str, needed_for: str, remedy: str) -> None:
        super().__init__(package, needed_for, remedy)
        self.package, self.needed_for, self.remedy = package, needed_for, remedy

    def __str__(self) -> str:
        return f"{self.needed_for} needs the package {self.package!r}. {self.remedy}"


class BadCheckpoint(AgentError, ValueError):
    """A checkpoint that cannot be read at all: truncated, foreign, or incomplete."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        super().__init__(path, problem, remedy)
        self.path, self.problem, self.remedy = path, problem, remedy

    def __str__(self) -> str:
        return f"checkpoint {self.path}: {self.problem}. {self.remedy}"


class CheckpointMismatch(AgentError, ValueError):
    """Tensors that do not fit the model, each by name.

    Args:
        path: Where the tensors came from.
        missing: Names the model has and the file lacks.
        unexpected: Names the file has and the model lacks.
        misshapen: `name: (shape in file) != (shape in model)` lines.
    """

    def __init__(
        self,
        path: str,
        missing: Sequence[str] = (),
        unexpected: Sequence[str] = (),
        misshapen: Sequence[str] = (),
    ) -> None:
        super().__init__(path, list(missing), list(unexpected), list(misshapen))
        self.path = path
        self.missing, self.unexpected, self.misshapen = missing, unexpected, misshapen

    def __str__(self) -> str:
        lines = [f"checkpoint {self.path} does not fit this model:"]
        for word in ("missing", "unexpected", "misshapen"):
            names = getattr(self, word)
            if names:
                lines.append(f"  {len(names)} {word}: " + ", ".join(names))
        return "\n".join(lines)


class BadEpisode(AgentError, ValueError):
    """A recorded episode or a folder of them that cannot be trusted."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        super().__init__(path, problem, remedy)
        self.path, self.problem, self.remedy = path, problem, remedy

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}. {self.remedy}"


class BadScene(AgentError, ValueError):
    """A scene's file, or its navigation mesh, that cannot be used."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        super().__init__(path, problem, remedy)
        self.path, self.problem, self.remedy = path, problem, remedy

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}. {self.remedy}"


class GoalUnreachable(AgentError, RuntimeError):
    """The follower sees no way to its goal, or no action that brings it nearer.

    Args:
        position: Where it stands.
        goal: Where it should go.
        problem: What is in the way.
    """

    def __init__(self, position: Sequence[float], goal: Sequence[float], problem: str) -> None:
        super().__init__(list(position), list(goal), problem)
        self.position, self.goal, self.problem = list(position), list(goal), problem

    def __str__(self) -> str:
        return (
            f"no way from {self.position} to {self.goal}: {self.problem}. Snap both to the "
            "navigation mesh, on one island of it"
        )


class RunMismatch(AgentError, ValueError):
    """An unfinished run found in `output_dir` was started with other settings."""

    def __init__(self, path: str, differences: Sequence[str]) -> None:
        super().__init__(path, list(differences))
        self.path, self.differences = path, differences

    def __str__(self) -> str:
        return (
            f"{self.path} holds a run with other settings ({'; '.join(self.differences)}). "
            "Give another output_dir, or delete that folder to start afresh"
        )


class SceneUnsolvable(AgentError, RuntimeError):
    """Rejection sampling found no room for an object."""

    def __init__(self, what: str, tries: int) -> None:
        super().__init__(what, tries)
        self.what, self.tries = what, tries

    def __str__(self) -> str:
        return f"found no free place for {self.what} in {self.tries} tries; reset with another seed"


class SimulatorBusy(AgentError, RuntimeError):
    """A simulator of which a process can have only one, and has one."""

    def __init__(self, simulator: str, problem: str, remedy: str) -> None:
        super().__init__(simulator, problem, remedy)
        self.simulator, self.problem, self.remedy = simulator, problem, remedy

    def __str__(self) -> str:
        return f"{self.simulator} cannot be started: {self.problem}. {self.remedy}"


class CannotWrite(AgentError, OSError):
    """The disk is full or the folder is not ours; everything written before is intact."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return (
            f"cannot write {self.path}: {self.reason}. What was finished before is intact: "
            "make room there and run the same command again"
        )


class RemoteFailed(AgentError, RuntimeError):
    """An environment in another interpreter raised something that is no error of ours.

    Args:
        name: The environment.
        kind: The exception's class, as the other interpreter calls it.
        message: What it said.
    """

    def __init__(self, name: str, kind: str, message: str) -> None:
        super().__init__(name, kind, message)
        self.name, self.kind, self.message = name, kind, message

    def __str__(self) -> str:
        return f"{self.name} raised {self.kind} in its own process: {self.message}"


class RemoteLost(AgentError, RuntimeError):
    """The process of an environment died, or was ended because it did not answer in time.

    Args:
        name: The environment.
        problem: What happened.
        exit_code: As the system told it, minus the signal if one killed it.
        last_lines: The end of what the process had printed.
    """

    def __init__(
        self, name: str, problem: str, exit_code: int | None = None, last_lines: str = ""
    ) -> None:
        super().__init__(name, problem, exit_code, last_lines)
        self.name, self.problem = name, problem
        self.exit_code, self.last_lines = exit_code, last_lines

    def __str__(self) -> str:
        said = f" It last printed:\n{self.last_lines}" if self.last_lines else ""
        return (
            f"the process of {self.name} {self.problem} (exit code {self.exit_code}); "
            f"the next reset starts a new one.{said}"
        )


class WorkerLost(AgentError, RuntimeError):
    """Processes that should play episodes die before they can begin."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        return (
            f"{self.what} in a row died before playing anything ({self.reason}). Memory may be "
            "short: try fewer workers; what they printed stands above"
        )
