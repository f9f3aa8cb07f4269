"""Tubs, showers, toilets, basins and washing machines."""

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.bathroom import (
    bath_tub,
    shower,
    toilet,
    washbasin,
    washing_machine,
)


def test_a_tub_is_hollow_but_not_so_deep_that_one_could_step_in():
    *rims, bottom = bath_tub(Draws(0)).blocks[:5]
    assert all(rim.z1 > bottom.z1 > 42 for rim in rims)


def test_a_shower_is_a_tray_with_a_wall():
    tray, wall = shower(Draws(0)).blocks[:2]
    assert tray.z1 == wall.z0 < wall.z1


def test_one_can_sit_and_wash():
    for make in (toilet, bath_tub, washing_machine):
        assert make(Draws(0)).front >= 50


def test_a_mirror_hangs_above_every_basin():
    for seed in range(6):
        made = washbasin(Draws(seed), "oak")
        mirror = next(p for p in made.panels if p.material == "mirror 0")
        assert mirror.z0 > 110 and mirror.z1 <= made.height
