"""Kinds of rooms: how big they are, whether one walks through them, and which ones adjoin.

All lengths of a floor plan are whole centimetres, so a seed gives the same plan everywhere.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What a room of this kind needs.

    Args:
        area: Smallest and largest wished area, square decimetres.
        narrowest: Least clear width, centimetres.
        passable: May it have more than one door?
        has_window: Does it get one where it touches the outside?
    """

    area: tuple[int, int]
    narrowest: int
    passable: bool = True
    has_window: bool = True


KINDS = {
    "living": Kind((1800, 2800), 320),
    "kitchen": Kind((800, 1300), 210),
    "dining": Kind((1000, 1500), 270),
    "bedroom": Kind((1200, 1700), 270),
    "child": Kind((950, 1400), 240),
    "study": Kind((800, 1200), 220),
    "bath": Kind((480, 800), 170, passable=False),
    "storage": Kind((300, 500), 140, passable=False, has_window=False),
    "corridor": Kind((400, 2000), 105, has_window=False),
}

# One of these is drawn for a flat; a corridor may be added.
PROGRAMMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "small": (
        ("living", "bedroom", "bath", "kitchen"),
        ("living", "bath", "kitchen"),
        ("living", "bedroom", "bath"),
    ),
    "medium": (
        ("living", "kitchen", "bedroom", "child", "bath"),
        ("living", "kitchen", "bedroom", "study", "bath"),
        ("living", "kitchen", "bedroom", "study", "bath", "storage"),
        ("living", "kitchen", "dining", "bedroom", "bath"),
    ),
    "large": (
        ("living", "kitchen", "dining", "bedroom", "child", "study", "bath"),
        ("living", "kitchen", "bedroom", "child", "child", "study", "bath", "storage"),
        ("living", "kitchen", "dining", "bedroom", "bedroom", "child", "bath", "bath"),
        ("living", "kitchen", "dining", "bedroom", "bedroom", "study", "bath", "storage"),
    ),
}
# In so many of four flats a corridor joins the rooms.
CORRIDORS = {"small": 0, "medium": 3, "large": 4}

_RANKS: dict[frozenset[str], int] = {
    frozenset(("living", "kitchen")): 1,
    frozenset(("living", "dining")): 1,
    frozenset(("kitchen", "dining")): 1,
    frozenset(("living", "study")): 2,
    frozenset(("living", "bedroom")): 2,
    frozenset(("living", "child")): 3,
    frozenset(("living", "bath")): 4,
    frozenset(("living", "storage")): 3,
    frozenset(("kitchen", "storage")): 2,
    frozenset(("bedroom", "bath")): 3,
    frozenset(("child", "bath")): 5,
    frozenset(("study", "storage")): 4,
    frozenset(("bedroom", "storage")): 5,
    frozenset(("kitchen", "bath")): 6,
}


def rank(first: str, second: str) -> int | None:
    """How unlikely a door between two kinds of rooms is: 0 the most natural; None never."""
    if "corridor" in (first, second):
        return 0
    if not (KINDS[first].passable or KINDS[second].passable):
        return None
    return _RANKS.get(frozenset((first, second)), 7)
