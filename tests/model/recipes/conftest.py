"""A model of random weights that is soon done: pictures are 64 pixels wide and 64 tokens."""

from dataclasses import replace

import numpy as np
import pytest

from uio2_agent.model.config import SIZES, ViTVQGANConfig, VQGANConfig
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer

TINY = SIZES["tiny"]
SMALL = replace(
    TINY,
    image=replace(
        TINY.image,
        quantiser=VQGANConfig(
            channels=32, multipliers=(1, 1, 1, 1), blocks=1, attention_sides=(), codes=250, size=64
        ),
        target_grid=(8, 8),
    ),
    audio=replace(
        TINY.audio,
        quantiser=ViTVQGANConfig(
            width=32,
            heads=2,
            head_dim=16,
            layers=1,
            mlp_width=64,
            patch=32,
            codes=120,
            code_width=8,
        ),
        target_grid=(4, 8),
    ),
)


class Scripted(Predictor):
    """Answers in words what it is told to, whatever it is asked; keeps what it was asked."""

    script: list[int]

    def tokens(self, example, **settings):
        self.asked = settings
        return self.script


@pytest.fixture(scope="session")
def tokenizer(golden) -> Tokenizer:
    return Tokenizer(golden("tokenizer")["base_model_proto"].tobytes())


@pytest.fixture(scope="session")
def small() -> UnifiedIO2:
    return UnifiedIO2(SMALL).eval().requires_grad_(False)


@pytest.fixture
def predictor(small, tokenizer) -> Predictor:
    return Predictor(small, tokenizer)


@pytest.fixture
def scripted(small, tokenizer) -> Scripted:
    return Scripted(small, tokenizer)


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """100 rows, 150 columns."""
    rows, cols = np.mgrid[:100, :150]
    return np.stack([rows * 2, cols, 200 - rows - cols // 3], axis=-1).astype(np.uint8)


@pytest.fixture(scope="session")
def bins(tokenizer):
    """`bins(picture, x1, y1, x2, y2)` → the tokens of a box in pixels of a picture."""

    def of(picture: np.ndarray, *box: float) -> list[int]:
        height, width = picture.shape[:2]
        scale = 384 / max(height, width)
        top, left = (384 - int(height * scale)) // 2, (384 - int(width * scale)) // 2
        x1, y1, x2, y2 = box
        places = (y1 * scale + top, x1 * scale + left, y2 * scale + top, x2 * scale + left)
        return [tokenizer.location(place / 384) for place in places]

    return of
