"""The real VIMA-Bench and `uio2/Tabletop-v0` side by side, into `vima_bench.md`.

`UIO2_VIMA_BENCH=… python benchmarks/vima_bench.py [task …]`: all 17 tasks, each at the first level
that has it, oracle episodes on the same seeds, in one process on one core. A task is played by the
two in turns, so that whatever else the machine does slows both. Pictures (both views and
segmentation) are part of every step and reset; asking the oracle is not.

The adapter's share of a step is measured in the same way: the benchmark bare and inside
`uio2/VIMABench-v0`, in turns, the same recorded actions on the same seeds. Only time spent outside
the benchmark's own calls counts as the adapter's, so noise of its simulation does not drown it.
"""

import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
# This file shall not be found by those who look for the benchmark's package.
sys.path = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent]

import gymnasium as gym  # noqa: E402
import numpy as np  # noqa: E402

import uio2_agent.envs  # noqa: E402, F401  registers the ids
from uio2_agent.envs.tabletop.partitions import LEVELS  # noqa: E402
from uio2_agent.envs.tabletop.tasks import TASKS  # noqa: E402

RESULTS = Path(__file__).parent / "vima_bench.md"
REAL, OURS = "uio2/VIMABench-v0", "uio2/Tabletop-v0"
SEEDS = 4  # episodes of each per task; ours is played `TURNS` times as often
TURNS = 10


@dataclass
class Times:
    """Seconds of every reset and every step."""

    resets: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    successes: int = 0
    episodes: int = 0
    timeouts: int = 0

    @property
    def resets_per_s(self) -> float:
        return len(self.resets) / sum(self.resets)

    @property
    def steps_per_s(self) -> float:
        return len(self.steps) / sum(self.steps)


