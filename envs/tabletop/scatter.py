"""Objects strewn over the table with nothing to do: pictures to learn seeing from."""

from contextlib import suppress

from uio2_agent.envs.tabletop.draws import Draws
from uio2_agent.envs.tabletop.partitions import sets_for
from uio2_agent.envs.tabletop.sampler import Placer
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.base import Kind, new_body, pick_kind
from uio2_agent.errors import SceneUnsolvable

_STREAM = 7  # keeps these scenes apart from the tasks' scenes of the same seed


def scatter(seed: int, count: int, level: str = "placement_generalization") -> tuple[Body, ...]:
    """Up to `count` different objects of the level's shapes and textures, one in four a container.

    Textures come from both lists, as they do for the distractor of visual_manipulation. An object
    that finds no room is left out.
    """
    choose = Draws(seed, _STREAM)
    placer = Placer(Draws(seed, _STREAM, 1))
    sets = sets_for("visual_manipulation", level)
    textures = tuple(dict.fromkeys(sets.movable_textures + sets.container_textures))
    bodies: list[Body] = []
    kinds: list[Kind] = []
    for _ in range(count):
        shapes = sets.containers if choose.chance(4) else sets.movables
        kinds.append(pick_kind(choose, shapes, textures, not_in=kinds))
        with suppress(SceneUnsolvable):
            bodies.append(placer.place(new_body(choose, len(bodies), kinds[-1])))
    return tuple(bodies)
