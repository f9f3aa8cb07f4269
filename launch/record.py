"""Draw oracle demonstrations and labelled scenes and keep them on disk.

`uio2 record output_dir=data/tabletop`. A demonstration is played in the tabletop's physics, but
only the view that is kept is drawn; or, slower, in any environment with an oracle (`env`). Strewn
objects are not touched and need no physics. The task "pointnav" is walked by the greedy follower.
"""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from inspect import signature
from pathlib import Path
from typing import Any

import gymnasium as gym
import hydra
import numpy as np
from gymnasium.envs.registration import load_env_creator
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from uio2_agent.envs.tabletop.actions import Action
from uio2_agent.envs.tabletop.cameras import project
from uio2_agent.envs.tabletop.catalogue import phrase
from uio2_agent.envs.tabletop.oracle import plan
from uio2_agent.envs.tabletop.physics import Physics
from uio2_agent.envs.tabletop.progress import judge
from uio2_agent.envs.tabletop.prompts import object_picture, prompt_arrays
from uio2_agent.envs.tabletop.renderer import Renderer
from uio2_agent.envs.tabletop.scatter import scatter
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.errors import BadEpisode, BadSetting, RunMismatch, UnknownName
from uio2_agent.interface import FIRST_EVALUATION_SEED, VIEWS
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.policies.solo import SoloPlayer
from uio2_agent.storage import make_folder, write_json
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.navigation import SENSORS, record_navigation
from uio2_agent.trajectories.recording import Act, record_episode
from uio2_agent.trajectories.store import EpisodeStore, shard_length, write_shard
from uio2_agent.trajectories.wandering import Wanderer

SHARD = 500
POINTNAV = "pointnav"
AUDIOGOAL = "uio2/AudioGoal-v0"


@dataclass
class SourceConfig:
    """One folder of episodes.

    They are demonstrations of a task, walks with the task "pointnav" (to what sounds, if `env` is
    uio2/AudioGoal-v0), or, with the task "scatter", strewn objects to ask about.

    Attributes:
        task: Its name, or "pointnav", or "scatter".
        prompts: Prompt modes, in turn.
        objects: For "scatter": how many, in turn.
        episodes: How many; of a `path`, the first so many.
        first_seed: Episode i is that of this seed + i.
        env: Id of the environment to play in, such as uio2/VIMABench-v0; None is the embedded
            tabletop without what nobody keeps, or uio2/PointNav-v0.
        settings: What the environment of "pointnav" is made with, such as {size: 128}.
        wander: For "pointnav": chance that a detour begins at a step (`trajectories.wandering`).
        agent: For "pointnav": checkpoint of the agent that walks, instead of the oracle. It draws
            its moves from what it finds likely; what the oracle would do is kept beside (DAgger,
            Ross et al. 2011).
        path: Folder of episodes that are there already (`uio2 data convert`); none is recorded.
    """

    task: str = "visual_manipulation"
    prompts: list[str] = field(default_factory=lambda: ["pictures", "words"])
    objects: list[int] = field(default_factory=list)
    episodes: int = 1000
    first_seed: int = 0
    env: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    wander: float = 0.0
    agent: str | None = None
    path: str | None = None


@dataclass
class RecordConfig:
    output_dir: str = "data/tabletop"
    level: str = "placement_generalization"
    view: str = "top"
    sources: dict[str, SourceConfig] = field(default_factory=dict)


ConfigStore.instance().store("record_schema", RecordConfig)


