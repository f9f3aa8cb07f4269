"""Episodes of an environment, played by whoever is asked and kept as canonical episodes."""

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.errors import BadEpisode, BadInput, UnknownName
from uio2_agent.interface import (
    END_EFFECTOR,
    FAILURE,
    ORACLE_ACTION,
    PROMPT_MASK,
    PROMPT_RGB,
    PROMPT_SEGMENTATION,
    PROMPT_TEXT,
    RGB,
    SEGMENTATION,
    SUCCESS,
    VIEWS,
)
from uio2_agent.trajectories.episode import Episode

Act = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]

_SHOWN = (
    RGB,
    SEGMENTATION,
    END_EFFECTOR,
    PROMPT_RGB,
    PROMPT_SEGMENTATION,
    PROMPT_MASK,
    PROMPT_TEXT,
)
_SETTINGS = ("task", "level", "prompt")  # attributes of our environments


def oracle_act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
    """What the oracle would do now; raises `BadInput` where the environment does not tell."""
    if ORACLE_ACTION not in info:
        raise BadInput("info", "without oracle_action", "an environment made with oracle=True")
    return info[ORACLE_ACTION]


def record_episode(
    env: gym.Env[Any, Any],
    seed: int,
    act: Act = oracle_act,
    view: str = "top",
    *,
    segmentation: bool = False,
    only_successes: bool = False,
) -> Episode:
    """Play the episode of `seed` to its end.

    Args:
        env: One that shows what VIMA-Bench shows and the prompt (`uio2/Tabletop-v0`,
            `uio2/VIMABench-v0`, or either behind `uio2/Remote-v0`); it is left open.
        seed: Handed to `env.reset`.
        act: `(observation, info) -> action`, asked before every step.
        view: Whose pictures are kept, "top" or "front".
        segmentation: Keep that view's segmentation too.
        only_successes: Refuse an episode that does not succeed.

    Returns:
        Episode with frames (T + 1, 3, 128, 256), the actions exactly as they were played, the
        prompt's pictures in reading order. Labels: `ids` int64 (objects,), and with segmentation
        `segm` uint8 (T + 1, 128, 256) and `picture_segm` uint8 (P, 128, 256). Info: env, task,
        level and prompt as far as the environment tells them, seed, view, effector (0 suction,
        1 spatula), success, failure, and in the order of `ids` objects ("purple container") and
        kinds ([shape, texture]).

    Raises:
        BadEpisode: It did not succeed though it had to.
        BadInput: The environment does not show what is to be recorded.
        UnknownName: No such view.
    """
    if view not in VIEWS:
        raise UnknownName("view", view, VIEWS)
    first, told = env.reset(seed=seed)
    for name in _SHOWN:
        if not isinstance(first, Mapping) or name not in first:
            wanted = f"{', '.join(_SHOWN)} in it, as from uio2/Tabletop-v0"
            raise BadInput("observation", f"without {name!r}", wanted)
    shown = np.asarray(first[PROMPT_MASK]).astype(bool)
    camera = VIEWS.index(view)
    kinds = {
        int(obj_id): [thing["obj_name"], thing["texture_name"]]
        for obj_id, thing in told.get("obj_id_to_info", {}).items()
    }

    observation, info, over = first, told, False
    frames, segm = [_copy(first, RGB, view)], [_copy(first, SEGMENTATION, view)]
    actions: list[dict[str, np.ndarray]] = []
    while not over:
        action = act(observation, info)
        actions.append({name: np.array(value) for name, value in action.items()})
        observation, _, terminated, truncated, info = env.step(action)
        over = terminated or truncated
        frames.append(_copy(observation, RGB, view))
        segm.append(_copy(observation, SEGMENTATION, view))

    facts = settings_of(env) | {
        "seed": seed,
        "view": view,
        "effector": int(first[END_EFFECTOR]),
        "success": bool(info[SUCCESS]),
        "failure": bool(info[FAILURE]),
        "objects": [f"{texture} {shape}" for shape, texture in kinds.values()],
        "kinds": list(kinds.values()),
    }
    if only_successes:
        check_success(facts, len(actions))
    labels = {"ids": np.array(list(kinds), np.int64)}
    if segmentation:
        labels["segm"] = np.stack(segm)
        labels["picture_segm"] = first[PROMPT_SEGMENTATION][shown][:, camera]
    return Episode(
        frames=np.stack(frames),
        actions={name: np.stack([a[name] for a in actions]) for name in actions[0]},
        prompt_text=str(first[PROMPT_TEXT]),
        prompt_pictures=first[PROMPT_RGB][shown][:, camera],
        labels=labels,
        info=facts,
    )


def _copy(observation: Mapping[str, Any], kind: str, view: str) -> np.ndarray:
    return np.array(observation[kind][view])  # an environment may write into its own again


def check_success(facts: Mapping[str, Any], n_steps: int) -> None:
    """Raises `BadEpisode` where an episode's facts do not say that it succeeded."""
    if not facts["success"]:
        how = "failed" if facts["failure"] else "ran out of steps"
        name = f"{facts.get('task', facts['env'])}, seed {facts['seed']}"
        raise BadEpisode(name, f"{how} after {n_steps} steps", "Record another seed")


def settings_of(env: gym.Env[Any, Any]) -> dict[str, Any]:
    """env, task, level, prompt: attributes of the environment, or what it was made with."""
    spec = env.spec
    made_with = dict(spec.kwargs) if spec else {}
    name = spec.id if spec else type(env.unwrapped).__name__
    if "env_kwargs" in made_with:  # it lives in another interpreter
        name = str(made_with["env_id"]).rpartition(":")[2]
        made_with = dict(made_with["env_kwargs"] or {})
    facts: dict[str, Any] = {"env": name}
    for setting in _SETTINGS:
        own = env.get_wrapper_attr(setting) if env.has_wrapper_attr(setting) else None
        value = own if isinstance(own, str) else made_with.get(setting)
        if isinstance(value, str):
            facts[setting] = value
    return facts
