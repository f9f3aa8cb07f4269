"""A toy in the benchmark's place: gym 0.21's manner, no physics, outcomes as told."""

import sys
import tempfile
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.vima_bench import simulator


class ToyProfile(Enum):
    SQUARE_LIKE = 0


class ToyTask:
    oracle_max_steps = 3

    def __init__(self) -> None:
        self.pos_eps = 0.125
        self.rng = np.random.default_rng(0)
        self.goals: list[Any] = [([(5, (0, None))], None, None, None, None, "pose", None, 1.0)]

    def check_distractors(self, distractor: Any) -> bool:
        return True

    def oracle(self, raw: Any) -> Any:
        def act(observation: Any) -> dict[str, np.ndarray]:
            x, y = self.rng.uniform((0.25, -0.5), (0.75, 0.5))
            turn = np.array([0, 0, 0, 1], np.float32)
            place = np.array([0.9, 0], np.float32)  # off the table: to be clipped
            return {
                "pose0_position": np.array([x, y], np.float32),
                "pose0_rotation": turn,
                "pose1_position": place,
                "pose1_rotation": turn,
            }

        return SimpleNamespace(act=act)


class ToyRaw:
    """What `vima_bench.make` returns, as far as we use it.

    Attributes:
        outcomes: (done, success, failure) of the coming steps; afterwards nothing happens.
        bad_seeds: Their scenes cannot be sampled.
        played: The episode's actions that came through.
    """

    prompt = "Put the {scene} near {dragged_obj}, then {scene} again."
    client_id = 0

    def __init__(self, ee: int = 0) -> None:
        self.task, self.ee = ToyTask(), ee
        self.outcomes: list[tuple[bool, bool, bool]] = []
        self.bad_seeds: set[int] = set()
        self.played: list[dict[str, np.ndarray]] = []
        self.seeds: list[int] = []
        self.closed = False
        told = {
            "obj_name": "block",
            "obj_symmetry": np.pi / 4,
            "obj_profile": ToyProfile.SQUARE_LIKE,
            "obj_replace_fn": print,
            "texture_name": "brick",
        }
        self.meta_info = {"obj_id_to_info": {5: told}}

    def seed(self, seed: int) -> None:
        self.seeds.append(seed)
        self.task.rng = np.random.default_rng(seed)

    def reset(self) -> dict[str, Any]:
        Path(tempfile.gettempdir(), f"block.urdf.{len(self.seeds)}").write_text("<robot/>")
        print("text argument: noise")
        self.played = []
        if self.seeds[-1] in self.bad_seeds:
            raise ValueError("Error in sampling objects")
        self.task.pos_eps = min(self.task.pos_eps, 0.0875 if self.seeds[-1] == 13 else 1)
        objects = {"obj_id": np.int64(0), "obj_name": "block", "obj_color": "brick"}
        self.prompt_assets = {
            "dragged_obj": self._asset("object", objects, 1),
            "scene": self._asset("scene", [objects], 2),
        }
        return self._observation()

    def step(self, action: dict[str, np.ndarray]) -> tuple[dict[str, Any], Any, bool, dict]:
        self.played.append(action)
        done, success, failure = self.outcomes.pop(0) if self.outcomes else (False, False, False)
        print("Warning: movej exceeded")
        info = {"prompt": self.prompt, "success": np.bool_(success), "failure": np.bool_(failure)}
        return self._observation(), 0, done, info

    def close(self) -> None:
        self.closed = True

    def _observation(self) -> dict[str, Any]:
        rgb = np.full((128, 256, 3), len(self.played), np.uint8).transpose(2, 0, 1)
        segm = np.full((128, 256), 255, np.uint8)
        views = ("front", "top")
        return {"rgb": dict.fromkeys(views, rgb), "segm": dict.fromkeys(views, segm), "ee": self.ee}

    @staticmethod
    def _asset(kind: str, objects: Any, value: int) -> dict[str, Any]:
        views = {  # a scene has its views the other way round
            "top": np.full((3, 128, 256), value + 10, np.uint8),
            "front": np.full((3, 128, 256), value, np.uint8),
        }
        ids = {view: pixels[0] for view, pixels in views.items()}
        return {"placeholder_type": kind, "rgb": views, "segm": {**ids, "obj_info": objects}}


@pytest.fixture
def raw(monkeypatch, tmp_path) -> ToyRaw:
    """A toy in its first episode, without anything of ours around it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    toy = ToyRaw()
    toy.seed(0)
    toy.reset()
    return toy


@pytest.fixture
def toys(monkeypatch):
    """Whatever is made is a toy; a list of them, newest last. `toys.ee` is the next one's."""

    class Toys(list):
        ee = 0
        client_id = 0

    made = Toys()

    def make(task: str, task_kwargs: dict[str, Any]) -> ToyRaw:
        raw = ToyRaw(made.ee)
        raw.client_id = made.client_id
        made.append(raw)
        return raw

    first = dict.fromkeys(LEVELS["placement_generalization"])
    levels = {level: dict.fromkeys(tasks) for level, tasks in LEVELS.items()}
    bench = SimpleNamespace(make=make, PARTITION_TO_SPECS={"train": first, "test": levels})
    monkeypatch.setattr(simulator, "load", lambda checkout=None: bench)
    yield made
    if simulator._live is not None:
        simulator._live()


@pytest.fixture
def without_vima_bench(monkeypatch):
    """Nobody has imported it yet, and what a test imports under its name is gone afterwards."""
    kept = {name: m for name, m in sys.modules.items() if name.split(".")[0] == "vima_bench"}
    for name in kept:
        del sys.modules[name]
    monkeypatch.delenv("UIO2_VIMA_BENCH", raising=False)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "vima_bench"]:
        del sys.modules[name]
    sys.modules.update(kept)
