"""How a PointNav episode goes, whatever simulates it: spaces, reward, end, what is shown."""

import math
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from uio2_agent.envs.pointnav import sensors
from uio2_agent.envs.pointnav import task as names
from uio2_agent.envs.pointnav.actuation import Point
from uio2_agent.envs.pointnav.episode_sources import EpisodeSource
from uio2_agent.envs.pointnav.episodes import PointNavEpisode
from uio2_agent.envs.pointnav.metrics import Metrics
from uio2_agent.envs.pointnav.noise import Normals, noisy_depth, noisy_rgb
from uio2_agent.envs.pointnav.pictures import episode_picture
from uio2_agent.envs.pointnav.sensors import Reading
from uio2_agent.envs.pointnav.simulator import Simulator
from uio2_agent.envs.pointnav.task import Task
from uio2_agent.envs.pointnav.topdown import TopDownMap
from uio2_agent.errors import BadAction, UnknownName
from uio2_agent.interface import (
    FAILURE,
    FIRST_EVALUATION_SEED,
    METRICS,
    MOVES,
    ORACLE_ACTION,
    PROMPT,
    STOP,
    SUCCESS,
)

Observation = dict[str, NDArray]

_RGB_NOISE, _DEPTH_NOISE = 2, 3  # which of an episode's streams; the simulator's is 1


