"""Episodes of PointNav and AudioGoal, played by whoever is asked and kept as canonical episodes."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.errors import BadInput
from uio2_agent.interface import AUDIO, FAILURE, METRICS, ORACLE_ACTION, PROMPT, RGB, SUCCESS
from uio2_agent.pcm import to_pcm
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.recording import Act, check_success, oracle_act, settings_of

ACTION = "action"
SENSORS = (RGB, "depth", "pointgoal_with_gps_compass", "pointgoal", "gps", "compass")
_TOLD = ("position", "rotation", "collided")  # by the info, at every moment
_NAMES = ("episode_id", "scene_id")


def record_navigation(
    env: gym.Env[Any, Any],
    seed: int,
    act: Act = oracle_act,
    *,
    only_successes: bool = False,
) -> Episode:
    """Play the episode of `seed` to its end.

    Args:
        env: One of PointNav (`uio2/PointNav-v0`, `uio2/HabitatPointNav-v0`, `uio2/AudioGoal-v0`)
            that shows `rgb`; it is left open. Made with the sensors of `SENSORS`, everything a
            policy could ask for is kept.
        seed: Handed to `env.reset`.
        act: `(observation, info) -> action`, asked before every step.
        only_successes: Refuse an episode that does not succeed.

    Returns:
        Episode with frames (T + 1, 3, H, W) and the actions `action` int64 (T,). Labels, (T + 1,
        ...) each: every other sensor as it was observed, such as `depth` float32 (H, W, 1) in
        [0, 1] and `gps` (2,), but `audio` as int16 (2, samples) (`pcm`: half the size, and as
        fine as an agent hears it); and `position` (3,) and `rotation` (4,) in the frame of the
        scene, and `collided`, whether the step that led here hit something; and, where the oracle
        tells, `oracle_action` int64 (T + 1,), what it would do now. The prompt is the instruction
        in words. Info: env, task ("pointnav-v1"), seed, success, failure, metrics of the last
        step, episode_id, scene_id.

    Raises:
        BadEpisode: It did not succeed though it had to.
        BadInput: The environment does not show colours, or is not one of PointNav.
    """
    observation, info = env.reset(seed=seed)
    _check(observation, info)
    seen, told, actions, over = [_kept(observation)], [info], [], False
    while not over:
        action = act(observation, info)
        actions.append(int(action))
        observation, _, terminated, truncated, info = env.step(action)
        over = terminated or truncated
        seen.append(_kept(observation))
        told.append(info)
    facts = settings_of(env)
    facts |= {
        "task": f"pointnav-{facts['task']}" if "task" in facts else "pointnav",
        "seed": seed,
        "success": bool(info[SUCCESS]),
        "failure": bool(info[FAILURE]),
        "metrics": {name: float(value) for name, value in info.get(METRICS, {}).items()},
        **{name: str(info[name]) for name in _NAMES if name in info},
    }
    if only_successes:
        check_success(facts, len(actions))
    labels = {name: np.stack([o[name] for o in seen]) for name in seen[0] if name != RGB}
    names = _TOLD + ((ORACLE_ACTION,) if ORACLE_ACTION in told[0] else ())
    labels |= {name: np.stack([np.asarray(i[name]) for i in told]) for name in names}
    frames = np.stack([o[RGB].transpose(2, 0, 1) for o in seen])
    return Episode(
        frames=frames,
        actions={ACTION: np.array(actions, np.int64)},
        prompt_text=str(told[0].get(PROMPT, "")),
        prompt_pictures=np.zeros((0, *frames.shape[1:]), np.uint8),
        labels=labels,
        info=facts,
    )


def _check(observation: Any, info: Mapping[str, Any]) -> None:
    if not isinstance(observation, Mapping) or RGB not in observation:
        want = "rgb among the environment's sensors"
        raise BadInput("observation", "without colours", want)
    missing = [name for name in _TOLD if name not in info]
    if missing:
        raise BadInput("info", f"without {', '.join(missing)}", "that of uio2/PointNav-v0")


def _kept(observation: Mapping[str, Any]) -> dict[str, np.ndarray]:
    # Copied, since an environment may write into its own again.
    return {
        name: to_pcm(value) if name == AUDIO else np.array(value)
        for name, value in observation.items()
    }