class Recorder:
    """Episodes of one view of the embedded tabletop."""

    def __init__(self, level: str, view: str) -> None:
        if view not in VIEWS:
            raise UnknownName("view", view, VIEWS)
        self.level, self.view = level, view
        self.renderer = Renderer((view,))
        self.both = Renderer()
        self._physics = Physics()

    def demonstration(self, task: str, prompt: str, seed: int) -> Episode:
        """What the oracle does with one seed: the picture before every step and after the last.

        The oracle is asked anew at each step, as the environment does. Should it fail, the episode
        says so (`info["success"]`).
        """
        scenario = sample(task, self.level, prompt, seed)
        physics, progress = self._physics, judge(scenario)
        physics.load(scenario.bodies)
        frames = [self.draw(scenario.bodies)[0]]
        actions: list[Action] = []
        while not progress.over and len(actions) < scenario.max_steps:
            moves = plan(scenario, physics.bodies, progress)
            if not moves:
                break
            progress.update(*physics.carry_out(moves[0], scenario.end_effector))
            actions.append(moves[0].action())
            frames.append(self.draw(tuple(physics.bodies.values()))[0])
        rgb, _, mask = prompt_arrays(scenario.prompt, self.both)
        return Episode(
            frames=np.stack(frames),
            actions={k: np.stack([a[k] for a in actions]) for k in actions[0]},
            prompt_text=scenario.prompt.text,
            prompt_pictures=rgb[mask.astype(bool)][:, VIEWS.index(self.view)],
            info=self._info(task, seed)
            | {
                "prompt": prompt,
                "effector": scenario.end_effector,
                "success": progress.success,
            },
        )

    def strewn(self, objects: int, seed: int) -> Episode:
        """Labelled objects, each with its picture; nothing is done."""
        bodies = scatter(seed, objects, self.level)
        rgb, segm = self.draw(bodies)
        pictures = [
            self.renderer.render(object_picture(_as_shown(b)).bodies, background="empty")
            for b in bodies
        ]
        centres = [project(self.view, *b.position)[::-1] for b in bodies]
        return Episode(
            frames=rgb[None],
            actions={},
            prompt_text="",
            prompt_pictures=np.stack([rgb[self.view] for rgb, _ in pictures]),
            labels={
                "segm": segm[None],
                "picture_segm": np.stack([segm[self.view] for _, segm in pictures]),
                "ids": np.array([b.obj_id for b in bodies]),
                "places": np.array([[(*b.xy, b.yaw) for b in bodies]], np.float32),
                "pixels": np.array([centres], np.float32),
                "picture_pixel": np.array(project(self.view, 0.5, 0.0)[::-1], np.float32),
            },
            info=self._info("scatter", seed)
            | {
                "objects": [phrase(b.texture, b.shape) for b in bodies],
                "kinds": [[b.shape, b.texture] for b in bodies],
            },
        )

    def draw(self, bodies: tuple[Body, ...]) -> tuple[np.ndarray, np.ndarray]:
        rgb, segm = self.renderer.render(bodies, background="table")
        return rgb[self.view], segm[self.view]

    def _info(self, task: str, seed: int) -> dict[str, Any]:
        return {
            "env": "uio2/Tabletop-v0",
            "task": task,
            "level": self.level,
            "seed": seed,
            "view": self.view,
        }


def record(cfg: RecordConfig) -> dict[str, Path]:
    """Fill every source's folder; whole shards found there are kept -> name to folder.

    Raises:
        BadSetting: Seeds reach into those kept for evaluation, there is nothing to draw from, or
            what a `path` holds shows another view.
        BadEpisode: A `path` holds no episodes, or damaged ones.
        UnknownName: A task, level, prompt mode or view nobody knows.
        RunMismatch: A folder holds episodes of other settings.
        CannotWrite: The disk is full; whole shards are kept.
    """
    folders = {}
    for name, source in cfg.sources.items():
        if source.path is not None:
            view = None if source.task == POINTNAV else cfg.view
            folders[name] = _existing(name, Path(source.path), view)
            continue
        _check_source(name, source)
        folder = folders[name] = Path(cfg.output_dir) / name
        _check_settings(folder, cfg, source)
        shards = [
            range(start, min(start + SHARD, source.episodes))
            for start in range(0, source.episodes, SHARD)
        ]
        # The last shard of a smaller recording is too short for a larger one and is drawn again.
        missing = [shard for shard in shards if shard_length(folder, shard.start) < len(shard)]
        with closing(_Drawing(cfg, source)) as draw:
            for shard in track(missing, description=f"recording {name}", disable=not missing):
                write_shard(folder, shard.start, map(draw, shard))
    return folders


class _Drawing:
    """Episode number -> episode of a source."""

    def __init__(self, cfg: RecordConfig, source: SourceConfig) -> None:
        self.cfg, self.source = cfg, source
        self.recorder = Recorder(cfg.level, cfg.view)
        self._env: tuple[str, gym.Env] | None = None  # and the prompt mode it was made with
        self._agent: SoloPlayer | None = None

    def __call__(self, i: int) -> Episode:
        source = self.source
        seed = source.first_seed + i
        if source.task == "scatter":
            return self.recorder.strewn(source.objects[i % len(source.objects)], seed)
        if source.task == POINTNAV:
            env = self._made(_pointnav, "")
            return record_navigation(env, seed, self._walker(env, seed))
        prompt = source.prompts[i % len(source.prompts)]
        if source.env is not None:
            return record_episode(self._made(_tabletop, prompt), seed, view=self.cfg.view)
        return self.recorder.demonstration(source.task, prompt, seed)

    def _walker(self, env: gym.Env, seed: int) -> Act:
        if self.source.agent is None:
            return Wanderer(self.source.wander, seed)
        if self._agent is None:
            from uio2_agent.policies.unified import load_policy  # needs torch

            policy = load_policy(self.source.agent, temperature=1, micro_batch=1)
            self._agent = SoloPlayer(policy, env)
        self._agent.begin(seed)
        return self._agent

    def close(self) -> None:
        if self._env is not None:
            self._env[1].close()
            self._env = None

    def _made(self, make: Callable[[SourceConfig, str, str], gym.Env], prompt: str) -> gym.Env:
        """One at a time: of the real VIMA-Bench no second may live in a process."""
        if self._env is None or self._env[0] != prompt:
            self.close()
            self._env = (prompt, make(self.source, self.cfg.level, prompt))
        return self._env[1]


