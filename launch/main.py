"""`uio2 <verb> [sub-verb] key=value…`: finds the verb and hands it the rest of the line."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile

from uio2_agent import __version__
from uio2_agent.errors import UnknownName
from uio2_agent.launch.failures import INTERRUPTED, told_plainly

# Verb (words separated by a space) -> module with a `main()`, and what it is for.
VERBS = {
    "rollout": ("uio2_agent.launch.rollout", "play episodes, measure success, write a report"),
    "compare": ("uio2_agent.launch.compare", "test whether one run is better than another"),
    "demo": ("uio2_agent.launch.demo", "random, unified and oracle side by side on the tabletop"),
    "gallery": ("uio2_agent.launch.gallery", "draw all tasks, before and after, in one picture"),
    "gallery pointnav": (
        "uio2_agent.launch.gallery_pointnav",
        "draw flats or scenes: a map, and what is seen on a way",
    ),
    "predict": ("uio2_agent.launch.predict", "ask the model: words, boxes, masks, pictures, sound"),
    "scenes": ("uio2_agent.launch.scenes", "write furnished flats as files, and episodes in them"),
    "record": ("uio2_agent.launch.record", "draw oracle demonstrations and keep them on disk"),
    "train": ("uio2_agent.launch.train", "train an agent from recorded demonstrations"),
    "train tokenizer": (
        "uio2_agent.launch.train_tokenizer",
        "train the word pieces of a small agent",
    ),
    "data info": ("uio2_agent.launch.data_info", "count the episodes of a folder"),
    "data verify": ("uio2_agent.launch.data_verify", "name every corrupted episode of a folder"),
    "data convert": (
        "uio2_agent.launch.data_convert",
        "keep VIMA's trajectories as episodes of ours",
    ),
}

_HELP = {"-h", "--help"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script; leaves through `SystemExit` unless all went well."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    words = list(takewhile(_is_word, arguments))
    if not words:
        if "--version" in arguments:
            print(f"uio2-agent {__version__}")
            return
        print(usage())
        sys.exit(0 if _HELP & {*arguments} else 2)
    verb = _find(words)
    if verb is None:
        print(f"uio2: {UnknownName('verb', ' '.join(words), VERBS)}", file=sys.stderr)
        sys.exit(2)
    sys.argv = [f"uio2 {verb}", *arguments[len(verb.split()) :]]
    # Hydra would print a shortened traceback and leave; we want its exception.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    try:
        with told_plainly():
            import_module(VERBS[verb][0]).main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def usage() -> str:
    width = max(len(verb) for verb in VERBS)
    lines = [f"  {verb:<{width}}  {what}" for verb, (_, what) in VERBS.items()]
    return (
        "usage: uio2 <verb> [sub-verb] key=value…\n\n"
        + "\n".join(lines)
        + "\n\n`uio2 <verb> --help` lists a verb's settings; UIO2_TRACEBACK=1 shows where an "
        "error was raised."
    )


def _is_word(argument: str) -> bool:
    return "=" not in argument and not argument.startswith(("-", "+", "~"))


def _find(words: Sequence[str]) -> str | None:
    """The longest known verb the words begin with; further bare words are left to the verb."""
    for count in range(len(words), 0, -1):
        verb = " ".join(words[:count])
        if verb in VERBS:
            return verb
    return None


if __name__ == "__main__":
    main()
