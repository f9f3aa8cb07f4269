"""Questions answered in words, about a picture, a video or a sound (spec m)."""

from collections.abc import Sequence
from dataclasses import dataclass

from uio2_agent.model.pictures import Picture
from uio2_agent.model.preprocessor import Example
from uio2_agent.model.prompt_text import Box
from uio2_agent.model.recipes import prompts
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.recipes.prompts import filled
from uio2_agent.model.recipes.video import Video, as_history
from uio2_agent.model.recordings import Sound


@dataclass(frozen=True)
class Choice:
    """The best of several given answers; losses: of each, mean nats per token, in their order."""

    label: str
    losses: dict[str, float]


def vqa(predictor: Predictor, image: Picture, question: str) -> str:
    """A short answer to a question about a picture, of at most 32 tokens."""
    example = Example(filled(prompts.VQA, question), image=image)
    return predictor.ask(example, max_new_tokens=32)


def caption(predictor: Predictor, image: Picture) -> str:
    """One sentence about a picture, of at most 64 tokens."""
    return predictor.ask(Example(prompts.CAPTION, image=image), max_new_tokens=64)


def video_caption(predictor: Predictor, video: Video) -> str:
    """One sentence about a video, of at most 64 tokens."""
    *past, last = as_history(video)
    example = Example(prompts.VIDEO_CAPTION, image=last, image_history=past)
    return predictor.ask(example, max_new_tokens=64)


def video_tag(predictor: Predictor, video: Video) -> str:
    """What is done in a video, of at most 16 tokens."""
    *past, last = as_history(video)
    example = Example(prompts.VIDEO_TAG, image=last, image_history=past)
    return predictor.ask(example, max_new_tokens=16)


def audio_caption(predictor: Predictor, audio: Sound) -> str:
    """One sentence about a sound of any length, of at most 64 tokens."""
    return predictor.ask(Example(prompts.AUDIO_CAPTION, audio=audio), max_new_tokens=64)


def categorise(predictor: Predictor, image: Picture, options: Sequence[str]) -> Choice:
    """Which of the options the picture shows; `BadInput` without options."""
    return _best(predictor, Example(prompts.CATEGORISE, image=image), options)


def region_class(predictor: Predictor, image: Picture, box: Box, options: Sequence[str]) -> Choice:
    """Which of the options is at `box`, x1 y1 x2 y2 in pixels; `BadInput` without options."""
    example = Example(prompts.REGION_CLASS, image=image, boxes=[box])
    return _best(predictor, example, options)


def _best(predictor: Predictor, example: Example, options: Sequence[str]) -> Choice:
    losses = dict(zip(options, predictor.score(example, options), strict=True))
    return Choice(min(losses, key=losses.__getitem__), losses)
