"""Objects strewn over the table with nothing to do: pictures to learn seeing from."""

from contextlib import suppress
from functools import lru_cache

from uio2_agent.envs.draws import Draws
from uio2_agent.envs.tabletop.catalogue import GREY
from uio2_agent.envs.tabletop.partitions import LEVELS, Names, Sets
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import Kind, new_body, pick_kind
from uio2_agent.errors import SceneUnsolvable, UnknownName

_STREAM = 7  # keeps these scenes apart from the tasks' scenes of the same seed
_REGIONS: Names = ("three-sided rectangle", "line")


@lru_cache(maxsize=len(LEVELS))
def everything(level: str) -> Sets:
    """What any task of a level may use, the sweeps' regions among the containers.

    Raises:
        UnknownName: No such level.
    """
    if level not in LEVELS:
        raise UnknownName("level", level, LEVELS)
    tasks = LEVELS[level].values()

    def union(field: str, *more: str) -> Names:
        named = (name for sets in tasks for name in getattr(sets, field))
        return tuple(dict.fromkeys((*named, *more)))

    return Sets(
        movables=union("movables"),
        containers=union("containers", *_REGIONS),
        movable_textures=union("movable_textures"),
        container_textures=union("container_textures"),
    )


def scatter(seed: int, count: int, level: str = "placement_generalization") -> tuple[Body, ...]:
    """Up to `count` different objects of the level's shapes and textures.

    One in four is a container or a region to sweep into, one in sixteen is grey as the pictures of
    made-up nouns are. Textures come from both lists, as they do for the distractor of
    visual_manipulation. An object that finds no room is left out.

    Raises:
        UnknownName: No such level.
    """
    choose = Draws(seed, _STREAM)
    placer = Placer(Draws(seed, _STREAM, 1))
    sets = everything(level)
    textures = tuple(dict.fromkeys(sets.movable_textures + sets.container_textures))
    bodies: list[Body] = []
    kinds: list[Kind] = []
    for _ in range(count):
        shapes = sets.containers if choose.chance(4) else sets.movables
        paints = (GREY,) if choose.chance(16) else textures
        kinds.append(pick_kind(choose, shapes, paints, not_in=kinds))
        with suppress(SceneUnsolvable):
            bodies.append(placer.place(new_body(choose, len(bodies), kinds[-1])))
    return tuple(bodies)
