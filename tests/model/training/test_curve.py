"""The picture of a log."""

import json

from PIL import Image

from uio2_agent.model.training.curve import COLOURS, draw_curve


def test_every_column_is_drawn_in_its_colour(tmp_path):
    lines = [{"step": s, "loss": 9 - s / 20, "words": 4.0} for s in range(1, 100)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    draw_curve(tmp_path / "log.jsonl", tmp_path / "curve.png")
    picture = Image.open(tmp_path / "curve.png").convert("RGB")
    seen = {"#%02x%02x%02x" % c for _, c in picture.getcolors(100_000)}
    assert {COLOURS[0], COLOURS[1]} <= seen
    assert COLOURS[2] not in seen


def test_an_empty_log_makes_an_empty_picture(tmp_path):
    (tmp_path / "log.jsonl").write_text("")
    draw_curve(tmp_path / "log.jsonl", tmp_path / "curve.png")
    assert Image.open(tmp_path / "curve.png").getcolors() == [(900 * 420, (255, 255, 255))]
