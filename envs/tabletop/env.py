"""The tabletop suite as a Gymnasium environment, a superset of VIMA-Bench's interface."""

import string
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.tabletop.actions import Action, Move, action_space, parse
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.oracle import REST, plan
from uio2_agent.envs.tabletop.physics import Physics
from uio2_agent.envs.tabletop.pictures import episode_picture
from uio2_agent.envs.tabletop.progress import judge
from uio2_agent.envs.tabletop.prompts import prompt_arrays, prompt_assets
from uio2_agent.envs.tabletop.renderer import Renderer
from uio2_agent.envs.tabletop.scenario import Scenario
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.envs.text import LiveText
from uio2_agent.errors import UnknownName
from uio2_agent.interface import (
    FIRST_EVALUATION_SEED,
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    PROMPT_SLOTS,
    VIEWS,
)

TEXT_LENGTH = 1024
TEXT_CHARACTERS = frozenset(string.ascii_letters + string.digits + " <>_.,:;!?'\"-()/%")

Observation = dict[str, Any]


def observation_space() -> gym.spaces.Dict:
    """rgb, segm, ee as vima_bench.md §2.1; prompt_* hold up to 8 pictures in reading order.

    In `prompt_rgb` (8, 2, 3, 128, 256) and `prompt_segm` (8, 2, 128, 256) axis 1 is (front, top).
    """

    def pixels(*shape: int) -> gym.spaces.Box:
        return gym.spaces.Box(0, 255, shape, np.uint8)

    size = (IMAGE_HEIGHT, IMAGE_WIDTH)
    return gym.spaces.Dict(
        rgb=gym.spaces.Dict({view: pixels(3, *size) for view in VIEWS}),
        segm=gym.spaces.Dict({view: pixels(*size) for view in VIEWS}),
        ee=gym.spaces.Discrete(2),
        prompt_rgb=pixels(PROMPT_SLOTS, len(VIEWS), 3, *size),
        prompt_segm=pixels(PROMPT_SLOTS, len(VIEWS), *size),
        prompt_mask=gym.spaces.MultiBinary(PROMPT_SLOTS),
        prompt_text=LiveText(TEXT_LENGTH, min_length=0, charset=TEXT_CHARACTERS),
    )


class Tabletop(gym.Env[Observation, Action]):
    """A robot's table seen from above and from the front; things are picked and placed.

    Reset runs no physics; the simulator starts with the first step. Reward is 1 on success, else 0.
    An episode terminates on success or failure, and is truncated after the oracle's budget + 2
    steps. A step after the end changes nothing and says the same again.

    Info: `prompt` and `prompt_assets` as VIMA-Bench has them, `success`, `failure`,
    `obj_id_to_info`; with `oracle=True` also `oracle_action` (a harmless action when nothing is
    left to do) and `oracle_plan` (all remaining actions from the present picture).

    Args:
        task: One of `tasks.TASKS`.
        level: One of `partitions.LEVELS` that has the task.
        prompt: "pictures", or "words" only.
        oracle: Tell the right action in the info.
        render_mode: None or "rgb_array".

    Raises:
        UnknownName: No such task, level, prompt mode or render mode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}

    def __init__(
        self,
        task: str = "visual_manipulation",
        level: str = "placement_generalization",
        prompt: str = "pictures",
        oracle: bool = False,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownName("render mode", render_mode, self.metadata["render_modes"])
        self.task, self.level, self.prompt = task, level, prompt
        self.oracle, self.render_mode = oracle, render_mode
        self.observation_space = observation_space()
        self.action_space = action_space()
        self._renderer = Renderer(VIEWS)
        self._physics: Physics | None = None
        self._scenario = sample(task, level, prompt, seed=0)  # finds wrong names right here
        self._started = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The episode of `seed`; the same whatever was played before."""
        super().reset(seed=seed)
        if seed is None:
            # From the training range, so that it can never be one that results are reported on.
            seed = int(self.np_random.integers(FIRST_EVALUATION_SEED))
        self._scenario = sample(self.task, self.level, self.prompt, seed)
        self._bodies = {body.obj_id: body for body in self._scenario.bodies}
        self._progress = judge(self._scenario)
        self._steps = 0
        self._touched = False  # physics knows this episode
        self._last_move: Move | None = None
        self._prompt_arrays = prompt_arrays(self._scenario.prompt, self._renderer)
        self._started = True
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
            self._carry_out(move)
            self._steps += 1
            self._last_move = move
        terminated = self._progress.over
        reward = float(self._progress.success)
        return self._observe(), reward, terminated, self._ended and not terminated, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        """Prompt, both views and the last action in one picture (H, W, 3), or None."""
        if self.render_mode is None:
            return None
        if not self._started:
            raise gym.error.ResetNeeded("call reset() before render()")
        views, _ = self._renderer.render(self._bodies.values())
        prompt_views = self._prompt_arrays[0][: len(self._scenario.prompt.reading_order)]
        return episode_picture(self._scenario.prompt, prompt_views, views, self._last_move)

    def close(self) -> None:
        if self._physics is not None:
            self._physics.close()
            self._physics = None
        self._started = False

    @property
    def scenario(self) -> Scenario:
        """The present episode as it was sampled."""
        return self._scenario

    @property
    def bodies(self) -> dict[int, Body]:
        """Where everything is now, by id."""
        return dict(self._bodies)

    @property
    def _ended(self) -> bool:
        return self._progress.over or self._steps >= self._scenario.max_steps

    def _carry_out(self, move: Move) -> None:
        if self._physics is None:
            self._physics = Physics()
        if not self._touched:
            self._physics.load(self._scenario.bodies)
            self._touched = True
        self._bodies, trace = self._physics.carry_out(move, self._scenario.end_effector)
        self._progress.update(self._bodies, trace)

    def _observe(self) -> Observation:
        rgb, segm = self._renderer.render(self._bodies.values())
        prompt_rgb, prompt_segm, prompt_mask = (a.copy() for a in self._prompt_arrays)
        return {
            "rgb": rgb,
            "segm": segm,
            "ee": self._scenario.end_effector,
            "prompt_rgb": prompt_rgb,
            "prompt_segm": prompt_segm,
            "prompt_mask": prompt_mask,
            "prompt_text": self._scenario.prompt.text,
        }

    def _info(self) -> dict[str, Any]:
        prompt = self._scenario.prompt
        info = {
            "prompt": prompt.template,
            "prompt_assets": prompt_assets(prompt, *self._prompt_arrays[:2]),
            "success": self._progress.success,
            "failure": self._progress.failure,
            "obj_id_to_info": {obj_id: describe(body) for obj_id, body in self._bodies.items()},
        }
        if self.oracle:
            moves = plan(self._scenario, self._bodies, self._progress)
            info["oracle_plan"] = [move.action() for move in moves]
            info["oracle_action"] = (moves[0] if moves else REST).action()
        return info


def describe(body: Body) -> dict[str, Any]:
    """What VIMA-Bench tells about an object, as far as it is plain data (vima_bench.md §2.4)."""
    shape = SHAPES[body.shape]
    return {
        "obj_name": shape.name,
        "obj_symmetry": float(shape.symmetry),
        "obj_profile": shape.profile.value,
        "obj_kind": shape.kind,
        "texture_name": body.texture,
    }
