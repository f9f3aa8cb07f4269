"""The benchmark's environment itself, of which a process can have one at a time.

Several of its calls into pybullet name no client and so go to the first one of the process: every
step of a second environment would fail without a word (vima_bench.md §1.2, row 12).
"""

import contextlib
import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from uio2_agent.envs.vima_bench.checkout import load
from uio2_agent.envs.vima_bench.levels import task_kwargs
from uio2_agent.envs.vima_bench.quiet import quiet_stdout, stdout_as_stderr
from uio2_agent.errors import SceneUnsolvable, SimulatorBusy

TRIES = 10
# Larger than a run's seeds, so that no two episodes of it share a scene; upstream's loop adds 1.
SEED_STRIDE = 1 << 32

_live: weakref.finalize | None = None


class Simulator:
    """Made in its own temporary folder, freed by `close` or when nobody holds it any more.

    Attributes:
        raw: The benchmark's environment, of gym 0.21's manner.
        steps: How many the benchmark's own evaluation allows: the oracle's budget + 2, read before
            the first reset as it does (§7).

    Raises:
        MissingDependency: See `checkout.load`.
        SimulatorBusy: Something in this process holds pybullet's first client.
    """

    def __init__(
        self, task: str, level: str, prompt: str, checkout: str | os.PathLike[str] | None = None
    ) -> None:
        global _live
        if _live is not None and _live.alive:
            problem = "another one is live in this process, or was when this process was forked"
            raise SimulatorBusy("VIMA-Bench", problem, _REMEDY)
        self.task = task
        bench = load(checkout)
        self._folder = tempfile.mkdtemp(prefix="uio2-vima-")
        with quiet_stdout(), _temporary_files_in(self._folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bounds of its spaces are float64
            settings = task_kwargs(bench.PARTITION_TO_SPECS, task, level, prompt)
            self.raw = bench.make(task, task_kwargs=settings)
        self.close = _live = weakref.finalize(self, _free, self.raw, self._folder, os.getpid())
        if self.raw.client_id != 0:
            self.close()
            raise SimulatorBusy("VIMA-Bench", "another simulation is open in pybullet", _REMEDY)
        self.steps = int(self.raw.task.oracle_max_steps) + 2
        self._tolerance = self.raw.task.pos_eps

    def reset(self, seed: int) -> tuple[dict[str, Any], int]:
        """The first observation, and the seed that the scene was sampled with.

        That is `seed`; where the benchmark finds no scene for it, `seed` + k * 2**32 with the
        smallest k that has one.

        The same whatever was played before: upstream, same_texture and same_shape keep the tight
        tolerance of a bowl for all later episodes (§6), here it is the episode's own.

        Raises:
            SceneUnsolvable: No scene was found in 10 tries.
        """
        problem: ValueError | None = None
        for attempt in range(TRIES):
            scene_seed = seed + attempt * SEED_STRIDE
            self.raw.task.pos_eps = self._tolerance
            self.raw.seed(scene_seed)
            for left in Path(self._folder).iterdir():
                left.unlink()  # what pybullet has read
            try:
                with quiet_stdout(), _temporary_files_in(self._folder):
                    return self.raw.reset(), scene_seed
            except ValueError as failed:
                problem = failed
        raise SceneUnsolvable(f"the objects of {self.task}", TRIES) from problem

    def step(self, action: dict[str, Any]) -> tuple[dict[str, Any], bool, dict[str, Any]]:
        """Observation, whether the benchmark ended the episode, and its info."""
        with stdout_as_stderr():
            observation, _, done, info = self.raw.step(action)
        return observation, bool(done), info


_REMEDY = (
    "Close it first, or give each environment its own process: vectorization=async for a rollout, "
    "gym.make('uio2/Remote-v0', env_id='uio2/VIMABench-v0', env_kwargs={...}) for a single one"
)


def _free(raw: Any, folder: str, owner: int) -> None:
    if os.getpid() != owner:
        return  # a fork of us must not end what is still ours
    import pybullet

    with contextlib.suppress(pybullet.error):  # somebody may have disconnected all clients
        raw.close()
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    """The benchmark leaves its files where `tempfile.gettempdir()` says (§1.2, row 16)."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before
