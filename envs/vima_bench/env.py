"""The real VIMA-Bench as a Gymnasium environment, with the interface of the tabletop suite."""

import os
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.envs.tabletop.actions import Action, Move
from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.scenario import SPATULA
from uio2_agent.envs.tabletop.suite import Suite, Views
from uio2_agent.envs.vima_bench import telling
from uio2_agent.envs.vima_bench.levels import check
from uio2_agent.envs.vima_bench.motion import goes_nowhere, motion
from uio2_agent.envs.vima_bench.oracle import REST, Oracle
from uio2_agent.envs.vima_bench.simulator import Simulator

NUMPY_MAJOR = int(np.__version__.split(".")[0])
_warned = False


class VIMABench(Suite):
    """The public benchmark, from a checkout of its repository; see `checkout.load`.

    Observations, actions, prompts, rewards, ends and infos are those of `uio2/Tabletop-v0`, so
    whatever plays the one plays the other. One environment per process can be live; `close` it
    before the next, or use subprocesses. Rotations are projected to turns about the vertical; a
    push of no length is a step in which nothing happens.

    Info, besides the tabletop's: `timeout`, whether a motion of the arm took longer than the
    benchmark's 5 seconds of wall clock, which truncates the episode (a metric too, so that results
    tell of a machine too busy to be trusted); `scene_seed`, which the scene was sampled with, the
    episode's own unless that has no solution (see `Simulator.reset`); `numpy_major`, since some
    seeds' scenes depend on it (vima_bench.md §1.2, row 11). `oracle_plan` holds the next action
    only: this oracle looks no farther.

    Pictures after a step can differ by a few pixels between processors, as OpenBLAS rounds
    differently on each; a process started with `OPENBLAS_CORETYPE=Haswell` in its environment sees
    the same on all.

    Args:
        task: One of the benchmark's 17.
        level: One of its four that has the task; or "train", which has the first one's sets.
        prompt: "pictures"; or "words" for the tasks in `levels.IN_WORDS`.
        oracle: Tell the right action in the info. It changes no episode (see `oracle`).
        render_mode: None or "rgb_array".
        checkout: Folder of the checkout, if not the one in `UIO2_VIMA_BENCH`.

    Raises:
        UnknownName: No such task, level, prompt mode or render mode.
        MissingDependency: The benchmark or a package it needs is not there; says what to do.
        SimulatorBusy: A second live environment in this process.
    """

    def __init__(
        self,
        task: str = "visual_manipulation",
        level: str = "placement_generalization",
        prompt: str = "pictures",
        oracle: bool = False,
        render_mode: str | None = None,
        checkout: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(task, level, prompt, oracle, render_mode)
        check(task, level, prompt)
        self._simulator: Simulator | None = Simulator(task, level, prompt, checkout)
        _warn_of_numpy()

    def close(self) -> None:
        if self._simulator is not None:
            self._simulator.close()
            self._simulator = None
        super().close()

    def _open(self) -> Simulator:
        if self._simulator is None:
            raise gym.error.ClosedEnvironmentError("this environment was closed")
        return self._simulator

    def _begin(self, seed: int) -> None:
        simulator = self._open()
        seen, self._scene_seed = simulator.reset(seed)
        self.max_steps = simulator.steps
        self._shown = Prompt(template=str(simulator.raw.prompt), pictures={})
        order, assets = self._shown.reading_order, simulator.raw.prompt_assets
        self._prompt_arrays = telling.prompt_arrays(order, assets)
        self._prompt_assets = telling.prompt_assets(order, assets)
        self._objects = {
            int(obj_id): telling.describe(told)
            for obj_id, told in simulator.raw.meta_info["obj_id_to_info"].items()
        }
        self._oracle = Oracle(simulator.raw) if self.oracle else None
        self._seen = telling.observation(seen)
        self._ask_oracle()

    def _carry_out(self, action: Action, move: Move) -> None:
        wanted = motion(action)
        if self._seen["ee"] != SPATULA or not goes_nowhere(wanted):
            seen, done, info = self._open().step(wanted)
            self._seen = telling.observation(seen)
            self.success, self.failure = bool(info["success"]), bool(info["failure"])
            self.timeout = done and not self.success and not self.failure
        self._ask_oracle()

    def _ask_oracle(self) -> None:
        """Once per picture, as each answer draws from the oracle's generator."""
        if self._oracle is not None:
            self._told = None if self._ended else self._oracle.act()

    def _look(self) -> tuple[Views, Views, int]:
        rgb, segm = (
            {view: pixels.copy() for view, pixels in self._seen[kind].items()}
            for kind in ("rgb", "segm")
        )
        return rgb, segm, self._seen["ee"]

    def _info(self) -> dict[str, Any]:
        info = {
            "prompt": self._shown.template,
            "prompt_assets": deepcopy(self._prompt_assets),
            "success": self.success,
            "failure": self.failure,
            "obj_id_to_info": deepcopy(self._objects),
            "timeout": self.timeout,
            "metrics": {"timeout": float(self.timeout)},
            "scene_seed": self._scene_seed,
            "numpy_major": NUMPY_MAJOR,
        }
        if self._oracle is not None:
            told = deepcopy(self._told)
            info["oracle_plan"] = [told] if told else []
            info["oracle_action"] = deepcopy(told) or REST.action()
        return info


def _warn_of_numpy() -> None:
    """Once per process: published seeds were drawn with numpy 1."""
    global _warned
    if NUMPY_MAJOR >= 2 and not _warned:
        gym.logger.warn(
            f"VIMA-Bench with numpy {np.__version__}: scenes of some seeds differ from those of "
            "numpy 1, which published results were made with; infos tell `numpy_major`"
        )
    _warned = True
