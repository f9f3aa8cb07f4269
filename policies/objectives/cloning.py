"""Behaviour cloning: at some step of a demonstration, say all that remains to be done."""

from uio2_agent.errors import BadEpisode
from uio2_agent.model.training.examples import Example
from uio2_agent.policies.codecs.base import remembered
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.trajectories.episode import Episode


def cloning_example(episode: Episode, codec: VimaCodec, step: int = 0) -> Example:
    """What a policy would ask before action `step`, and the demonstrator's remaining plan.

    Raises:
        BadEpisode: There is no picture or no action at that step.
    """
    if not step < min(episode.n_steps, len(episode.frames)):
        raise BadEpisode(
            str(episode.info), f"has nothing to imitate at step {step}", "Choose an earlier step"
        )
    words, kept = codec.fitted(episode.prompt_text, len(episode.prompt_pictures))
    n_past = min(step, codec.past_frames, codec.slots - len(kept))
    past = remembered(step, n_past, keep_first=codec.keep_first)
    return Example(
        question=codec.question(words, len(kept), n_past),
        image=episode.frames[step],
        frames=[*episode.prompt_pictures[kept], *episode.frames[past]],
        answer=codec.encode(episode.plan(step), episode.info["effector"]),
    )
