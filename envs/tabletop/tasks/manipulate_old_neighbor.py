"""Task 16: put a thing into a container, then what was beside it (vima_bench.md §6)."""

from itertools import product

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import phrase
from uio2_agent.envs.tabletop.partitions import Sets
from uio2_agent.envs.tabletop.prompts import compose, object_picture
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scenario import Goal, Rules
from uio2_agent.envs.tabletop.tasks.base import Kind, Layout, Task, new_body, pick_kind

ROWS = (0.375, 0.5, 0.625)  # x
COLUMNS = (-0.25, 0.0)  # y
BASE = (0.5, 0.25)

CELLS = tuple(product(range(len(ROWS)), range(len(COLUMNS))))
# North is the robot's side, the top of the pictures.
DIRECTIONS = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}


def neighbours(cell: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """The cells beside `cell`, by direction."""
    beside = {name: (cell[0] + r, cell[1] + c) for name, (r, c) in DIRECTIONS.items()}
    return {name: there for name, there in beside.items() if there in CELLS}


class ManipulateOldNeighbor(Task):
    """Five different things on a grid of six cells, one container. What was where must be kept in
    mind: the neighbour is asked for when the first thing is no longer there.
    """

    name = "manipulate_old_neighbor"
    budget = 4
    rules = Rules(keeps_order=True)

    def build(self, choose: Draws, placer: Placer, sets: Sets, mode: str) -> Layout:
        first = choose.choice(CELLS)
        direction, second = choose.choice(sorted(neighbours(first).items()))
        empty = choose.choice([cell for cell in CELLS if cell not in (first, second)])
        kinds: list[Kind] = []
        for _ in range(len(CELLS) - 1):
            kinds.append(pick_kind(choose, sets.movables, sets.movable_textures, not_in=kinds))
        base_kind = pick_kind(choose, sets.containers, sets.container_textures)

        occupied = [cell for cell in CELLS if cell != empty]
        standing = {
            (row, column): new_body(choose, i, kind).at(ROWS[row], COLUMNS[column])
            for i, ((row, column), kind) in enumerate(zip(occupied, kinds, strict=True))
        }
        base = new_body(choose, len(kinds), base_kind).at(*BASE)
        dragged, neighbour = standing[first], standing[second]
        template = (
            "First put {dragged_obj} into {base_obj} then put the object that was previously at "
            f"its {direction} into the same {{base_obj}}."
        )
        pictures = {"dragged_obj": object_picture(dragged), "base_obj": object_picture(base)}
        container = phrase(base.texture, base.shape)
        return Layout(
            bodies=(*standing.values(), base),
            stages=tuple(
                (Goal(obj_id=body.obj_id, xy=BASE, tolerance=self.tolerance),)
                for body in (dragged, neighbour)
            ),
            prompt=compose(
                mode,
                template,
                pictures,
                in_words=(
                    f"First put the {phrase(dragged.texture, dragged.shape)} into the {container} "
                    "then put the object that was previously at "
                    f"its {direction} into the same {container}."
                ),
            ),
            distractors=tuple(
                body.obj_id for cell, body in standing.items() if cell not in (first, second)
            ),
        )
