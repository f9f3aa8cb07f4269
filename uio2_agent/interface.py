"""What a policy is, what it is shown, and how to check that it keeps the contract.

Shapes: N rows (one per parallel environment). `observations` and `infos` are what a Gymnasium
vector env returns: dicts of arrays stacked over rows, `Text` as a tuple of N strings, and beside
every key of `infos` a mask `_key` (N,) of the rows that have it.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate

from uio2_agent.errors import BadAction, BadPolicy, BadShape

# Keys of the tabletop's observations, shared by environment and codec (vima_bench.md §2.1).
RGB = "rgb"  # {view: uint8 (3, H, W)}
SEGMENTATION = "segm"  # {view: uint8 (H, W)}
END_EFFECTOR = "ee"  # 0 suction cup, 1 spatula
PROMPT_RGB = "prompt_rgb"  # uint8 (slots, views, 3, H, W)
PROMPT_SEGMENTATION = "prompt_segm"  # uint8 (slots, views, H, W)
PROMPT_MASK = "prompt_mask"  # int8 (slots,), 1 where a slot holds a picture
AUDIO = "audio"  # float32 (2, T) in [-1, 1], left and right ear since the last step, 16 kHz
PROMPT_TEXT = "prompt_text"  # pictures are written <image_history_1> … <image_history_8>

VIEWS = ("front", "top")  # also the order of the views axis of the prompt
IMAGE_HEIGHT, IMAGE_WIDTH = 128, 256
PROMPT_SLOTS = 8
AUDIO_RATE = 16_000  # samples a second of `AUDIO`

MOVES = ("stop", "forward", "left", "right")  # of who walks, by the action's number
STOP, FORWARD, LEFT, RIGHT = range(len(MOVES))

FIRST_EVALUATION_SEED = 900_000  # training draws from the seeds below

# Keys of infos that environments, policies and evaluation share.
SUCCESS = "success"  # env: bool, at every step; the last one counts
FAILURE = "failure"  # env: bool
TASK = "task"  # env: name under which an episode is counted
PROMPT = "prompt"  # env: the instruction, for reports
METRICS = "metrics"  # env: {name: number}; those of the last step are averaged over episodes
ABLATED = "ablated"  # entry of `METRICS`: 1 if the prompt was spoilt, 0 if it could not be
ORACLE_ACTION = "oracle_action"  # env made with oracle=True: what the oracle would do now
ERROR = "error"  # rollout: what the environment raised
EPISODE_SEED = "episode_seed"  # rollout, int64 (N,): seed of the row's episode, or NO_EPISODE
DECISIONS = "decisions"  # policy, bool or int (N,): answers asked of the model in this call
ANSWER = "answer"  # policy, object (N,): the answer's text, or None

ABLATIONS = ("pictures", "words", "nonsense")  # what of a prompt can be spoilt, envs/ablation.py

NO_EPISODE = -1  # rows left over at the end of a run; what is answered for them is not used


@runtime_checkable
class Policy(Protocol):
    """Something that acts, always for N rows at once.

    Whatever it remembers between calls is cleared by `reset`; a row's action depends on nothing
    but what that row was shown since, so results do not depend on how many rows there are.
    """

    def reset(self, mask: np.ndarray) -> None:
        """Forget everything about the rows where `mask`, bool (N,), is true."""
        ...

    def act(self, observations: Any, infos: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """One action per row, stacked as `gymnasium.vector.utils.batch_space(action_space, N)`.

        Returns the actions, and infos of the policy's own (see `DECISIONS` and `ANSWER`).
        The arguments belong to the caller: they are read, never changed.
        """
        ...


def check_policy(
    policy: Policy,
    observation_space: gym.Space,
    action_space: gym.Space,
    num_envs: int,
    *,
    observations: Sequence[Sequence[Any]] | None = None,
    infos: Mapping[str, Any] | None = None,
    steps: int = 3,
    seed: int = 0,
) -> None:
    """Ask a policy made for `num_envs` rows everything the contract promises.

    Args:
        policy: What to check; its memory is reset several times.
        observation_space: Of a single environment.
        action_space: Of a single environment.
        num_envs: N, at least 2, so that rows can be told apart.
        observations: `num_envs` episodes of `steps` observations each, as single environments
            return them; sampled from the space when not given.
        infos: Handed to every call, stacked over rows; `episode_seed` is added when missing.
        steps: Calls per played episode, at least 2, so that memory shows.
        seed: Of the sampled observations.

    Raises:
        BadPolicy: Memory leaks through `reset`, into other rows, or arguments were changed.
        BadAction: An action outside `action_space`.
        BadShape: Actions that are not stacked over N rows.
    """
    if num_envs < 2 or steps < 2:
        got = f"num_envs={num_envs}, steps={steps}"
        raise BadShape("check_policy", got, "at least 2 rows and 2 steps")
    if not isinstance(policy, Policy):
        raise BadPolicy("policy", type(policy).__name__, "an object with reset(mask) and act()")
    if observations is None:
        observation_space.seed(seed)
        observations = [[observation_space.sample() for _ in range(steps)] for _ in range(num_envs)]
    infos = {EPISODE_SEED: np.arange(num_envs, dtype=np.int64) + seed, **(infos or {})}
    trial = _Trial(policy, observation_space, action_space, num_envs, observations, infos)

    everyone = np.arange(num_envs)
    first = trial.play(everyone)
    _compare(first, trial.play(everyone), everyone, "after reset(mask) of all rows")

    # A row sees the same in other company, then in another place.
    company = np.where(everyone == 0, 0, np.roll(everyone, 1))
    _compare(first, trial.play(company), everyone[:1], "when other rows see something else")
    moved = trial.play(np.roll(everyone, 1))
    back = [step[1:] + step[:1] for step in moved]
    _compare(first, back, everyone, "when it sits in another row")

    # One row starts again in the middle of the others' episodes.
    again, others = everyone == 0, everyone[1:]
    policy.reset(np.ones(num_envs, dtype=bool))
    half = steps // 2
    kept = [trial.act(everyone, [t] * num_envs) for t in range(half)]
    policy.reset(again)
    for t in range(half, steps):
        kept.append(trial.act(everyone, np.where(again, t - half, t).tolist()))
    _compare(first, kept, others, "although reset(mask) left it out")
    _compare(first, kept[half:], everyone[:1], "after reset(mask) of this row alone")


class _Trial:
    """Plays recorded observations to a policy and looks at what comes back."""

    def __init__(
        self,
        policy: Policy,
        observation_space: gym.Space,
        action_space: gym.Space,
        num_envs: int,
        episodes: Sequence[Sequence[Any]],
        infos: Mapping[str, Any],
    ) -> None:
        self.policy, self.episodes, self.infos = policy, episodes, infos
        self.observation_space, self.action_space = observation_space, action_space
        self.num_envs, self.steps = num_envs, min(len(episode) for episode in episodes)

    def play(self, sources: np.ndarray) -> list[list[Any]]:
        """Reset all rows; row i is shown the episode `sources[i]`. Actions per step and row."""
        self.policy.reset(np.ones(self.num_envs, dtype=bool))
        return [self.act(sources, [t] * self.num_envs) for t in range(self.steps)]

    def act(self, sources: np.ndarray, times: Sequence[int]) -> list[Any]:
        """Row i is shown observation `times[i]` of episode `sources[i]`. One action per row."""
        shown = [self.episodes[s][t] for s, t in zip(sources, times, strict=True)]
        batch = stack(self.observation_space, shown)
        infos = _pick_rows(self.infos, sources)
        before = deepcopy((batch, infos))
        actions, answered = self.policy.act(batch, infos)
        if not same((batch, infos), before):
            raise BadPolicy("observations or infos", "changed by act", "arguments left alone")
        if not isinstance(answered, dict):
            raise BadPolicy("infos of act", type(answered).__name__, "a dict")
        return self._rows(actions)

    def _rows(self, actions: Any) -> list[Any]:
        batched = batch_space(self.action_space, self.num_envs)
        try:
            rows = list(iterate(batched, actions))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            want = f"an element of {batched}"
            raise BadShape("actions", f"{type(actions).__name__} ({error!r})", want) from error
        if len(rows) != self.num_envs:
            raise BadShape("actions", f"{len(rows)} rows", f"{self.num_envs} rows")
        for row, action in enumerate(rows):
            if not self.action_space.contains(action):
                raise BadAction(f"action of row {row}", action, f"inside {self.action_space}")
        return deepcopy(rows)


def _pick_rows(infos: Mapping[str, Any], rows: np.ndarray) -> dict[str, Any]:
    """The infos another order of rows would have come with."""
    return {
        key: _pick_rows(value, rows) if isinstance(value, Mapping) else np.asarray(value)[rows]
        for key, value in infos.items()
    }


def _compare(
    want: list[list[Any]], got: list[list[Any]], rows: np.ndarray, circumstance: str
) -> None:
    for step, (wanted, answered) in enumerate(zip(want, got, strict=False)):
        for row in rows:
            if not same(wanted[row], answered[row]):
                raise BadPolicy(
                    f"action {step} of row {row}",
                    f"{answered[row]} {circumstance}",
                    f"{wanted[row]} as before, since the row was shown the same",
                )


def blank(space: gym.Space) -> Any:
    """Zeros shaped like one element of `space`: what fills a row with nothing in it."""
    return next(iter(iterate(batch_space(space, 1), create_empty_array(space, 1))))


def stack(space: gym.Space, rows: Sequence[Any]) -> Any:
    """Elements of `space`, one per row -> one element of `batch_space(space, len(rows))`."""
    empty: Any = create_empty_array(space, len(rows))
    return concatenate(space, rows, empty)


def same(a: Any, b: Any) -> bool:
    """Whether two nested dicts, sequences or arrays are equal, bit for bit."""
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    x, y = np.asarray(a), np.asarray(b)
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if x.dtype == object:
        pairs = zip(x.flat, y.flat, strict=True)
        return all(i == j if i is a else same(i, j) for i, j in pairs)
    return x.tobytes() == y.tobytes()