class Navigation(gym.Env[Any, Any]):
    """Go to a point and say stop there (habitat_pointnav.md §7, §8).

    Observation: what `task.sensors` names, as habitat-lab has it. Actions: 0 stop, 1 forward,
    2 left, 3 right. Reward: metres the goal came nearer, minus 0.01, plus 2.5 for a success. An
    episode terminates with stop and is truncated after `task.max_steps` steps. A step after the
    end changes nothing, earns nothing and says the same again.

    Info: `success`, `failure`, `metrics` (spl, soft_spl, distance_to_goal, collisions,
    path_length), `prompt`, `episode_id`, `scene_id`, `position` (3,) and `rotation` (4,) of the
    agent, `collided`; with `oracle=True` also `oracle_action`.

    Args:
        simulator: Closed with the environment.
        task: What the simulator was made for.
        episodes: Says what a seed means.
        oracle: Tell the greedy follower's action in the info.
        render_mode: None or "rgb_array".

    Raises:
        UnknownName: No such render mode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(
        self,
        simulator: Simulator,
        task: Task,
        episodes: EpisodeSource,
        oracle: bool = False,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownName("render mode", render_mode, self.metadata["render_modes"])
        self.simulator, self.task, self.episodes = simulator, task, episodes
        self.oracle, self.render_mode = oracle, render_mode
        self.observation_space = sensors.observation_space(task, task.sensors)
        self.action_space = gym.spaces.Discrete(len(MOVES))
        self._started = False

    @property
    def episode(self) -> PointNavEpisode:
        """The present one."""
        return self._episode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The episode of `seed`; the same whatever was played before.

        Raises:
            BadEpisode: It cannot be played in its scene.
            SceneUnsolvable: There is no episode for this seed.
        """
        super().reset(seed=seed)
        if seed is None:
            # From the training range, so that it can never be one that results are reported on.
            seed = int(self.np_random.integers(FIRST_EVALUATION_SEED))
        self._started = False
        self._episode = self.episodes.episode(seed, self.simulator)
        self._start = self._episode.start
        self.simulator.begin(self._start, seed)
        self._noise = Normals(seed, _RGB_NOISE), Normals(seed, _DEPTH_NOISE)
        self._goals = self._episode.goal_positions
        self._metrics = Metrics(self._start.position, self._distance, self.task.success_radius)
        self._trail = [self._start.position]
        self._steps, self._stopped, self._collided = 0, False, False
        self._map: TopDownMap | None = None
        self._prepare(seed)
        if self.oracle:
            self._oracle_goal = self._nearest_goal()
        self._started = True
        self._look()
        return dict(self._observation), self._info()

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Stop, a step or a turn.

        Raises:
            BadAction: Not one of the four; nothing has changed then.
            ResetNeeded: No episode has been started.
        """
        if not self._started:
            raise gym.error.ResetNeeded("call reset() before step()")
        if not self.action_space.contains(action):
            raise BadAction("action", action, "0 stop, 1 forward, 2 left or 3 right")
        reward = 0.0
        if not self._ended:
            self._steps += 1
            self._stopped = int(action) == STOP
            self._collided = not self._stopped and self.simulator.act(int(action))
            position = self.simulator.pose.position
            reward = self._metrics.update(position, self._collided, self._stopped)
            self._trail.append(position)
            self._look()
        truncated = self._ended and not self._stopped
        return dict(self._observation), reward, self._stopped, truncated, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        """Colour, depth and a map with the way, the trail and the goals (H, W, 3), or None."""
        if self.render_mode is None:
            return None
        if not self._started:
            raise gym.error.ResetNeeded("call reset() before render()")
        pathfinder, pose = self.simulator.pathfinder, self.simulator.pose
        if self._map is None:
            height = float(self._start.position[1])
            self._map = TopDownMap(pathfinder.triangles(), height)
            self._way = pathfinder.path(self._start.position, self._nearest_goal()).points
        seen_from_above = self._map.picture(
            pose, list(self._goals), self._start.position, self._way, self._trail
        )
        rgb, depth = self._frames()
        return episode_picture(rgb, depth, seen_from_above, self._caption())

    def close(self) -> None:
        self._started = False
        self.simulator.close()

    def _prepare(self, seed: int) -> None:
        """Say what to do in the episode of `seed`; who observes more begins with it here."""
        self._prompt = _instruction(*sensors.pointgoal(self._start, self._goals[0]))

    @property
    def _ended(self) -> bool:
        return self._stopped or self._steps >= self.task.max_steps

    def _look(self) -> None:
        """Forget what was seen of the last state; see this one if cameras are observed."""
        self._seen: tuple[NDArray[np.uint8], Reading] | None = None
        self._observation = {name: self._read(name) for name in self.task.sensors}

    def _frames(self) -> tuple[NDArray[np.uint8], Reading]:
        """Colours (H, W, 3) and depth (H, W, 1) in [0, 1], with their noise."""
        if self._seen is None:
            rgb, depth = self.simulator.observe()
            if self.task.noise:
                rgb = noisy_rgb(rgb, self._noise[0])
                depth = noisy_depth(depth, self._noise[1], self.task.depth_distortion)
            self._seen = rgb, sensors.normalised_depth(depth, self.task.depth_range)
        return self._seen

    def _read(self, sensor: str) -> NDArray:
        pose, start = self.simulator.pose, self._start
        match sensor:
            case names.RGB:
                return self._frames()[0]
            case names.DEPTH:
                return self._frames()[1]
            case names.POINTGOAL:
                return sensors.pointgoal(start, self._goals[0])
            case names.POINTGOAL_NOW:
                return sensors.pointgoal(pose, self._goals[0])
            case names.GPS:
                return sensors.gps(start, pose.position)
            case names.COMPASS:
                return sensors.compass(start.rotation, pose.rotation)
            case names.HEADING:
                return sensors.heading(pose.rotation)
        return sensors.proximity(self.simulator.pathfinder.distance_to_wall(pose.position))

    def _info(self) -> dict[str, Any]:
        pose = self.simulator.pose
        info = {
            SUCCESS: self._metrics.success,
            FAILURE: self._stopped and not self._metrics.success,
            METRICS: self._metrics.as_dict(),
            PROMPT: self._prompt,
            "episode_id": self._episode.episode_id,
            "scene_id": self._episode.scene_id,
            "position": pose.position.copy(),
            "rotation": pose.rotation.copy(),
            "collided": self._collided,
        }
        if self.oracle:
            goal = self._oracle_goal
            info[ORACLE_ACTION] = STOP if self._ended else self.simulator.oracle_action(goal)
        return info

    def _distance(self, position: Point) -> float:
        return self.simulator.pathfinder.geodesic(position, self._goals)

    def _nearest_goal(self) -> Point:
        """On the navmesh, as the follower wants it."""
        pathfinder, start = self.simulator.pathfinder, self._start.position
        goal = min(self._goals, key=lambda g: pathfinder.geodesic(start, g))
        snapped = pathfinder.snap(goal)
        return goal if snapped is None else snapped

    def _caption(self) -> str:
        m = self._metrics
        return (
            f"{self._prompt} | step {self._steps:3d}, {m.distance_to_goal:5.2f} m to go, "
            f"{m.collisions:3d} collisions, SPL {m.spl:.2f}, SoftSPL {m.soft_spl:.2f}"
        )


def _instruction(rho: float, phi: float) -> str:
    degrees = round(math.degrees(phi))
    side = "left" if degrees > 0 else "right"
    return f"go {rho:.1f} m, {abs(degrees)} degrees to the {side}"
