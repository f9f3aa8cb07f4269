"""Clocks, bounds of the machine, and the table that holds what they say."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from torch import Tensor

Call = Callable[[], object]
Rounds = dict[str, list[float]]  # seconds of what was called, round by round


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the report: what was measured, of us and of the port, and the goal."""

    what: str
    ours: str
    port: str = ""
    ratio: str = ""
    goal: str = ""


def interleaved(calls: dict[str, Call], repeats: int, warm_up: bool = True) -> Rounds:
    """Seconds of each call in each of `repeats` rounds, by the clock on the wall.

    In a round all take their turn, so that what else the machine does meets them alike. A round
    before the others warms up and does not count.
    """
    rounds: Rounds = {name: [] for name in calls}
    for _ in range(warm_up + repeats):
        for name, call in calls.items():
            rounds[name].append(clocked(call))
    return {name: taken[warm_up:] for name, taken in rounds.items()}


def clocked(call: Call) -> float:
    """Seconds of one call, with all that the GPU was told to do."""
    finish()
    start = time.perf_counter()
    call()
    finish()
    return time.perf_counter() - start


def best(call: Call, repeats: int = 10) -> float:
    """Least seconds of a call, after one that warms up."""
    return min([clocked(call) for _ in range(1 + repeats)][1:])


def quotients(rounds: Rounds, above: str, below: str) -> list[float]:
    """How many times as long `above` took as `below`, round by round."""
    return [a / b for a, b in zip(rounds[above], rounds[below], strict=True)]


def seconds(what: str, rounds: Rounds, goal: str = "") -> Line:
    """A line of medians in seconds: less is better."""
    return _line(what, rounds, lambda s: f"{s * 1e3:,.0f} ms" if s < 10 else f"{s:,.1f} s", goal)


def rate(what: str, rounds: Rounds, count: int, goal: str = "") -> Line:
    """A line of how many of `count` things a second: more is better."""
    return _line(what, rounds, lambda s: f"{count / s:,.1f}", goal)


def _line(what: str, rounds: Rounds, text: Callable[[float], str], goal: str) -> Line:
    cells = {name: text(statistics.median(taken)) for name, taken in rounds.items()}
    if "port" not in rounds:
        return Line(what=what, ours=cells["ours"], goal=goal)
    faster = quotients(rounds, "port", "ours")
    ratio = f"{statistics.median(faster):.2f}"
    if len(faster) > 1:
        ratio += f" ({min(faster):.2f}–{max(faster):.2f})"
    return Line(what=what, ours=cells["ours"], port=cells["port"], ratio=ratio, goal=goal)


def finish() -> None:
    """Wait until the GPU, where there is one in use, has done what it was told."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def copy_bandwidth(device: torch.device, size: int = 2**30) -> float:
    """Bytes a second that a copy of `size` bytes reads and writes, the best of ten."""
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * size / best(lambda: target.copy_(source))


def matmul_peak(device: torch.device, dtype: torch.dtype, side: int) -> float:
    """Operations a second of a square matrix product, the best of ten."""
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    return 2 * side**3 / best(lambda: a @ b)


def tensor_bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def machine(device: torch.device) -> str:
    """Date, processor, library and load, in one sentence."""
    name = platform.processor()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        lines = cpus.read_text().splitlines()
        name = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), name)
    if device.type == "cuda":
        name = f"{torch.cuda.get_device_name(device)} with {name}"
    return (
        f"{date.today()}: {name}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__} with {torch.get_num_threads()} threads, load "
        f"{os.getloadavg()[0]:.1f}."
    )


def table(lines: list[Line]) -> list[str]:
    return [
        "| what | ours | the port | ratio | goal |",
        "|---|---|---|---|---|",
        *(f"| {x.what} | {x.ours} | {x.port} | {x.ratio} | {x.goal} |" for x in lines),
    ]


def replace_section(path: Path, title: str, body: list[str]) -> None:
    """Write a `## title` section into a Markdown file; its other sections stay as they are."""
    parts = path.read_text().rstrip("\n").split("\n\n## ") if path.exists() else []
    sections = {part.partition("\n")[0]: part for part in parts[1:]}
    sections[title] = "\n".join([title, "", *body])  # in its old place, or at the end
    path.write_text("\n\n## ".join(["# Speed of the model", *sections.values()]) + "\n")