@contextmanager
def clock(into: list[float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    into.append(time.perf_counter() - start)


def actions_of(env: gym.Env, seed: int) -> list[dict[str, np.ndarray]]:
    """What its oracle does in an episode."""
    info, over, actions = env.reset(seed=seed)[1], False, []
    while not over:
        actions.append(info["oracle_action"])
        _, _, terminated, truncated, info = env.step(actions[-1])
        over = terminated or truncated
    return actions


def play(env: gym.Env, seed: int, actions: list[dict[str, np.ndarray]], times: Times) -> None:
    with clock(times.resets):
        env.reset(seed=seed)
    info: dict[str, Any] = {}
    for action in actions:
        with clock(times.steps):
            info = env.step(action)[4]
    times.episodes += 1
    times.successes += bool(info.get("success"))
    times.timeouts += bool(info.get("timeout"))


def recorded(env_id: str, task: str, level: str) -> list[tuple[int, list]]:
    """Seeds and their oracle's actions, asked in an environment of its own."""
    env = gym.make(env_id, task=task, level=level, oracle=True, disable_env_checker=True).unwrapped
    try:
        return [(seed, actions_of(env, seed)) for seed in range(SEEDS)]
    finally:
        env.close()


def side_by_side(task: str, level: str) -> tuple[Times, Times]:
    episodes = {env_id: recorded(env_id, task, level) for env_id in (REAL, OURS)}
    # The real one first: it needs pybullet's first client.
    envs = {
        env_id: gym.make(env_id, task=task, level=level, disable_env_checker=True).unwrapped
        for env_id in (REAL, OURS)
    }
    times = {REAL: Times(), OURS: Times()}
    play(envs[OURS], *episodes[OURS][0], Times())  # physics starts with the first step
    for i in range(SEEDS):
        play(envs[REAL], *episodes[REAL][i], times[REAL])
        for turn in range(TURNS):
            play(envs[OURS], *episodes[OURS][(i + turn) % SEEDS], times[OURS])
    for env in envs.values():
        env.close()
    return times[REAL], times[OURS]


def adapter_share(task: str, level: str) -> tuple[float, float, float]:
    """Per step: seconds in the benchmark bare, inside the adapter, and the adapter's own."""
    episodes = recorded(REAL, task, level)
    env = gym.make(REAL, task=task, level=level, disable_env_checker=True).unwrapped
    raw = env._simulator.raw
    within, bare_step = [0.0], raw.step

    def timed(*action: dict[str, np.ndarray]) -> Any:  # none: the benchmark's own, at reset
        start = time.perf_counter()
        result = bare_step(*action)
        within[0] += time.perf_counter() - start
        return result

    bare, inside, own = [], [], []
    for seed, actions in episodes:
        env.reset(seed=seed)
        for action in actions:
            with clock(bare):
                raw.step(action)
        raw.step = timed
        env.reset(seed=seed)
        for action in actions:
            within[0] = 0.0
            with clock(inside):
                env.step(action)
            own.append(inside[-1] - within[0])
        raw.step = bare_step
    env.close()
    return statistics.median(bare), statistics.median(inside), statistics.median(own)


def level_of(task: str) -> str:
    return next(level for level, tasks in LEVELS.items() if task in tasks)


def main() -> None:
    wanted = sys.argv[1:] or [*TASKS]
    rows, ratios, start = [], [], time.perf_counter()
    sums = {"real": ([], []), "ours": ([], [])}
    for task in wanted:
        real, ours = side_by_side(task, level_of(task))
        ratios.append((ours.steps_per_s / real.steps_per_s, ours.resets_per_s / real.resets_per_s))
        for name, times in (("real", real), ("ours", ours)):
            sums[name][0].append(times.steps_per_s)
            sums[name][1].append(times.resets_per_s)
        rows.append(
            f"| {task} | {real.steps_per_s:.2f} | {ours.steps_per_s:,.0f} | {ratios[-1][0]:,.0f} | "
            f"{real.resets_per_s:.2f} | {ours.resets_per_s:,.0f} | {ratios[-1][1]:,.0f} | "
            f"{real.successes}/{real.episodes} | {ours.successes}/{ours.episodes} | "
            f"{real.timeouts} |"
        )
        print(rows[-1], flush=True)
    shares = {}
    for task in [t for t in ("visual_manipulation", "sweep_without_exceeding") if t in wanted]:
        shares[task] = adapter_share(task, level_of(task))
    text = report(rows, sums, ratios, shares, time.perf_counter() - start)
    if wanted == [*TASKS]:
        RESULTS.write_text(text)
    print(text)


def report(rows, sums, ratios, shares, seconds) -> str:
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":")[1].strip() for line in cpus if line.startswith("model name"))
    mean = {name: [statistics.mean(v) for v in both] for name, both in sums.items()}
    step_ratio = mean["ours"][0] / mean["real"][0]
    reset_ratio = mean["ours"][1] / mean["real"][1]
    return "\n".join(
        [
            "# The real VIMA-Bench and the embedded suite, side by side",
            "",
            f"`python benchmarks/vima_bench.py`, {date.today()}, {seconds / 60:.0f} minutes: "
            f"{next(names, platform.processor())}, {os.cpu_count()} cores of which one is used, "
            f"Python {platform.python_version()}, numpy {np.__version__}, load "
            f"{os.getloadavg()[0]:.1f}. Method: `benchmarks/vima_bench.py`. Per second of wall "
            "clock; oracle episodes of each task's first level; time spent asking the oracle not "
            "counted.",
            "",
            "| task | steps/s, real | ours | ratio | resets/s, real | ours | ratio "
            "| success, real | ours | timeouts, real |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *rows,
            f"| **mean of {len(rows)} tasks** | {mean['real'][0]:.2f} | {mean['ours'][0]:,.0f} | "
            f"{step_ratio:,.0f} | {mean['real'][1]:.2f} | {mean['ours'][1]:,.0f} | "
            f"{reset_ratio:,.0f} | | | |",
            "| **goal** | | ≥ 100 | ≥ 30 | | ≥ 60 | ≥ 30 | | | |",
            "",
            f"Smallest ratio of a task: {min(r[0] for r in ratios):,.0f} for steps, "
            f"{min(r[1] for r in ratios):,.0f} for resets.",
            "",
            "What the adapter adds to a step of the real benchmark (goal ≤ 5 %), medians:",
            "",
            "| task | bare, ms | inside the adapter, ms | the adapter's own, ms | share |",
            "|---|---|---|---|---|",
            *(
                f"| {task} | {1000 * bare:.1f} | {1000 * inside:.1f} | {1000 * own:.2f} | "
                f"{100 * own / bare:.2f} % |"
                for task, (bare, inside, own) in shares.items()
            ),
            "",
        ]
    )


if __name__ == "__main__":
    main()
