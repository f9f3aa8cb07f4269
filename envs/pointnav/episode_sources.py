"""Which episode a seed means: one of a file's, or one made up in a scene or a new flat."""

import logging
from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from uio2_agent.envs.pointnav.episode_files import bad_episode, log_skipped
from uio2_agent.envs.pointnav.episode_generator import generate_episode
from uio2_agent.envs.pointnav.episodes import PointNavEpisode
from uio2_agent.envs.pointnav.scene_names import apartment_name
from uio2_agent.envs.pointnav.simulator import Pathfinder, Simulator
from uio2_agent.errors import BadEpisode, BadInput, BadScene
from uio2_agent.interface import FIRST_EVALUATION_SEED

_LOG = logging.getLogger(__name__)


class EpisodeSource(Protocol):
    def episode(self, seed: int, simulator: Simulator) -> PointNavEpisode:
        """The episode of `seed`; its scene is loaded in the simulator afterwards."""
        ...


class ListedEpisodes:
    """Given episodes. Both training and evaluation seeds walk them in their order, then anew.

    Raises:
        BadInput: There are none.
    """

    def __init__(self, episodes: Sequence[PointNavEpisode]) -> None:
        if not episodes:
            raise BadInput("episodes", "empty", "at least one")
        self.episodes = list(episodes)

    def episode(self, seed: int, simulator: Simulator) -> PointNavEpisode:
        """The one that `seed` points at.

        Raises:
            BadEpisode: It starts where nobody can stand, or leads where nobody can go.
        """
        first = FIRST_EVALUATION_SEED if seed >= FIRST_EVALUATION_SEED else 0
        episode = self.episodes[(seed - first) % len(self.episodes)]
        simulator.load(episode.scene_id)
        check_episode(episode, simulator.pathfinder)
        return episode


class GeneratedEpisodes:
    """Endless new episodes in given scenes, which take turns.

    Raises:
        BadInput: There are none.
    """

    def __init__(self, scenes: Sequence[str]) -> None:
        if not scenes:
            raise BadInput("scenes", "empty", "at least one")
        self.scenes = list(scenes)

    def episode(self, seed: int, simulator: Simulator) -> PointNavEpisode:
        """The one made up from `seed`.

        Raises:
            SceneUnsolvable: The scene has no two places that lie far enough apart.
        """
        scene = self.scenes[seed % len(self.scenes)]
        simulator.load(scene)
        return generate_episode(simulator.pathfinder, scene, str(seed), seed)


class ApartmentEpisodes:
    """One new episode in one new flat for every seed; flats of evaluation are never trained in.

    Raises:
        UnknownName: No such size.
    """

    def __init__(self, size: str) -> None:
        apartment_name(0, size)  # finds a wrong size right here
        self.size = size

    def episode(self, seed: int, simulator: Simulator) -> PointNavEpisode:
        """The one of this seed.

        Raises:
            BadSetting: A seed beyond all splits of `scenes.apartment`.
            SceneUnsolvable: There is no such flat, or no way in it that is long enough.
        """
        scene = apartment_name(seed, self.size)
        simulator.load(scene)
        return generate_episode(simulator.pathfinder, scene, str(seed), seed)


def check_episode(episode: PointNavEpisode, pathfinder: Pathfinder) -> None:
    """Whether the episode can be played in its scene.

    Raises:
        BadEpisode: Its start is off the mesh, or no goal can be reached.
    """
    start = episode.start.position
    if not pathfinder.is_navigable(start):
        problem = f"starts at {episode.start_position}, off the navmesh"
        near = pathfinder.snap(start)
        if near is not None:
            problem += f", whose nearest point is {tuple(round(float(x), 3) for x in near)}"
        raise bad_episode(episode.scene_id, episode.episode_id, problem)
    if not pathfinder.geodesic(start, episode.goal_positions) < float("inf"):
        goals = ", ".join(str(goal.position) for goal in episode.goals)
        problem = f"no way leads from {episode.start_position} to a goal, {goals}"
        raise bad_episode(episode.scene_id, episode.episode_id, problem)


def playable(episodes: Sequence[PointNavEpisode], simulator: Simulator) -> list[PointNavEpisode]:
    """Those that can be played, in their order; the others, or their scenes, are named in the log.

    Every scene is loaded once, so this takes its time on a large dataset.
    """
    bad = set()
    by_scene = sorted(range(len(episodes)), key=lambda i: episodes[i].scene_id)
    for scene, group in groupby(by_scene, key=lambda i: episodes[i].scene_id):
        indices = list(group)
        try:
            simulator.load(scene)
        except (BadScene, BadInput) as error:
            _LOG.warning("skipped all %d episodes in %s: %s", len(indices), scene, error)
            bad.update(indices)
            continue
        for i in indices:
            try:
                check_episode(episodes[i], simulator.pathfinder)
            except BadEpisode as error:
                log_skipped(error)
                bad.add(i)
    return [episode for i, episode in enumerate(episodes) if i not in bad]
