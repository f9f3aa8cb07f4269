"""The loop that plays episodes: the only one in this project.

Episode i is reset with seed + i and is assigned before anything is played, so that neither the
number of environments nor their speed decides which episodes count (ecosystem.md §7, row 4).
"""

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.errors import BadInput
from uio2_agent.evaluation import sounds
from uio2_agent.evaluation.clips import Film
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.rows import Rows, WorkerDied, stack_infos
from uio2_agent.evaluation.slot import FATAL, FRAME, HEARD
from uio2_agent.interface import (
    ANSWER,
    DECISIONS,
    EPISODE_SEED,
    ERROR,
    FAILURE,
    METRICS,
    NO_EPISODE,
    PROMPT,
    SUCCESS,
    TASK,
    Policy,
)


@dataclass
class Effort:
    """What playing took: seconds in the environments and in the policy, and what they did."""

    reset_seconds: float = 0.0
    env_seconds: float = 0.0  # in step alone
    policy_seconds: float = 0.0
    env_steps: int = 0
    decisions: int = 0


@dataclass
class _Playing:
    """An episode that is not over."""

    number: int
    seed: int
    steps: int = 0
    decisions: int = 0
    reward: float = 0.0
    prompt: str = ""
    answers: list[str] = field(default_factory=list)
    film: Film = field(default_factory=Film)

    def see(self, info: dict[str, Any]) -> None:
        """What is recorded is taken out of the info: it is not for the policy."""
        self.prompt = str(info.get(PROMPT, self.prompt))
        if FRAME in info:
            self.film.frames.append(info.pop(FRAME))
        if HEARD in info:
            self.film.heard.append(sounds.samples(info.pop(HEARD)))

    def finish(self, info: Mapping[str, Any], default_task: str) -> tuple[Episode, Film]:
        """Raises `BadInput` if the environment does not say whether it succeeded."""
        error = info.get(ERROR)
        if error is None and not math.isfinite(self.reward):
            error = f"the reward is {self.reward}"
        if error is None and SUCCESS not in info:
            want = "a bool at the last step of every episode"
            raise BadInput(f"info[{SUCCESS!r}]", "missing", want)
        numbers = {name: float(value) for name, value in info.get(METRICS, {}).items()}
        episode = Episode(
            episode=self.number,
            seed=self.seed,
            task=str(info.get(TASK, default_task)),
            success=error is None and bool(info[SUCCESS]),
            failure=bool(info.get(FAILURE, False)),
            steps=self.steps,
            decisions=self.decisions,
            reward=self.reward if math.isfinite(self.reward) else 0.0,
            error=error,
            metrics={name: v for name, v in numbers.items() if math.isfinite(v)},
            prompt=self.prompt,
            answers=self.answers,
        )
        return episode, self.film


class Rollout:
    """Plays the given episodes and yields each as it ends.

    Args:
        make_env: Makes a single environment.
        policy: Made for `num_envs` rows.
        numbers: Episodes to play, in the order they are begun; number i has seed `seed + i`.
        seed: Of episode 0.
        num_envs: Rows.
        vectorization: "sync" or "async".
        recorded: Episodes below this number come with the frames the environment rendered, and
            what was heard.
        default_task: Counted under this name unless infos say `task`.
    """

    def __init__(
        self,
        make_env: Callable[[], gym.Env],
        policy: Policy,
        numbers: Sequence[int],
        *,
        seed: int,
        num_envs: int = 1,
        vectorization: str = "sync",
        recorded: int = 0,
        default_task: str = "default",
    ) -> None:
        self.policy, self.seed, self.default_task = policy, seed, default_task
        self.effort = Effort()
        self._left = deque(numbers)
        recorded_seeds = range(seed, seed + recorded)
        self._make_rows = partial(Rows, make_env, num_envs, vectorization, recorded_seeds)

    def __iter__(self) -> Generator[tuple[Episode, Film], None, None]:
        self._rows = self._make_rows()
        self._forget_rows()
        try:
            while True:
                try:
                    yield from self._begin()
                    if not any(self._playing):
                        return
                    yield from self._step()
                except WorkerDied as death:
                    yield from self._bury(death)
        finally:
            self._rows.close()

    def _forget_rows(self) -> None:
        self._playing: list[_Playing | None] = [None] * self._rows.num_envs
        self._infos: list[dict[str, Any]] = [{} for _ in self._playing]
        self._parked = np.zeros(len(self._playing), dtype=bool)
        self._observations: Any = None

    def _begin(self) -> Iterator[tuple[Episode, Film]]:
        """Give every free row its next episode; rows for which none is left are parked."""
        fresh = np.zeros(len(self._playing), dtype=bool)
        while True:
            free = np.array([p is None for p in self._playing]) & ~self._parked
            if not free.any() or not (self._left or any(self._playing)):
                break
            seeds: list[int | None] = [None] * len(free)
            for row in np.flatnonzero(free):
                if self._left:
                    number = self._left.popleft()
                    self._playing[row] = _Playing(number, self.seed + number)
                    seeds[row] = self.seed + number
                else:
                    self._parked[row] = True
            with self._clock("reset_seconds"):
                self._observations, infos = self._rows.reset(seeds, free)
            fresh |= free
            for row in np.flatnonzero(free):
                self._infos[row] = infos[row]
                yield from self._look(int(row), done=ERROR in infos[row])
        if fresh.any() and any(self._playing):
            with self._clock("policy_seconds"):
                self.policy.reset(fresh)

    def _step(self) -> Iterator[tuple[Episode, Film]]:
        playing = np.array([p is not None for p in self._playing])
        seeds = [NO_EPISODE if p is None else p.seed for p in self._playing]
        infos = {**stack_infos(self._infos), EPISODE_SEED: np.array(seeds, dtype=np.int64)}
        with self._clock("policy_seconds"):
            actions, answered = self.policy.act(self._observations, infos)
        decisions = np.where(playing, answered.get(DECISIONS, 1), 0)
        answers = answered.get(ANSWER, [None] * len(playing))
        with self._clock("env_seconds"):
            self._observations, rewards, done, row_infos = self._rows.step(actions)
        self._infos = row_infos
        self.effort.env_steps += int(playing.sum())
        self.effort.decisions += int(decisions.sum())
        for row, episode in enumerate(self._playing):
            if episode is not None:
                episode.steps += 1
                episode.decisions += int(decisions[row])
                episode.reward += float(rewards[row])
                if decisions[row] and answers[row] is not None:
                    episode.answers.append(str(answers[row]))
                yield from self._look(row, bool(done[row]))

    def _look(self, row: int, done: bool) -> Iterator[tuple[Episode, Film]]:
        """Take note of a row's new info; hand its episode over if that was the end of it."""
        episode, info = self._playing[row], self._infos[row]
        if episode is None:
            return
        if FATAL in info:
            raise info[FATAL]
        episode.see(info)
        if done:
            self._playing[row] = None
            yield episode.finish(info, self.default_task)

    def _bury(self, death: WorkerDied) -> Iterator[tuple[Episode, Film]]:
        """Episodes of dead workers are errors; the others are begun again, to the same end."""
        again = []
        for row, episode in enumerate(self._playing):
            if episode is None:
                continue
            if row in death.rows:
                yield episode.finish({ERROR: death.rows[row]}, self.default_task)
            else:
                again.append(episode.number)
        self._left.extendleft(sorted(again, reverse=True))
        self._rows.restart()
        self._forget_rows()

    @contextmanager
    def _clock(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            setattr(self.effort, name, getattr(self.effort, name) + spent)
