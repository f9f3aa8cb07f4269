"""Finishes repeat without a seam and differ from each other."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.scenes import finishes as f

RED = f.COLOURS["red"]
PICTURES = {
    **{
        paint.__name__: paint(RED)
        for paint in (
            *(f.fabric, f.plain, f.leaf, f.stone, f.plaid, f.stripes, f.dotted, f.plaster),
            *(f.damask, f.wallpaper, f.brick, f.tiles, f.checked, f.carpet),
        )
    },
    **{paint.__name__: paint("oak") for paint in (f.wood, f.planks, f.parquet)},
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_seam_is_no_sharper_than_the_pattern_itself(name):
    picture = PICTURES[name].astype(int)
    assert picture.shape == (64, 64, 3)
    for axis in (0, 1):
        steps = np.abs(np.diff(picture, axis=axis)).sum(2)
        seam = np.abs(np.take(picture, 0, axis) - np.take(picture, -1, axis)).sum(1)
        rest = steps.mean(1 - axis)
        assert seam.mean() <= max(rest.max() * 1.01, rest.mean() + 3)


def test_no_two_finishes_look_the_same():
    assert len({picture.tobytes() for picture in PICTURES.values()}) == len(PICTURES)


def test_blend_runs_from_one_colour_to_the_other():
    ends = f.blend(np.array([[0.0, 0.5, 1.0, 7.0]]), (0, 0, 0), (200, 100, 50))
    assert ends[0].tolist() == [[0, 0, 0], [100, 50, 25], [200, 100, 50], [200, 100, 50]]


def test_shade_stays_a_colour():
    assert f.shade((200, 100, 0), 50) == (100, 50, 0)
    assert f.shade((200, 100, 0), 200) == (255, 200, 0)