def _tabletop(source: SourceConfig, level: str, prompt: str) -> gym.Env:
    return _with_oracle(str(source.env), {"task": source.task, "level": level, "prompt": prompt})


def _pointnav(source: SourceConfig, level: str, prompt: str) -> gym.Env:
    """With every sensor that a policy may ask for, unless the source chooses them.

    Who hears its goal gets what AudioGoal shows and no more: a policy there counts its steps, and
    would learn to be sure of its place from `gps`.
    """
    env_id = source.env or "uio2/PointNav-v0"
    known = signature(load_env_creator(str(gym.spec(env_id).entry_point))).parameters
    for name in source.settings:
        if name not in known:
            raise UnknownName(f"setting of {env_id}", name, known)
    usual = {"task": "v1"} | ({} if env_id == AUDIOGOAL else {"sensors": SENSORS})
    return _with_oracle(env_id, usual | source.settings)


def _with_oracle(env_id: str, settings: dict[str, Any]) -> gym.Env:
    return gym.make(f"uio2_agent.envs:{env_id}", oracle=True, disable_env_checker=True, **settings)


def _existing(name: str, folder: Path, view: str | None) -> Path:
    """A folder of episodes somebody else wrote, of a view unless they are walks.

    Raises:
        BadEpisode: It holds none.
        BadSetting: They show another view.
    """
    store = EpisodeStore(folder)
    if not len(store):
        raise BadEpisode(str(folder), "holds no episodes", "Fill it with `uio2 data convert`")
    # Views are whole folders, so the two ends tell when there are several below it.
    for episode in (store[0], store[len(store) - 1]):
        if view is not None and episode.info.get("view") != view:
            raise BadSetting(f"view of sources.{name}.path", episode.info.get("view"), view)
    return folder


def _check_source(name: str, source: SourceConfig) -> None:
    last = source.first_seed + source.episodes - 1
    if last >= FIRST_EVALUATION_SEED:
        raise BadSetting(f"sources.{name} last seed", last, f"below {FIRST_EVALUATION_SEED}")
    needed = "objects" if source.task == "scatter" else "prompts"
    if not getattr(source, needed):
        raise BadSetting(f"sources.{name}.{needed}", "empty", "at least one, used in turn")
    for setting in ("settings", "wander", "agent"):
        if getattr(source, setting) and source.task != POINTNAV:
            value = getattr(source, setting)
            raise BadSetting(f"sources.{name}.{setting}", value, f"none but of {POINTNAV}")


def _check_settings(folder: Path, cfg: RecordConfig, source: SourceConfig) -> None:
    """What is recorded in a folder is written beside it; more episodes of the same may be added."""
    now = {"level": cfg.level, "view": cfg.view, **asdict(source)}
    del now["episodes"], now["path"]
    for key in (
        "env",
        "settings",
        "wander",
    ):  # folders of before there were such settings lack them
        if not now[key]:
            del now[key]
    path = folder / "source.json"
    if path.exists():
        then = json.loads(path.read_text())
        keys = [k for k in now | then if now.get(k) != then.get(k)]
        changed = [f"{k}: {then.get(k)} then, {now.get(k)} now" for k in keys]
        if changed:
            raise RunMismatch(str(folder), changed)
        return
    make_folder(folder)
    write_json(path, now)


def _as_shown(body: Body) -> Body:
    """Prompts show the blocks that are swept enlarged (vima_bench.md 2.3)."""
    return replace(body, scale=(7.0, 7.0, 7.0)) if body.shape == "small block" else body


@hydra.main(version_base="1.3", config_path="conf", config_name="record")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    with says_how_to_go_on(cfg.output_dir):
        for name, folder in record(settings).items():
            print(f"{name}: {folder}")
