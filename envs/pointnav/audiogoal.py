"""PointNav to a goal that is heard: AudioGoal in the embedded simulator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.acoustics import arrival
from uio2_agent.envs.audio import Listener
from uio2_agent.envs.draws import Draws
from uio2_agent.envs.pointnav.actuation import Point
from uio2_agent.envs.pointnav.embedded import EmbeddedSimulator
from uio2_agent.envs.pointnav.env import PointNavSettings
from uio2_agent.envs.pointnav.navigation import Navigation
from uio2_agent.envs.pointnav.sensors import observation_space
from uio2_agent.envs.pointnav.settings import keywords_of
from uio2_agent.envs.pointnav.task import DEPTH, RGB, Task
from uio2_agent.envs.sounds import KEPT_APART, Sound, find_sound
from uio2_agent.errors import BadSetting
from uio2_agent.interface import AUDIO, AUDIO_RATE, TASK

_SOUND = 4  # which of an episode's streams; those of `Navigation` are 1 to 3


@dataclass(frozen=True, kw_only=True)
class AudioGoalSettings(PointNavSettings):
    """What AudioGoal can be asked for, beside what PointNav can.

    Attributes:
        sound: Of the goal: a name among `sounds.HEARD` and `sounds.UNHEARD`, or a wav, flac, ogg
            or mp3 file. Of several, the episode's seed chooses; "heard" are all that are meant for
            training, "unheard" those kept for evaluation.
        echoes: Whether rooms answer.
        sensors: What is observed beside `audio`. Default: "rgb" and "depth".
    """

    sound: str | Path | Sequence[str | Path] = "heard"
    echoes: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.echoes, bool):
            raise BadSetting("echoes", repr(self.echoes), "true or false")

    def chosen_task(self) -> Task:
        task = super().chosen_task()
        return task if self.sensors is not None else replace(task, sensors=(RGB, DEPTH))

    def chosen_sounds(self) -> list[Sound]:
        """All that the goal of an episode may sound like.

        Raises:
            BadInput: A file that cannot be used.
            BadSetting: None, or something else than names and files.
            UnknownName: No such sound.
        """
        asked: Any = self.sound
        if isinstance(asked, str) or not isinstance(asked, Sequence):
            asked = [asked]
        if not asked or not all(isinstance(name, (str, Path)) for name in asked):
            want = f"a name, a file, several, or {' or '.join(KEPT_APART)}"
            raise BadSetting("sound", repr(self.sound), want)
        return [find_sound(name) for one in asked for name in KEPT_APART.get(one, (one,))]


class AudioGoal(Navigation):
    """Go to what sounds, and say stop there; all but the goal's sound is as in `PointNav`.

    Observation: beside the cameras `audio`, float32 (2, 16000) in [-1, 1]: what the left and the
    right ear heard in the second since the last action, or before the first, at 16 kHz
    (`audio.Listener`). Out of sight the sound comes along the shortest path of the navmesh: from
    its first corner, the farther the fainter, the longer the detour the duller. Ears and goal are
    at the height of the cameras, so it is heard straight across a table, and around a wardrobe.
    The goal that sounds is the nearest from the start. No goal vector unless `sensors` names it.

    Info: that of `Navigation`; `task` is what the sound is called.

    Args:
        settings: By keyword: `AudioGoal(sound="telephone", apartment="small")`; see
            `AudioGoalSettings`, `PointNavSettings` and `NavigationSettings`.

    Raises:
        BadEpisode, BadScene: A file, or an episode in it, that cannot be used, or is not there.
        BadInput, BadSetting, UnknownName: An argument that cannot be.
        MissingDependency: A sound file without soundfile and soxr; see `PointNav` for `renderer`.
    """

    simulator: EmbeddedSimulator

    @keywords_of(AudioGoalSettings)
    def __init__(self, settings: AudioGoalSettings) -> None:
        self.sounds, self._echoes = settings.chosen_sounds(), settings.echoes
        super().__init__(*settings.world(), settings.oracle, settings.render_mode)
        ears = gym.spaces.Box(-1.0, 1.0, (2, AUDIO_RATE), np.float32)
        seen = observation_space(self.task, self.task.sensors).spaces
        self.observation_space = gym.spaces.Dict({**seen, AUDIO: ears})

    def _prepare(self, seed: int) -> None:
        draws = Draws(seed, _SOUND)
        self._sound = draws.choice(self.sounds)
        start = draws.below(len(self._sound.loop))
        self._listener = Listener(self._sound, start, self._echoes)
        self._sounding = self._nearest_goal()
        self._prompt = f"go to the {self._sound.name} you hear"

    def _look(self) -> None:
        super()._look()
        heard = arrival(way_of_sound(self.simulator, self._sounding), self.simulator.pose.yaw)
        self._observation[AUDIO] = self._listener.hear(heard)

    def _info(self) -> dict[str, Any]:
        return {**super()._info(), TASK: self._sound.name}


def way_of_sound(simulator: EmbeddedSimulator, goal: Point) -> NDArray[np.float64]:
    """Corners (n, 3) from the agent to what sounds: straight if in sight, else as one would walk.

    Without a way to walk (one of more than 256 polygons counts as none) it is straight, too.
    """
    here, ears = simulator.pose.position, np.array([0.0, simulator.task.camera_height, 0.0])
    straight = np.stack([here, goal])
    if simulator.sees(here + ears, goal + ears):
        return straight
    corners = simulator.pathfinder.path(here, goal).points
    return corners if len(corners) else straight
