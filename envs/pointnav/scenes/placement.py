"""Where furniture may stand in one room, so that doors stay free and nobody is walled in."""

from dataclasses import dataclass
from functools import cached_property

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.scenes.furniture.piece import Piece
from uio2_agent.envs.pointnav.scenes.openings import Opening
from uio2_agent.envs.pointnav.scenes.plan import SIDES, Rect, Room
from uio2_agent.envs.pointnav.scenes.walkable import (
    CELL,
    REACH,
    Mask,
    cell_of,
    open_cells,
    reached,
)

_TURNS = {"south": 0, "east": 1, "north": 2, "west": 3}  # quarter turns ccw; back to that side
_POCKET = 60  # open cells nobody can reach that are still put up with: 0.15 m²
_TRIES = 6


@dataclass(frozen=True)
class Placed:
    """A piece in the plan: its frame's origin at (x, y), turned ccw by quarter turns."""

    piece: Piece
    x: int
    y: int
    turns: int

    def rect(self, part: Rect) -> Rect:
        """A rectangle of the piece's frame in the plan's."""
        x0, y0, x1, y1 = part
        for _ in range(self.turns):
            x0, y0, x1, y1 = -y1, x0, -y0, x1
        return Rect(self.x + x0, self.y + y0, self.x + x1, self.y + y1)

    @cached_property
    def bounds(self) -> Rect:
        half = self.piece.width // 2
        return self.rect(Rect(-half, 0, self.piece.width - half, self.piece.depth))

    @cached_property
    def taken(self) -> list[Rect]:
        """The floor it stands on."""
        return [self.rect(part) for part in self.piece.taken]

    @cached_property
    def front(self) -> Rect:
        """The floor before it that other pieces leave free."""
        half, depth = self.piece.width // 2, self.piece.depth
        return self.rect(Rect(-half, depth, self.piece.width - half, depth + self.piece.front))


class RoomSpace:
    """One room being furnished.

    Args:
        room: Which.
        openings: What its walls are cut by.
        draws: Where chance comes from.
    """

    def __init__(self, room: Room, openings: tuple[Opening, ...], draws: Draws) -> None:
        self.rect, self._openings, self._draws = room.rect, openings, draws
        self.placed: list[Placed] = []
        ways = [o for o in openings if o.kind != "window"]
        self._clear = [o.clearance(room.rect) for o in ways]
        self._landings = [cell_of(room.rect, o.landing(room.rect)) for o in ways]
        self._open = self._mask([])

    @property
    def open_area(self) -> int:
        """Where an agent's middle can be, cm²."""
        return int(self._open.sum()) * CELL * CELL

    def _mask(self, more: list[Rect]) -> Mask:
        taken = [r for placed in self.placed for r in placed.taken]
        return open_cells(self.rect, [self.rect.grown(-REACH)], taken + more)

    def _stays_walkable(self, candidate: Placed) -> bool:
        mask = self._mask(candidate.taken)
        within = reached(mask, self._landings[0])
        if not all(within[cell] for cell in self._landings):
            return False
        return int(mask.sum()) - int(within.sum()) <= _POCKET

    def _hides_window(self, candidate: Placed) -> bool:
        bounds, piece = candidate.bounds, candidate.piece
        return any(
            o.kind == "window"
            and piece.height > o.sill
            and piece.low < o.top
            and bounds.meets(self.rect.strip(o.side, o.low, o.high, 30))
            for o in self._openings
        )

    def _is_free(self, candidate: Placed) -> bool:
        """Inside the room, and clear of doors, windows and what is there already."""
        bounds, piece = candidate.bounds, candidate.piece
        r = self.rect
        if bounds.x0 < r.x0 or bounds.y0 < r.y0 or bounds.x1 > r.x1 or bounds.y1 > r.y1:
            return False
        if piece.low < 200 and any(bounds.meets(c) for c in self._clear):
            return False
        stands = bool(candidate.taken)
        for other in self.placed:
            apart = piece.low >= other.piece.height or other.piece.low >= piece.height
            if not apart and bounds.meets(other.bounds):
                return False
            if stands and other.piece.front and bounds.meets(other.front):
                return False
            if piece.front and other.taken and candidate.front.meets(other.bounds):
                return False
        return not self._hides_window(candidate)

    def _put_first(self, candidates: list[Placed]) -> bool:
        """Put one of the candidates that are free, chosen at random; False if none will do."""
        pool, tries = list(candidates), 0
        while pool and tries < _TRIES:
            i = self._draws.below(len(pool))
            pool[i], pool[-1] = pool[-1], pool[i]
            chosen = pool.pop()
            if not self._is_free(chosen):
                continue
            if not chosen.taken or self._stays_walkable(chosen):
                self.placed.append(chosen)
                self._open = self._mask([])
                return True
            tries += 1
        return False

    def _at_wall(self, piece: Piece, side: str, at: int) -> Placed:
        """With its back to a wall, the middle of its width at `at`."""
        line, turns = self.rect.line(side), _TURNS[side]
        x, y = (at, line) if side in ("south", "north") else (line, at)
        return Placed(piece, x, y, turns)

    def against_wall(
        self, piece: Piece, *, in_corner: bool = False, sides: tuple[str, ...] = SIDES
    ) -> bool:
        """Put a piece with its back to a wall; True if a place was found.

        Args:
            piece: What.
            in_corner: Only where a wall ends.
            sides: Which walls.
        """
        half = -(-piece.width // 2)
        candidates = []
        for side in sides:
            low, high = self.rect.span(side)
            low, high = low + half, high - half
            if low > high:
                continue
            inner = [] if in_corner else list(range(low + 10, high, 10))
            candidates += [self._at_wall(piece, side, at) for at in (low, high, *inner)]
        return self._put_first(candidates)

    def open_door(self, leaf: Piece, o: Opening) -> bool:
        """Put an open door's leaf square to the wall beside its opening, where there is room."""
        candidates = []
        for at in (o.low - leaf.width // 2 - 1, o.high + leaf.width // 2 + 1):
            placed = self._at_wall(leaf, o.side, at)
            low, high = self.rect.span(o.side)
            others = [c for c in self._clear if c != o.clearance(self.rect)]
            blocks = any(placed.bounds.meets(c) for c in others)
            if low <= at - leaf.width and at + leaf.width <= high and not blocks:
                candidates.append(placed)
        return self._put_first(candidates)

    def opposite(self, piece: Piece, other: str) -> bool:
        """Put a piece at the wall that the named one, already there, looks at."""
        for placed in self.placed:
            if placed.piece.name == other:
                side = SIDES[(placed.turns + 2) % 4]
                at = placed.x if side in ("south", "north") else placed.y
                places = [self._at_wall(piece, side, at + d) for d in range(-60, 61, 10)]
                return self._put_first(places)
        return False

    def in_middle(self, piece: Piece, margin: int = 0) -> bool:
        """Put a piece anywhere, at least `margin` from the walls."""
        candidates = []
        for turns in range(4):
            probe = Placed(piece, 0, 0, turns).bounds
            for x in range(self.rect.x0 + margin, self.rect.x1 - margin - probe.width + 1, 20):
                for y in range(self.rect.y0 + margin, self.rect.y1 - margin - probe.depth + 1, 20):
                    candidates.append(Placed(piece, x - probe.x0, y - probe.y0, turns))
        return self._put_first(candidates)

    def overhead(self, piece: Piece, x: int, y: int) -> None:
        """Hang a piece from the ceiling, its middle above (x, y)."""
        self.placed.append(Placed(piece, x, y - piece.depth // 2, 0))
