"""A loss curve as a picture, without a plotting library."""

import json
from pathlib import Path

from PIL import Image, ImageDraw

from uio2_agent.storage import whole

SIZE, MARGIN = (900, 420), 50
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")
NOT_DRAWN = {"step", "examples_per_s"}


def draw_curve(log: Path, picture: Path) -> None:
    """Every column of a `log.jsonl` against its steps, smoothed over 1/60 of the run.

    The y axis reaches from 0 to the largest value after a twentieth of the run; the first losses
    would flatten all others and are cut off there.
    """
    lines = [json.loads(x) for x in log.read_text().splitlines() if x]
    names = [n for n in (lines[0] if lines else {}) if n not in NOT_DRAWN]
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    if lines:
        window = max(1, len(lines) // 60)
        series = {n: _smooth([x[n] for x in lines], window) for n in names}
        begun = len(lines) // 20
        top = max((max(s[begun:]) for s in series.values()), default=1.0) or 1.0
        last = lines[-1]["step"]
        wide, high = SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN
        draw.rectangle((MARGIN, MARGIN, MARGIN + wide, MARGIN + high), outline="black")
        for k in range(5):
            y = MARGIN + high * (4 - k) / 4
            draw.line((MARGIN, y, MARGIN + wide, y), fill="#dddddd")
            draw.text((5, y - 6), f"{top * k / 4:.2f}", fill="black")
            draw.text((MARGIN + wide * k / 4 - 10, SIZE[1] - 40), f"{last * k // 4}", fill="black")
        for i, (name, values) in enumerate(series.items()):
            colour = COLOURS[i % len(COLOURS)]
            points = [
                (MARGIN + wide * x["step"] / last, MARGIN + high * (1 - min(v, top) / top))
                for x, v in zip(lines, values, strict=True)
            ]
            draw.line(points, fill=colour, width=2)
            draw.text((MARGIN + 10 + 105 * i, 20), f"{name} {values[-1]:.3f}", fill=colour)
    with whole(picture) as part:
        image.save(part, format="PNG")


def _smooth(values: list[float], window: int) -> list[float]:
    means = []
    for i in range(len(values)):
        part = values[max(0, i - window + 1) : i + 1]
        means.append(sum(part) / len(part))
    return means
