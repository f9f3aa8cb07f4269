"""Sound in 16 bits a sample (PCM): how recordings keep it, and how finely an agent hears it."""

import numpy as np

from uio2_agent.errors import BadInput

FULL_SCALE = 2**15


def to_pcm(audio: np.ndarray) -> np.ndarray:
    """Float samples in [-1, 1], of any shape -> int16; what is louder is cut off.

    Raises:
        BadInput: Samples that are not finite.
    """
    if not np.isfinite(audio).all():
        raise BadInput("audio", "not finite throughout", "samples in [-1, 1]")
    steps = np.rint(audio * np.float32(FULL_SCALE))
    return np.clip(steps, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def from_pcm(samples: np.ndarray) -> np.ndarray:
    """int16 -> float32 in [-1, 1), of which `to_pcm` makes the same samples again."""
    return samples.astype(np.float32) / FULL_SCALE
