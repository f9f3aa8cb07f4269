"""What stands in a room of each kind, in the order in which it is given room."""

from collections.abc import Callable

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture import (
    bathroom,
    bedroom,
    decoration,
    kitchen,
    living,
    storage,
)
from uio2_agent.envs.pointnav.scenes.furniture.piece import Piece
from uio2_agent.envs.pointnav.scenes.light import lamp_places
from uio2_agent.envs.pointnav.scenes.openings import WIDEST_LEAF, Opening
from uio2_agent.envs.pointnav.scenes.placement import Placed, RoomSpace
from uio2_agent.envs.pointnav.scenes.plan import HEIGHT, SIDES, Room


def _put_biggest(space: RoomSpace, pieces: list[Piece], *, in_corner: bool = False) -> bool:
    """The first of the pieces, biggest first, that there is room for at a wall.

    in_corner: Try corners first.
    """
    if in_corner and any(space.against_wall(piece, in_corner=True) for piece in pieces):
        return True
    return any(space.against_wall(piece) for piece in pieces)


def _scatter(space: RoomSpace, draws: Draws, pieces: list[Piece]) -> None:
    """Each with a chance of two thirds, as long as a fifth of the floor stays open."""
    for piece in pieces:
        roomy = space.open_area * 100 > 18 * space.rect.area
        if draws.chance(3, wins=2) and roomy:
            space.against_wall(piece)


