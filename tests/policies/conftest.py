"""A tokenizer, a codec and a fresh nano to play with, and observations such as the tabletop's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.model.config import SIZES
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint
from uio2_agent.policies.codecs.vima import VimaCodec

GOLDEN = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(find_checkpoint("nano") / "tokenizer.model")


@pytest.fixture(scope="session")
def codec(tokenizer) -> VimaCodec:
    return VimaCodec(tokenizer, SIZES["nano"].text_vocab_size, past_frames=2)


@pytest.fixture(scope="session")
def brief(tokenizer) -> VimaCodec:
    """Plans of two steps at most: random weights rarely end an answer before they must."""
    return VimaCodec(tokenizer, SIZES["nano"].text_vocab_size, past_frames=2, max_steps=2)


@pytest.fixture(scope="session")
def released_words() -> Tokenizer:
    """A tokenizer such as LLaMA's with the released pieces behind it, but small."""
    with np.load(GOLDEN / "tokenizer.npz") as recorded:
        return Tokenizer(recorded["base_model_proto"].tobytes())


@pytest.fixture(scope="session")
def released_model() -> UnifiedIO2:
    """Random weights in the released layout: pictures of 384 x 384, history of 256 x 256."""
    read = ("text", "image", "image_history")
    return UnifiedIO2(replace(SIZES["tiny"], inputs=read, targets=("text",))).eval()


@pytest.fixture(scope="session")
def random_nano() -> UnifiedIO2:
    """Random weights."""
    return UnifiedIO2(SIZES["nano"]).eval()


@pytest.fixture(scope="session")
def hearing_tiny() -> UnifiedIO2:
    """Random weights that read all there is to read, in nano's words."""
    words = SIZES["nano"].text_vocab_size
    return UnifiedIO2(replace(SIZES["tiny"], text_vocab_size=words, targets=("text",))).eval()


def observation(seed: int = 0, pictures: int = 2, ee: int = 0) -> dict:
    """One observation with noise for pictures."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (2 + 2 * 8, 3, 128, 256), dtype=np.uint8)
    words = [f"<image_history_{i + 1}>" for i in range(pictures)] or ["red swirl letter T"]
    return {
        "rgb": {"front": noise[0], "top": noise[1]},
        "segm": {view: np.zeros((128, 256), np.uint8) for view in ("front", "top")},
        "ee": np.int64(ee),
        "prompt_rgb": noise[2:].reshape(8, 2, 3, 128, 256),
        "prompt_segm": np.zeros((8, 2, 128, 256), np.uint8),
        "prompt_mask": (np.arange(8) < pictures).astype(np.int8),
        "prompt_text": f"Put the {' into the '.join(words)}.",
    }


def stack(rows: list[dict]) -> dict:
    """Rows as a vector env returns them."""
    return {
        k: stack([r[k] for r in rows])
        if isinstance(v, dict)
        else tuple(r[k] for r in rows)
        if isinstance(v, str)
        else np.stack([r[k] for r in rows])
        for k, v in rows[0].items()
    }


@pytest.fixture
def observe():
    return observation


@pytest.fixture
def stacked():
    return stack
