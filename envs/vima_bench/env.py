"""The real VIMA-Bench as a Gymnasium environment, with the interface of the tabletop suite."""

import os
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.tabletop.actions import Action, Move, action_space, parse
from uio2_agent.envs.tabletop.env import observation_space
from uio2_agent.envs.tabletop.pictures import episode_picture
from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.vima_bench import telling
from uio2_agent.envs.vima_bench.levels import check
from uio2_agent.envs.vima_bench.motion import goes_nowhere, motion
from uio2_agent.envs.vima_bench.oracle import REST, Oracle
from uio2_agent.envs.vima_bench.simulator import Simulator
from uio2_agent.errors import UnknownName
from uio2_agent.interface import FIRST_EVALUATION_SEED

Observation = dict[str, Any]

NUMPY_MAJOR = int(np.__version__.split(".")[0])
_SPATULA = 1
_warned = False


class VIMABench(gym.Env[Observation, Action]):
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

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}

    def __init__(
        self,
        task: str = "visual_manipulation",
        level: str = "placement_generalization",
        prompt: str = "pictures",
        oracle: bool = False,
        render_mode: str | None = None,
        checkout: str | os.PathLike[str] | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownName("render mode", render_mode, self.metadata["render_modes"])
        check(task, level, prompt)
        self.task, self.level, self.prompt = task, level, prompt
        self.oracle, self.render_mode = oracle, render_mode
        self.observation_space = observation_space()
        self.action_space = action_space()
        self._simulator: Simulator | None = Simulator(task, level, prompt, checkout)
        self._started = False
        _warn_of_numpy()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The episode of `seed`; the same whatever was played before.

        Raises:
            SceneUnsolvable: The benchmark finds no scene; not met in 387 measured resets (§2).
        """
        super().reset(seed=seed)
        simulator = self._open()
        if seed is None:
            # From the training range, so that it can never be one that results are reported on.
            seed = int(self.np_random.integers(FIRST_EVALUATION_SEED))
        seen, self._scene_seed = simulator.reset(seed)
        self._prompt = Prompt(template=str(simulator.raw.prompt), pictures={})
        order, assets = self._prompt.reading_order, simulator.raw.prompt_assets
        self._prompt_arrays = telling.prompt_arrays(order, assets)
        self._prompt_assets = telling.prompt_assets(order, assets)
        self._objects = {
            int(obj_id): telling.describe(told)
            for obj_id, told in simulator.raw.meta_info["obj_id_to_info"].items()
        }
        self._oracle = Oracle(simulator.raw) if self.oracle else None
        self._seen = telling.observation(seen)
        self._steps = 0
        self._success = self._failure = self._timeout = False
        self._last_move: Move | None = None
        self._started = True
        self._ask_oracle()
        return self._observe(), self._info()

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One pick and place, or one push.

        Raises:
            BadAction: The action is not in the space; nothing has changed then.
            ResetNeeded: No episode has been started.
        """
        if not self._started:
            raise gym.error.ResetNeeded("call reset() before step()")
        move = parse(action)
        if not self._ended:
            self._carry_out(motion(action))
            self._steps += 1
            self._last_move = move
            self._ask_oracle()
        terminated = self._success or self._failure
        reward = float(self._success)
        return self._observe(), reward, terminated, self._ended and not terminated, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        """Prompt, both views and the last action in one picture (H, W, 3), or None."""
        if self.render_mode is None:
            return None
        if not self._started:
            raise gym.error.ResetNeeded("call reset() before render()")
        prompt_views = self._prompt_arrays[0][: len(self._prompt.reading_order)]
        return episode_picture(self._prompt, prompt_views, self._seen["rgb"], self._last_move)

    def close(self) -> None:
        if self._simulator is not None:
            self._simulator.close()
            self._simulator = None
        self._started = False

    def _open(self) -> Simulator:
        if self._simulator is None:
            raise gym.error.ClosedEnvironmentError("this environment was closed")
        return self._simulator

    @property
    def _ended(self) -> bool:
        over = self._success or self._failure or self._timeout
        return over or self._steps >= self._open().steps

    def _carry_out(self, action: Action) -> None:
        if self._seen["ee"] == _SPATULA and goes_nowhere(action):
            return
        seen, done, info = self._open().step(action)
        self._seen = telling.observation(seen)
        self._success, self._failure = bool(info["success"]), bool(info["failure"])
        self._timeout = done and not self._success and not self._failure

    def _ask_oracle(self) -> None:
        """Once per picture, as each answer draws from the oracle's generator."""
        if self._oracle is not None:
            self._told = None if self._ended else self._oracle.act()

    def _observe(self) -> Observation:
        prompt_rgb, prompt_segm, prompt_mask = (a.copy() for a in self._prompt_arrays)
        return {
            "rgb": {view: pixels.copy() for view, pixels in self._seen["rgb"].items()},
            "segm": {view: pixels.copy() for view, pixels in self._seen["segm"].items()},
            "ee": self._seen["ee"],
            "prompt_rgb": prompt_rgb,
            "prompt_segm": prompt_segm,
            "prompt_mask": prompt_mask,
            "prompt_text": self._prompt.text,
        }

    def _info(self) -> dict[str, Any]:
        info = {
            "prompt": self._prompt.template,
            "prompt_assets": deepcopy(self._prompt_assets),
            "success": self._success,
            "failure": self._failure,
            "obj_id_to_info": deepcopy(self._objects),
            "timeout": self._timeout,
            "metrics": {"timeout": float(self._timeout)},
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