def _living(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    widths = draws.choice(((230, 200, 170), (200, 180, 150), (180, 150)))
    _put_biggest(space, [living.seating(draws, w, tone) for w in widths])
    screen = living.television(draws, tone)
    if not space.opposite(screen, "sofa"):
        space.against_wall(screen)
    if "dining" not in kinds:
        _dining_table(space, draws, tone)
    pieces = [
        living.armchair(draws),
        decoration.plant(draws),
        storage.bookcase(draws, tone),
        storage.sideboard(draws, tone),
        decoration.floor_lamp(draws),
        storage.bookcase(draws, tone),
        decoration.plant(draws),
    ]
    if "study" not in kinds:
        pieces.insert(2, living.desk(draws, tone))
    _scatter(space, draws, draws.distinct(pieces, len(pieces)))


def _dining_table(space: RoomSpace, draws: Draws, tone: str) -> None:
    most = 6 if space.rect.area > 110_000 else 4
    for chairs in range(most, 0, -2):
        if space.in_middle(living.dining_table(draws, chairs, tone), margin=10):
            return


def _dining(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    _dining_table(space, draws, tone)
    pieces = [
        storage.sideboard(draws, tone),
        decoration.plant(draws),
        storage.chest(draws, tone),
        decoration.floor_lamp(draws),
    ]
    _scatter(space, draws, pieces)


def _kitchen(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    longest = max(space.rect.width, space.rect.depth) // 60
    counters = []
    for n in range(min(longest, 6), 1, -1):
        counters.append(kitchen.kitchen_counter(draws, n, True))
        if n < 6:  # a longer open top would be an island big enough to start an episode on
            counters.append(kitchen.kitchen_counter(draws, n, False))
    _put_biggest(space, counters, in_corner=True) or _put_biggest(space, counters)
    space.against_wall(kitchen.fridge(draws), in_corner=True) or space.against_wall(
        kitchen.fridge(draws)
    )
    if space.open_area > 26_000:
        _dining_table(space, draws, tone)
    second = kitchen.kitchen_counter(draws, 2, True)
    _scatter(space, draws, [second, decoration.waste_bin(draws), decoration.plant(draws)])


def _bedroom(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    widths = draws.choice(((180, 160, 140, 90), (160, 140, 90), (140, 90)))
    _put_biggest(space, [bedroom.bed(draws, w, tone) for w in widths])
    closets = [bedroom.wardrobe(draws, w, tone) for w in (240, 200, 150, 100)[draws.below(2) :]]
    _put_biggest(space, closets, in_corner=True)
    pieces = [
        storage.chest(draws, tone),
        living.armchair(draws),
        decoration.plant(draws),
        living.desk(draws, tone),
        storage.bookcase(draws, tone),
    ]
    _scatter(space, draws, draws.distinct(pieces, len(pieces)))
    space.in_middle(decoration.rug(draws, 140, 80), margin=20)


def _child(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    _put_biggest(space, [bedroom.bed(draws, 90, tone)], in_corner=True)
    space.against_wall(bedroom.wardrobe(draws, 100, tone), in_corner=True)
    pieces = [
        living.desk(draws, tone),
        bedroom.toy_chest(draws),
        storage.bookcase(draws, tone),
        storage.crates(draws),
        decoration.plant(draws),
    ]
    _scatter(space, draws, pieces)
    space.in_middle(decoration.rug(draws, 120, 120), margin=20)


def _study(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    space.against_wall(living.desk(draws, tone))
    pieces = [
        storage.bookcase(draws, tone),
        storage.bookcase(draws, tone),
        living.armchair(draws),
        decoration.plant(draws),
        decoration.floor_lamp(draws),
        decoration.waste_bin(draws),
        storage.chest(draws, tone),
    ]
    _scatter(space, draws, pieces)
    space.in_middle(decoration.rug(draws, 140, 90), margin=20)


def _bath(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    tubs = [bathroom.bath_tub(draws), bathroom.shower(draws)]
    _put_biggest(space, tubs if draws.chance(2) else tubs[::-1], in_corner=True)
    space.against_wall(bathroom.toilet(draws))
    space.against_wall(bathroom.washbasin(draws, tone))
    pieces = [bathroom.washing_machine(draws), decoration.waste_bin(draws), decoration.plant(draws)]
    _scatter(space, draws, pieces)
    space.in_middle(decoration.rug(draws, 80, 50), margin=15)


def _storage(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    space.against_wall(storage.shelf_with_boxes(draws))
    pieces = [
        bathroom.washing_machine(draws),
        storage.crates(draws),
        storage.shelf_with_boxes(draws),
    ]
    _scatter(space, draws, pieces)


def _corridor(space: RoomSpace, draws: Draws, tone: str, kinds: set[str]) -> None:
    if min(space.rect.width, space.rect.depth) >= 135:
        pieces = [storage.bookcase(draws, tone), decoration.plant(draws)]
        _scatter(space, draws, pieces)
    long = max(space.rect.width, space.rect.depth)
    runner = decoration.rug(draws, min(long - 60, 220), 70)
    space.in_middle(runner, margin=15)


_FURNISH: dict[str, Callable[[RoomSpace, Draws, str, set[str]], None]] = {
    "living": _living,
    "kitchen": _kitchen,
    "dining": _dining,
    "bedroom": _bedroom,
    "child": _child,
    "study": _study,
    "bath": _bath,
    "storage": _storage,
    "corridor": _corridor,
}
_PICTURES = {"living": 4, "bedroom": 3, "child": 3, "dining": 3, "study": 3, "corridor": 4}


def furnish(
    room: Room, openings: tuple[Opening, ...], kinds: set[str], tone: str, draws: Draws
) -> tuple[Placed, ...]:
    """Furniture for a room; doors stay free, and every open spot can be walked to from them.

    Args:
        room: Which.
        openings: Its doors and windows.
        kinds: Which kinds of rooms the flat has.
        tone: The kind of wood it is furnished with.
        draws: Where chance comes from.
    """
    space = RoomSpace(room, openings, draws)
    for o in openings:
        width = o.high - o.low
        if o.kind == "door" and width <= WIDEST_LEAF and draws.chance(3):
            space.open_door(decoration.door_leaf(tone, width - 4, o.top - 2), o)
    _FURNISH[room.kind](space, draws, tone, kinds)
    for _ in range(_PICTURES.get(room.kind, 0)):
        mirror = room.kind == "corridor" and draws.chance(3)
        kind = "mirror" if mirror else "painting"
        space.against_wall(decoration.hanging(draws, kind), sides=(draws.choice(SIDES),))
    lamp = decoration.ceiling_lamp(draws, HEIGHT)
    for x, y in lamp_places(room.rect):
        space.overhead(lamp, x, y)
    return tuple(space.placed)
