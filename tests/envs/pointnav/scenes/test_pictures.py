"""Pictures that are shown once: each number another one, all of them upright."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.scenes import pictures
from uio2_agent.envs.pointnav.scenes.finishes import COLOURS, plain


@pytest.mark.parametrize(
    ("paint", "count"),
    [
        (pictures.painting, pictures.PAINTINGS),
        (pictures.books, pictures.BOOKS),
        (pictures.rug, pictures.RUGS),
        (pictures.sky, pictures.SKIES),
        (pictures.screen, 2),
    ],
)
def test_every_number_is_another_picture(paint, count):
    made = [paint(i) for i in range(count)]
    assert len({p.tobytes() for p in made}) == count
    assert all(p.shape == (64, 64, 3) and p.dtype == np.uint8 for p in made)
    assert (paint(1) == made[1]).all()


def test_a_window_shows_bright_sky_above_and_ground_below():
    for i in range(pictures.SKIES):
        view = pictures.sky(i).astype(float)
        assert view[4:30, 5:28, 2].mean() > view[54:60, 5:28, 2].mean() + 40


def test_books_stand_on_their_shelf():
    for i in range(pictures.BOOKS):
        shelf = pictures.books(i).astype(int)
        dark = (shelf == shelf[0, 0]).all(2)
        assert dark[0].all() and not dark[-1, :40].all()


def test_a_front_is_its_base_with_a_handle_on_the_right():
    base = plain(COLOURS["blue"])
    changed = (pictures.front(base) != base).any(2)
    assert changed[26:38, 57:60].all() and not changed[26:38, 20:40].any()
    assert (base == plain(COLOURS["blue"])).all()


def test_machines_and_doors_are_told_apart():
    made = [pictures.oven(0), pictures.hob(0), pictures.washer(0), pictures.mirror(0)]
    made += [pictures.door("oak"), pictures.drawers(plain(COLOURS["white"])), pictures.lamp(0)]
    assert len({p.tobytes() for p in made}) == len(made)
