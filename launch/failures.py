"""What a person at a terminal is told when something goes wrong: one line, and an exit status."""

import os
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.errors import ConfigCompositionException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from uio2_agent.errors import AgentError
from uio2_agent.storage import folder_refused

INTERRUPTED = 130  # 128 + SIGINT, as shells have it

_ASKED_WRONGLY = (
    ConfigCompositionException,
    MissingConfigException,
    OverrideParseException,
    OmegaConfBaseException,
    PermissionError,
    FileExistsError,
    NotADirectoryError,
)
# Hydra's advice that does not help here: a schema refuses new keys however they are written.
_NOT_HELPFUL = ("To append to your", "Config search path", "provider=")


@contextmanager
def told_plainly() -> Iterator[None]:
    """Errors we raise on purpose, and settings Hydra refuses, become one line and status 1.

    Also a decorator: below `@hydra.main` it keeps Hydra from adding lines of its own.
    `UIO2_TRACEBACK=1` lets everything through. Errors that are nobody's but ours always pass.
    """
    try:
        yield
    except Exception as error:
        reason = explain(error)
        if reason is None or os.environ.get("UIO2_TRACEBACK") == "1":
            raise
        print(f"{sys.argv[0]}: {reason}", file=sys.stderr)
        raise SystemExit(1) from error


def explain(error: BaseException) -> str | None:
    """The reason to give a user; None if the fault is not theirs."""
    cause: BaseException | None = error
    while cause is not None:  # what raised inside an `instantiate` is the cause of Hydra's error
        if isinstance(cause, AgentError):
            return str(cause)
        cause = cause.__cause__
    if isinstance(error, OSError) and _of_making_a_folder(error):  # Hydra's, for `output_dir`
        return str(folder_refused(error.filename, error))
    if not isinstance(error, _ASKED_WRONGLY):
        return None
    # Hydra's own cause says what exactly it did not like, e.g. a word where a number belongs.
    lines = [*str(error).splitlines(), *str(error.__cause__ or "").splitlines()[:1]]
    told = [s for line in lines if (s := line.strip()) and not s.startswith(_NOT_HELPFUL)]
    return "; ".join(line.rstrip(".") for line in dict.fromkeys(told)).replace(":;", ":")


def _of_making_a_folder(error: OSError) -> bool:
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code.co_name == "mkdir"


@contextmanager
def says_how_to_go_on(output_dir: str) -> Iterator[None]:
    """Ctrl-C ends with the command that continues, and its own exit status."""
    try:
        yield
    except KeyboardInterrupt:
        given = [word for word in sys.argv[1:] if not word.startswith("output_dir=")]
        command = f"{sys.argv[0]} {shlex.join([*given, f'output_dir={output_dir}'])}"
        kept = "interrupted; what is finished is kept. To go on:"
        print(f"{kept} {command}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
