"""The picture of a log."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from uio2_agent.model.training.curve import COLOURS, draw_curve


def colours(picture: Path) -> set[str]:
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    return {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.unique(pixels, axis=0).tolist()}


def test_every_column_is_drawn_in_its_colour(tmp_path):
    lines = [{"step": s, "loss": 9 - s / 20, "words": 4.0} for s in range(1, 100)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    draw_curve(tmp_path / "log.jsonl", tmp_path / "curve.png")
    seen = colours(tmp_path / "curve.png")
    assert {COLOURS[0], COLOURS[1]} <= seen
    assert COLOURS[2] not in seen


def test_an_empty_log_makes_an_empty_picture(tmp_path):
    (tmp_path / "log.jsonl").write_text("")
    draw_curve(tmp_path / "log.jsonl", tmp_path / "curve.png")
    assert colours(tmp_path / "curve.png") == {"#ffffff"}


def test_the_first_losses_do_not_flatten_the_others(tmp_path):
    losses = [1000.0] * 3 + [2.0 - s / 100 for s in range(100)]
    lines = [{"step": s, "loss": loss} for s, loss in enumerate(losses, start=1)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    draw_curve(tmp_path / "log.jsonl", tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as image:
        pixels = np.asarray(image.convert("RGB"))[40:, 100:]  # without the legend and the beginning
    rows = np.flatnonzero((pixels == (0x1F, 0x77, 0xB4)).all(-1).any(1))
    assert rows.max() - rows.min() > 0.3 * len(pixels)
