"""A run in a folder: play what the ledger lacks, then write what it all amounts to."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any

import gymnasium as gym

from uio2_agent.errors import BadSetting
from uio2_agent.evaluation import clips
from uio2_agent.evaluation.ledger import Episode, Ledger
from uio2_agent.evaluation.result import RESULT_FILE, result
from uio2_agent.evaluation.rollout import Rollout
from uio2_agent.interface import Policy
from uio2_agent.storage import write_json


def check_episodes(episodes: int, seed: int) -> None:
    """Raises `BadSetting`, before anything is started."""
    if episodes < 1:
        raise BadSetting("episodes", episodes, "at least 1")
    if seed < 0:
        raise BadSetting("seed", seed, "a whole number, 0 or more")


def evaluate(
    make_env: Callable[[], gym.Env],
    policy: Policy,
    ledger: Ledger,
    *,
    episodes: int,
    seed: int,
    num_envs: int = 1,
    vectorization: str = "sync",
    clips_wanted: int = 0,
    default_task: str = "default",
    origin: Mapping[str, Any] | None = None,
    on_episode: Callable[[Episode], None] = lambda episode: None,
) -> dict[str, Any]:
    """Play `episodes` episodes and leave `result.json` and clips beside the ledger.

    Called again with the same ledger it plays only what is missing, so an interrupted run ends
    with the same outcomes as one that was not.

    Args:
        make_env: Makes a single environment.
        policy: Made for `num_envs` rows.
        ledger: Its settings name everything that decides outcomes, `seed` included.
        episodes: How many; more than before continues a finished run.
        seed: Of episode 0; episode i has `seed + i`.
        num_envs: Rows.
        vectorization: "sync" or "async".
        clips_wanted: The first so many episodes are kept as moving pictures, if the
            environment was made with a render mode, with the sound of those that can be heard.
        default_task: Counted under this name unless the environment's infos say `task`.
        origin: Becomes `provenance` in the result.
        on_episode: Told of every episode, first of those already in the ledger.

    Returns:
        What `result.json` holds.

    Raises:
        BadSetting: Fewer than one episode, or a seed below 0.
        CannotWrite: The disk is full; the ledger is intact.
    """
    check_episodes(episodes, seed)
    for known in ledger.first(episodes):
        on_episode(known)
    missing = [number for number in range(episodes) if number not in ledger]
    if missing:
        rollout = Rollout(
            make_env,
            policy,
            missing,
            seed=seed,
            num_envs=num_envs,
            vectorization=vectorization,
            recorded=clips_wanted,
            default_task=default_task,
        )
        try:
            with closing(iter(rollout)) as played:
                for episode, film in played:
                    if clip := clips.encode_film(film):
                        # Before its line, so that a line means it is all there.
                        clips.keep(ledger.folder, episode.episode, clip)
                    ledger.append(episode)
                    on_episode(episode)
        finally:
            ledger.add_effort(asdict(rollout.effort))
    outcome = result(ledger.first(episodes), ledger.effort, origin or {})
    write_json(ledger.folder / RESULT_FILE, outcome)
    return outcome
