"""Pictures and sounds from words (spec m).

Shapes: H, W rows and columns of the user's picture, T samples.
"""

import numpy as np
from torch import Tensor

from uio2_agent.errors import BadShape
from uio2_agent.model.pictures import Picture, as_picture
from uio2_agent.model.preprocessing import undo_picture
from uio2_agent.model.preprocessor import Example
from uio2_agent.model.prompt_text import AUDIO, IMAGE
from uio2_agent.model.recipes import prompts
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.recipes.prompts import filled
from uio2_agent.model.sampling import Sampling
from uio2_agent.model.sound import SAMPLE_RATE, SEGMENT

_SOUNDS = Sampling(temperature=1.0, top_p=0.9)


def image(predictor: Predictor, text: str, *, alpha: float = 10.0) -> np.ndarray:
    """A picture (256, 256, 3) uint8 of what the text says.

    Args:
        alpha: Of classifier-free guidance; 0 needs half the time and looks more like a photograph.
    """
    example = Example(filled(prompts.IMAGE, text), prefix=IMAGE)
    return as_bytes(predictor.paint(example, alpha=alpha))


def edit(predictor: Predictor, picture: Picture, text: str, *, alpha: float = 0.0) -> np.ndarray:
    """The picture (H, W, 3) uint8, changed as the text says; painted at 256 x 256."""
    return _edited(predictor, picture, filled(prompts.EDIT, text), alpha)


def inpaint(
    predictor: Predictor, picture: Picture, mask: np.ndarray, text: str, *, alpha: float = 0.0
) -> np.ndarray:
    """The picture (H, W, 3) uint8 with new content where the mask is true; the rest stays.

    The model is shown that part black.

    Args:
        mask: (H, W) bool.
        text: What shall be there; may be empty.

    Raises:
        BadShape: A mask that does not fit the picture.
    """
    source = as_picture(picture)
    mask = np.asarray(mask)
    if mask.shape != source.shape[:2] or mask.dtype != np.bool_:
        want = f"{source.shape[:2]} bool, as the picture"
        raise BadShape("mask", f"{mask.shape} {mask.dtype}", want)
    shown = np.where(mask[..., None], np.zeros_like(source), source)
    painted = _edited(predictor, shown, filled(prompts.INPAINT, text), alpha)
    if source.dtype != np.uint8:
        source = (source * 255).round().astype(np.uint8)
    return np.where(mask[..., None], painted, source)


def audio(
    predictor: Predictor,
    text: str,
    *,
    seconds: float = SEGMENT / SAMPLE_RATE,
    alpha: float = 0.0,
) -> np.ndarray:
    """A sound (T,) float32 at 16 kHz in [-1, 1] of what the text says."""
    example = Example(filled(prompts.AUDIO, text), prefix=AUDIO)
    return predictor.sound(example, seconds=seconds, sampling=_SOUNDS, alpha=alpha)


def as_bytes(painted: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] → (H, W, 3) uint8."""
    return (painted.permute(1, 2, 0) * 255).round().byte().numpy()


def _edited(predictor: Predictor, picture: Picture, text: str, alpha: float) -> np.ndarray:
    reading = predictor.read(Example(text, image=picture, prefix=IMAGE))
    painted = predictor.paint(reading, alpha=alpha)
    return as_bytes(undo_picture(painted, reading.picture_info()))
