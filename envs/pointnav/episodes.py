"""PointNav episodes, as habitat-lab's files have them (habitat_pointnav.md §9)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from uio2_agent.envs.pointnav.actuation import Pose
from uio2_agent.errors import BadEpisode

Numbers = tuple[float, ...]

_PROPER = "The keys are those of habitat-lab's PointNav datasets; see README, PointNav"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Where to go. `radius` is carried along, success does not depend on it."""

    position: Numbers
    radius: float | None = None


@dataclass(frozen=True, kw_only=True)
class PathStep:
    """One pose of a recorded shortest path, and the action taken there."""

    position: Numbers
    rotation: Numbers
    action: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class PointNavEpisode:
    """One start and its goals in a scene. Positions [x, y, z] metres, rotations [x, y, z, w].

    Attributes:
        episode_id: Unique within its file.
        scene_id: The scene's file; what precedes it is up to the reader, see `episode_files`.
        info: Free; usually `geodesic_distance` and `difficulty`.
    """

    episode_id: str
    scene_id: str
    start_position: Numbers
    start_rotation: Numbers
    goals: tuple[Goal, ...]
    info: Mapping[str, Any] = field(default_factory=dict)
    shortest_paths: tuple[tuple[PathStep, ...], ...] | None = None
    start_room: str | None = None
    scene_dataset_config: str | None = None
    additional_obj_config_paths: tuple[str, ...] | None = None

    @property
    def start(self) -> Pose:
        rotation = np.array(self.start_rotation, np.float64)
        return Pose(np.array(self.start_position, np.float64), rotation / np.linalg.norm(rotation))

    @property
    def goal_positions(self) -> np.ndarray:
        """float64 (n, 3)."""
        return np.array([goal.position for goal in self.goals], np.float64)


OPTIONAL = ("scene_dataset_config", "additional_obj_config_paths")  # left out of files when None


def to_json(episode: PointNavEpisode) -> dict[str, Any]:
    """What a file holds of it; the reverse of `from_json`."""
    plain = {f.name: getattr(episode, f.name) for f in fields(episode)}
    plain["start_position"] = list(episode.start_position)
    plain["start_rotation"] = list(episode.start_rotation)
    plain["info"] = dict(episode.info)
    plain["goals"] = [{"position": list(g.position), "radius": g.radius} for g in episode.goals]
    if episode.shortest_paths is not None:
        plain["shortest_paths"] = [
            [
                {"position": list(s.position), "rotation": list(s.rotation), "action": s.action}
                for s in path
            ]
            for path in episode.shortest_paths
        ]
    if episode.additional_obj_config_paths is not None:
        plain["additional_obj_config_paths"] = list(episode.additional_obj_config_paths)
    return {k: v for k, v in plain.items() if v is not None or k not in OPTIONAL}


def from_json(plain: Any, where: str) -> PointNavEpisode:
    """An episode from what a file holds.

    Args:
        plain: An object of the file.
        where: Path and place, for errors.

    Raises:
        BadEpisode: An unknown or missing key, or a value that cannot be; names the key.
    """
    entry = _Entry(plain, where)
    entry.keys({f.name for f in fields(PointNavEpisode)}, _REQUIRED)
    goals = [_goal(goal, f"{where}, goal {i}") for i, goal in enumerate(entry.items("goals"))]
    if not goals:
        raise entry.wrong("goals", "at least one")
    paths = plain.get("shortest_paths")
    return PointNavEpisode(
        episode_id=entry.text("episode_id"),
        scene_id=entry.text("scene_id"),
        start_position=entry.numbers("start_position", 3),
        start_rotation=entry.rotation("start_rotation"),
        goals=tuple(goals),
        info=entry.mapping("info"),
        shortest_paths=None if paths is None else _paths(entry, where),
        start_room=entry.optional_text("start_room"),
        scene_dataset_config=entry.optional_text("scene_dataset_config"),
        additional_obj_config_paths=entry.optional_texts("additional_obj_config_paths"),
    )


_REQUIRED = ("episode_id", "scene_id", "start_position", "start_rotation", "goals")


def _goal(plain: Any, where: str) -> Goal:
    entry = _Entry(plain, where)
    entry.keys({"position", "radius"}, ("position",))
    radius = plain.get("radius")
    if radius is not None and not _is_number(radius):
        raise entry.wrong("radius", "a number or null")
    return Goal(position=entry.numbers("position", 3), radius=radius)


def _paths(entry: "_Entry", where: str) -> tuple[tuple[PathStep, ...], ...]:
    paths = []
    for path in entry.items("shortest_paths"):
        if not isinstance(path, list):
            raise entry.wrong("shortest_paths", "a list of lists")
        paths.append(tuple(_path_step(step, f"{where}, shortest path") for step in path))
    return tuple(paths)


def _path_step(plain: Any, where: str) -> PathStep:
    entry = _Entry(plain, where)
    entry.keys({"position", "rotation", "action"}, ("position", "rotation"))
    rotation = entry.rotation("rotation")
    position, action = entry.numbers("position", 3), plain.get("action")
    return PathStep(position=position, rotation=rotation, action=action)


def _is_number(value: Any) -> bool:
    """Finite, and small enough for a float; JSON's whole numbers have no bounds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


class _Entry:
    """A JSON object, and the words for what is wrong with it."""

    def __init__(self, plain: Any, where: str) -> None:
        self.where = where
        if not isinstance(plain, dict):
            got = type(plain).__name__
            raise BadEpisode(where, f"holds a {got} where an object belongs", _PROPER)
        self.plain = plain

    def wrong(self, key: str, want: str) -> BadEpisode:
        problem = f"{key!r} is {str(self.plain.get(key))[:80]}, expected {want}"
        return BadEpisode(self.where, problem, _PROPER)

    def keys(self, known: set[str], required: Sequence[str]) -> None:
        for key in self.plain:
            if key not in known:
                problem = f"has the unknown key {key!r}, expected only {', '.join(sorted(known))}"
                raise BadEpisode(self.where, problem, _PROPER)
        for key in required:
            if key not in self.plain:
                raise BadEpisode(self.where, f"lacks the key {key!r}", _PROPER)

    def text(self, key: str) -> str:
        value = self.plain[key]
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)  # some datasets number their episodes
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "a text")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.plain.get(key) is None else self.text(key)

    def optional_texts(self, key: str) -> tuple[str, ...] | None:
        if self.plain.get(key) is None:
            return None
        if not all(isinstance(value, str) for value in self.items(key)):
            raise self.wrong(key, "a list of texts")
        return tuple(self.plain[key])

    def items(self, key: str) -> list[Any]:
        if not isinstance(self.plain[key], list):
            raise self.wrong(key, "a list")
        return self.plain[key]

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.plain.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(key, "an object or null")
        return value or {}

    def numbers(self, key: str, count: int) -> Numbers:
        value = self.plain[key]
        if not isinstance(value, list) or len(value) != count or not all(map(_is_number, value)):
            raise self.wrong(key, f"{count} finite numbers")
        return tuple(float(v) for v in value)

    def rotation(self, key: str) -> Numbers:
        value = self.numbers(key, 4)
        if abs(math.hypot(*value) - 1) > 0.01:
            raise self.wrong(key, "a unit quaternion [x, y, z, w]")
        return value
