"""Behaviour cloning: at some step of a demonstration, say all that remains to be done."""

from uio2_agent.errors import BadEpisode
from uio2_agent.model.training.examples import Example
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
    n_pictures = len(episode.prompt_pictures)
    n_past = min(step, codec.past_frames, codec.slots - n_pictures)
    past = episode.frames[step - n_past : step]
    return Example(
        question=codec.question(episode.prompt_text, n_pictures, n_past),
        image=episode.frames[step],
        frames=[*episode.prompt_pictures, *past],
        answer=codec.encode(episode.plan(step), episode.info["effector"]),
    )
