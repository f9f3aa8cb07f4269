"""Pictures that are shown once: fronts of cupboards and machines, books, paintings, windows.

64 x 64 RGB, row 0 at the top.
"""

import numpy as np

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.finishes import (
    COLOURS,
    RGB,
    WOODS,
    Picture,
    blend,
    fabric,
    plain,
    shade,
    stripes,
    wood,
)
from uio2_agent.envs.rendering import patterns as p

PAINTINGS, BOOKS, RUGS, SKIES = 24, 6, 14, 5


def _ink(base: Picture) -> RGB:
    """A darker tone for joints."""
    r, g, b = (int(c) * 7 // 10 for c in base[32, 32])
    return r, g, b


def lamp(_: int) -> Picture:
    return blend(p.noise(2, 2, 1), (255, 240, 206), (255, 248, 228))


def framed(picture: Picture, margin: int, ink: RGB) -> Picture:
    """A thin line around, `margin` texels from the edge."""
    m, n = margin, p.SIZE - margin
    picture = picture.copy()
    for a, b in ((slice(m, m + 2), slice(m, n)), (slice(n - 2, n), slice(m, n))):
        picture[a, b] = picture[b, a] = ink
    return picture


def front(base: Picture) -> Picture:
    """A cupboard door: joint around, panel within, handle on the right."""
    ink = _ink(base)
    front = framed(framed(base, 0, ink), 9, ink)
    front[26:38, 57:60] = shade(COLOURS["steel"], 80)
    return front


def drawers(base: Picture) -> Picture:
    ink = _ink(base)
    front = framed(base, 0, ink)
    for row in (20, 42):
        front[row : row + 2] = ink
    for row in (9, 31, 52):
        front[row : row + 2, 26:38] = shade(COLOURS["steel"], 80)
    return front


def oven(_: int) -> Picture:
    front = framed(plain(COLOURS["charcoal"]), 0, (24, 24, 26))
    front[18:54, 8:56] = (22, 22, 26)
    front[10:12, 8:56] = COLOURS["steel"]
    for col in range(10, 56, 12):
        front[3:7, col : col + 4] = COLOURS["steel"]
    return front


def washer(_: int) -> Picture:
    front = framed(plain(COLOURS["white"]), 0, (150, 150, 150))
    away = (p.ROWS - 36) ** 2 + (p.COLS - 32) ** 2
    front[away < 20 * 20] = COLOURS["steel"]
    front[away < 16 * 16] = (58, 64, 72)
    front[4:10, 6:24] = (90, 96, 104)
    return front


def hob(_: int) -> Picture:
    top = plain(COLOURS["black"])
    for row, col, radius in ((18, 18, 11), (18, 46, 8), (46, 18, 8), (46, 46, 11)):
        away = (p.ROWS - row) ** 2 + (p.COLS - col) ** 2
        top[(away < radius**2) & (away > (radius - 2) ** 2)] = (170, 60, 50)
    return top


def books(number: int) -> Picture:
    """Spines of many widths, heights and colours on a dark shelf."""
    draws, names = Draws(101, number), sorted(COLOURS)
    shelf, col = np.full((p.SIZE, p.SIZE, 3), (44, 34, 28), np.uint8), 0
    while col < p.SIZE - 3:
        width, height = 3 + draws.below(5), 40 + draws.below(22)
        colour = COLOURS[draws.choice(names)]
        spine = shelf[p.SIZE - height :, col : col + width]
        spine[:] = colour
        spine[:, -1] = shade(colour, 55)
        spine[6:9] = shade(colour, 140)
        col += width + (draws.below(9) if draws.chance(7) else 0)
    return shelf


def painting(number: int) -> Picture:
    """A framed picture: a landscape, stripes of colour, discs, or blocks."""
    draws, names = Draws(102, number), sorted(COLOURS)
    one, two, three = (COLOURS[c] for c in draws.distinct(names, 3))
    if number % 4 == 0:
        hills = 26 + 10 * p.wave(p.COLS + draws.below(64), 64) + 8 * p.noise(4, 8, number)
        art = blend(p.ROWS / 40, COLOURS["sky"], COLOURS["cream"])
        art[hills < p.ROWS] = one
        art[hills + 14 < p.ROWS] = shade(two, 80)
    elif number % 4 == 1:
        art = np.array([one, two, three, COLOURS["cream"]], np.uint8)[
            p.bands(p.ROWS + 6 * p.wave(p.COLS, 64) + 8, (14, 18, 12, 20))
        ]
    elif number % 4 == 2:
        art = blend(p.layered_noise(3, number), shade(one, 110), one)
        for colour in (two, three, COLOURS["cream"]):
            row, col, r = 14 + draws.below(36), 14 + draws.below(36), 5 + draws.below(11)
            art[(p.ROWS - row) ** 2 + (p.COLS - col) ** 2 < r * r] = colour
    else:
        art = np.full((p.SIZE, p.SIZE, 3), COLOURS["cream"], np.uint8)
        for colour in (one, two, three, one, two):
            row, col = draws.below(48), draws.below(48)
            art[row : row + 8 + draws.below(24), col : col + 8 + draws.below(24)] = colour
    frame = ((30, 28, 26), (196, 160, 90), (236, 234, 228), (110, 74, 48))[draws.below(4)]
    rim = np.minimum(np.minimum(p.ROWS, 63 - p.ROWS), np.minimum(p.COLS, 63 - p.COLS))
    art[rim < 9] = (242, 240, 234)
    art[rim < 4] = frame
    return art


def rug(number: int) -> Picture:
    draws, names = Draws(103, number), sorted(set(COLOURS) - {"steel", "brass", "black"})
    one, two, three = (COLOURS[c] for c in draws.distinct(names, 3))
    ground = (
        fabric(one),
        stripes(one),
        blend(p.checks(8).astype(np.float64), one, two),
        blend((p.paisley() > 0).astype(np.float64), one, two),
    )[number % 4].copy()
    rim = np.minimum(np.minimum(p.ROWS, 63 - p.ROWS), np.minimum(p.COLS, 63 - p.COLS))
    ground[rim < 7] = two
    ground[rim < 2] = three
    return ground


def sky(number: int) -> Picture:
    """What a window shows: sky over roofs or trees, with its white frame."""
    view = blend(p.ROWS / 52, (176, 208, 240), (250, 250, 246))
    clouds = p.layered_noise(3, 40 + number)
    view[clouds > 0.62] = (252, 252, 252)
    horizon = 48 - 8 * p.noise(4, 8, 50 + number) if number % 2 else 46 - 6 * (p.COLS // 9 % 3)
    view[horizon < p.ROWS] = ((150, 176, 130), (196, 176, 160))[number % 2 == 0]
    view[horizon + 9 < p.ROWS] = ((126, 156, 112), (170, 150, 140))[number % 2 == 0]
    for low, high in ((0, 3), (30, 34), (61, 64)):
        view[:, low:high] = (236, 236, 234)
    view[:3] = view[-3:] = (236, 236, 234)
    return view


def screen(number: int) -> Picture:
    screen = np.full((p.SIZE, p.SIZE, 3), (24, 26, 30), np.uint8)
    if number:
        screen[6:58, 4:60] = blend(p.layered_noise(3, 60), (40, 90, 150), (150, 200, 230))[
            6:58, 4:60
        ]
    else:
        screen[6:58, 4:60] = (40, 44, 50)
    return screen


def mirror(_: int) -> Picture:
    return framed(
        blend((p.ROWS + p.COLS) / 128, (178, 192, 200), (226, 234, 238)), 0, (120, 110, 96)
    )


def door(tone: str) -> Picture:
    """A closed door of two fields with a handle."""
    ink = shade(WOODS[tone][0], 70)
    leaf = framed(wood(tone), 0, ink)
    for top, bottom in ((5, 26), (34, 59)):
        for row in (top, bottom):
            leaf[row, 10:54] = ink
        leaf[top:bottom, [10, 11, 52, 53]] = ink
    leaf[29:32, 54:61] = COLOURS["brass"]
    return leaf
