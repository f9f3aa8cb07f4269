"""What the embedded and the real benchmark have in common: spaces, and how an episode goes."""

import string
from abc import ABC, abstractmethod
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.tabletop.actions import Action, Move, action_space, parse
from uio2_agent.envs.tabletop.pictures import episode_picture
from uio2_agent.envs.tabletop.prompts import Prompt
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
Views = dict[str, NDArray[np.uint8]]


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


class Suite(gym.Env[Observation, Action], ABC):
    """Episodes of one task: rewards, ends, and what is shown of them.

    Reward is 1 on success, else 0. An episode terminates on success or failure, and is truncated
    after the oracle's budget + 2 steps. A step after the end changes nothing and says the same
    again. A suite says how an episode begins, what an action does, and what is to be seen.

    Attributes:
        success: The episode is over and won.
        failure: It is over and lost.
        timeout: It was cut short by something that is nobody's fault.
        max_steps: So many steps are allowed.

    Raises:
        UnknownName: No such render mode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}

    success = failure = timeout = False
    max_steps: int
    _shown: Prompt  # the instruction of the present episode,
    _prompt_arrays: tuple[np.ndarray, np.ndarray, np.ndarray]  # and its pictures (`prompts`)

    def __init__(
        self, task: str, level: str, prompt: str, oracle: bool, render_mode: str | None
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownName("render mode", render_mode, self.metadata["render_modes"])
        self.task, self.level, self.prompt = task, level, prompt
        self.oracle, self.render_mode = oracle, render_mode
        self.observation_space = observation_space()
        self.action_space = action_space()
        self._started = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The episode of `seed`; the same whatever was played before.

        Raises:
            SceneUnsolvable: There is no scene for this seed.
        """
        super().reset(seed=seed)
        if seed is None:
            # From the training range, so that it can never be one that results are reported on.
            seed = int(self.np_random.integers(FIRST_EVALUATION_SEED))
        self.success = self.failure = self.timeout = False
        self._steps = 0
        self._last_move: Move | None = None
        self._begin(seed)
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
            self._steps += 1
            self._last_move = move
            self._carry_out(action, move)
        terminated = self.success or self.failure
        truncated = self._ended and not terminated
        return self._observe(), float(self.success), terminated, truncated, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        """Prompt, both views and the last action in one picture (H, W, 3), or None."""
        if self.render_mode is None:
            return None
        if not self._started:
            raise gym.error.ResetNeeded("call reset() before render()")
        prompt_views = self._prompt_arrays[0][: len(self._shown.reading_order)]
        return episode_picture(self._shown, prompt_views, self._look()[0], self._last_move)

    def close(self) -> None:
        self._started = False

    @abstractmethod
    def _begin(self, seed: int) -> None:
        """Set up an episode: its prompt, and `max_steps`."""

    @abstractmethod
    def _carry_out(self, action: Action, move: Move) -> None:
        """Do it, and judge: `success`, `failure`, `timeout`."""

    @abstractmethod
    def _look(self) -> tuple[Views, Views, int]:
        """Colours (3, H, W) and segmentation (H, W) by view, and the end effector."""

    @abstractmethod
    def _info(self) -> dict[str, Any]:
        """What is told beside the observation."""

    @property
    def _ended(self) -> bool:
        return self.success or self.failure or self.timeout or self._steps >= self.max_steps

    def _observe(self) -> Observation:
        rgb, segm, effector = self._look()
        prompt_rgb, prompt_segm, prompt_mask = (a.copy() for a in self._prompt_arrays)
        return {
            "rgb": rgb,
            "segm": segm,
            "ee": effector,
            "prompt_rgb": prompt_rgb,
            "prompt_segm": prompt_segm,
            "prompt_mask": prompt_mask,
            "prompt_text": self._shown.text,
        }
