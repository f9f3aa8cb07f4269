"""What `make bench` runs: speeds of the tabletop and of the shipped agent, into `results.md`.

Method: wall clock after a warm-up, one process; the simulator uses one core, the agent what torch
is given. CPU seconds stand beside it, because wall clock lies on a machine that others use.
"""

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import fmean

import gymnasium as gym
import numpy as np
import torch

import uio2_agent.envs  # noqa: F401  registers the ids
from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.tabletop.renderer import Renderer
from uio2_agent.envs.tabletop.tasks import TASKS, sample
from uio2_agent.policies.unified import load_policy

RESULTS = Path(__file__).parent / "results.md"
SECONDS = 2.5
HOME = {task: level for level, tasks in reversed(LEVELS.items()) for task in tasks}  # the first


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How often something was done per second, by the clock on the wall and by CPU time."""

    what: str
    wall: float
    cpu: float
    goal: str = ""


def speed(what: str, once: Callable[[], object], goal: str = "", times: int = 1) -> Speed:
    """Repeat for a few seconds; `times` is how many things one call does."""
    once()
    done, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < SECONDS:
        once()
        done += times
    spent = (time.perf_counter() - wall, time.process_time() - cpu)
    return Speed(what=what, wall=done / spent[0], cpu=done / spent[1], goal=goal)


def steps(task: str) -> Speed:
    """Oracle steps and, for long episodes, picks of nothing; resets are not timed."""
    env = gym.make("uio2/Tabletop-v0", task=task, level=HOME[task], oracle=True).unwrapped
    seed, info = 0, env.reset(seed=0)[1]
    env.step(info["oracle_action"])
    taken, wall, cpu = 0, 0.0, 0.0
    while wall < SECONDS:
        info, over = env.reset(seed=(seed := seed + 1))[1], False
        while not over:
            start = (time.perf_counter(), time.process_time())
            _, _, terminated, truncated, info = env.step(info["oracle_action"])
            wall += time.perf_counter() - start[0]
            cpu += time.process_time() - start[1]
            taken, over = taken + 1, terminated or truncated
    env.close()
    return Speed(what=f"env steps/s, {task}", wall=taken / wall, cpu=taken / cpu)


def resets(task: str) -> Speed:
    env = gym.make("uio2/Tabletop-v0", task=task, level=HOME[task])
    seeds = iter(range(10**6))
    return speed(f"resets/s, {task}", lambda: env.reset(seed=next(seeds)))


def mean(what: str, measured: Sequence[Speed], goal: str) -> Speed:
    """Of speeds of equal weight."""
    wall, cpu = (fmean(getattr(m, clock) for m in measured) for clock in ("wall", "cpu"))
    return Speed(what=what, wall=wall, cpu=cpu, goal=goal)


def pictures() -> Speed:
    bodies, renderer = sample("visual_manipulation").bodies, Renderer()
    return speed("both views and segmentation/s, 3 objects", lambda: renderer.render(bodies))


def decisions(prompt: str, rows: int) -> Speed:
    """New episodes only: every decision reads its prompt's pictures, the dearest case."""
    env = gym.make_vec("uio2/Tabletop-v0", num_envs=rows, vectorization_mode="sync", prompt=prompt)
    observations, _ = env.reset(seed=0)
    policy, everyone = load_policy("nano", micro_batch=min(4, rows)), np.ones(rows, bool)

    def once() -> None:
        policy.reset(everyone)
        policy.act(observations, {})

    what = f"nano decisions/s, {prompt}, {rows} environment{'s' * (rows > 1)}"
    return speed(what, once, "≥ 8", times=rows)


def main() -> None:
    stepping, resetting = [steps(task) for task in TASKS], [resets(task) for task in TASKS]
    measured = [
        pictures(),
        mean("env steps/s, mean of 17 tasks", stepping, "≥ 100"),
        mean("resets/s, mean of 17 tasks", resetting, "≥ 60"),
    ]
    for pair in zip(stepping, resetting, strict=True):
        measured += pair
    measured += [decisions(p, rows) for p in ("words", "pictures") for rows in (1, 4)]
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next(
        (x.split(":")[1].strip() for x in cpus if x.startswith("model name")),
        platform.processor(),
    )
    lines = [
        "# Speeds",
        "",
        f"`make bench`, {date.today()}: {cpu}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, torch {torch.__version__} with {torch.get_num_threads()} "
        f"threads, load {os.getloadavg()[0]:.1f}. Method: `benchmarks/run.py`.",
        "",
        "| what | wall clock | per CPU second | goal |",
        "|---|---|---|---|",
        *(f"| {m.what} | {m.wall:,.1f} | {m.cpu:,.1f} | {m.goal} |" for m in measured),
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
