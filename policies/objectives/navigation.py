"""Behaviour cloning of walks: at some step of a demonstration, say the next move."""

from typing import Any

import numpy as np

from uio2_agent.errors import BadEpisode
from uio2_agent.interface import AUDIO, ORACLE_ACTION, RGB
from uio2_agent.model.training.examples import Example
from uio2_agent.pcm import from_pcm
from uio2_agent.policies.codecs.base import HearingCodec
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.navigation import ACTION

# Told to whoever records, not to who acts.
_TOLD = ("position", "rotation", "collided", ORACLE_ACTION)


def navigation_example(episode: Episode, codec: PointNavCodec, step: int = 0) -> Example:
    """What a policy would ask before action `step`, and the right move and the next state.

    The right move is what the oracle would have done, as far as that was recorded, and else what
    was done. If something else was done, the next state is where the move is meant to lead.

    Raises:
        BadEpisode: There is no action at that step.
        BadInput: A sensor that the codec shows was not recorded.
    """
    if not step < episode.n_steps:
        raise BadEpisode(
            str(episode.info), f"has nothing to imitate at step {step}", "Choose an earlier step"
        )
    actions = episode.actions[ACTION]
    memory = None
    for t in range(step):
        memory = codec.remember(memory, _felt(episode, t), actions[t])
    now = _seen(episode, step)
    asked = codec.prompt(now, step * codec.per_step, memory)
    past = [_seen(episode, t) for t in range(step - asked.n_past // codec.per_step, step)]
    frames = [p for seen in past for p in codec.pictures_of(seen)] + codec.pictures_of(now)[1:]
    sounds: list[np.ndarray] = []
    if isinstance(codec, HearingCodec):
        sounds = [s for seen in past for s in codec.sounds_of(seen)] + codec.sounds_of(now)[1:]
    action = int(episode.labels.get(ORACLE_ACTION, actions)[step])
    done = action == actions[step]
    after = codec.odometer.state(
        _felt(episode, step + 1) if done else {}, codec.remember(memory, now, action)
    )
    return Example(
        question=asked.text,
        image=asked.image,
        frames=frames,
        answer=codec.encode(action, after),
        sound=asked.sound,
        sounds=sounds,
    )


def _felt(episode: Episode, t: int) -> dict[str, Any]:
    """What tells the place before action t: the observation without colours and sound."""
    return {name: a[t] for name, a in episode.labels.items() if name not in (*_TOLD, AUDIO)}


def _seen(episode: Episode, t: int) -> dict[str, Any]:
    """The observation before action t."""
    heard = {AUDIO: from_pcm(episode.labels[AUDIO][t])} if AUDIO in episode.labels else {}
    return {RGB: episode.frames[t].transpose(1, 2, 0), **_felt(episode, t), **heard}
