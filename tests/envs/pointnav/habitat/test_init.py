"""The real habitat-sim against what it answered before and against the embedded simulator.

It runs where `UIO2_HABITAT_PYTHON` names an interpreter that has habitat-sim, or this one has it;
always in processes of its own. `UIO2_HABITAT_PYTHON=double` runs the double there instead, which
tries out these tests and no habitat-sim.
"""

import importlib.util
import json
import math
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from uio2_agent.envs.pointnav.actuation import yaw_rotation
from uio2_agent.envs.pointnav.env import PointNav
from uio2_agent.envs.pointnav.episode_files import save_episodes
from uio2_agent.envs.pointnav.episodes import Goal, PointNavEpisode
from uio2_agent.envs.pointnav.gltf_writer import write_glb
from uio2_agent.envs.pointnav.habitat.interpreter import make
from uio2_agent.envs.pointnav.scene import Scene, Texture
from uio2_agent.errors import BadScene, BadSetting

VARIABLE = "UIO2_HABITAT_PYTHON"
NAMED = os.environ.get(VARIABLE)
DOUBLE = NAMED == "double"
PYTHON = sys.executable if DOUBLE or not NAMED else NAMED
HERE = importlib.util.find_spec("habitat_sim") is not None
ROOT = Path(__file__).parents[4]
GOLDEN = ROOT / "tests" / "golden" / "pointnav"
CONFIGS = {"v1": "v1", "v2": "v2_noiseless"}
SEEN = {"v1": (0.0, 10.0, 256, 256), "v2": (0.1, 10.0, 90, 160)}  # depth's range, recorded size

pytestmark = [
    pytest.mark.sim,
    pytest.mark.skipif(
        not (HERE or NAMED),
        reason=f"no habitat-sim here, and {VARIABLE} names no interpreter that has it",
    ),
]


@pytest.fixture(autouse=True)
def there(request):
    if DOUBLE:
        request.getfixturevalue("elsewhere")


@pytest.fixture
def start(arguments):
    """Called with arguments of `HabitatPointNav`, which must be plain: they are sent."""
    made: list[Any] = []

    def env(*task, **changes):
        for earlier in made:
            earlier.close()
        said = arguments(*task, **changes)
        plain: dict[str, Any] = {k: str(v) if isinstance(v, Path) else v for k, v in said.items()}
        made.append(make(PYTHON, **plain))
        return made[-1]

    yield env
    for left in made:
        left.close()


@pytest.fixture
def starting(tmp_path):
    """Called with poses, goals and perhaps scenes, the file of episodes that begin there."""

    def file(*rows):
        episodes = [
            PointNavEpisode(
                episode_id=str(i),
                scene_id=scene[0] if scene else "two_rooms.glb",
                start_position=tuple(map(float, place)),
                start_rotation=tuple(yaw_rotation(math.radians(degrees))),
                goals=(Goal(position=tuple(map(float, goal))),),
            )
            for i, (place, degrees, goal, *scene) in enumerate(rows)
        ]
        save_episodes(episodes, tmp_path / "starting.json.gz")
        return tmp_path / "starting.json.gz"

    return file


@pytest.mark.parametrize("index", range(12))
def test_every_step_is_that_of_habitat_lab(start, check_run, index):
    check_run(start(), index)


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_its_follower_is_the_oracle(start, check_oracle, task):
    check_oracle(start(task, oracle=True, noise=False), task)


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_recorded_walks_have_the_recorded_poses_collisions_and_readings(
    golden, start, starting, task
):
    walks = golden["configs"][CONFIGS[task]]["action_sequences"]
    file = starting(*((walk["start"], walk["yaw_deg"], walk["goal"]) for walk in walks))
    env = start(task, episodes=file, noise=False)
    left = 0
    for i, walk in enumerate(walks):
        seen, info = env.reset(seed=i)
        for n, step in enumerate(walk["steps"]):
            at_a_wall = info["collided"] and task == "v2"
            if n:
                seen, _, _, _, info = env.step(step["a"])
            if at_a_wall and not np.allclose(info["position"], step["p"], atol=1e-4):
                left += 1  # rounding decides about a step from a wall where nothing slides
                break
            np.testing.assert_allclose(info["position"], step["p"], atol=1e-4)
            assert abs(info["rotation"] @ step["q"]) == pytest.approx(1, abs=1e-6)
            assert info["collided"] == step["col"]
            np.testing.assert_allclose(seen["gps"], step["gps"], atol=1e-4)
            assert abs(math.remainder(seen["compass"][0] - step["compass"], math.tau)) < 1e-4
            metrics = info["metrics"]
            assert metrics["distance_to_goal"] == pytest.approx(step["d2g"], abs=1e-4)
            assert metrics["path_length"] == pytest.approx(step["path_len"], abs=1e-3)
    assert left <= 1


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_a_navmesh_that_it_computes_gives_the_recorded_distances(golden, start, tmp_path, task):
    shutil.copy(GOLDEN / "two_rooms.glb", tmp_path)
    env = start(task, scenes_dir=str(tmp_path), noise=False)
    for i, want in enumerate(golden["configs"][CONFIGS[task]]["follower_episodes"]):
        _, info = env.reset(seed=i)
        if want["start_geodesic"] is not None:
            distance = info["metrics"]["distance_to_goal"]
            assert distance == pytest.approx(want["start_geodesic"], abs=1e-3)


ASKED = """
import json, sys
import numpy as np
from uio2_agent.envs.pointnav.habitat.simulator import HabitatSimulator
from uio2_agent.envs.pointnav.task import TASKS
asked = json.load(sys.stdin)
simulator = HabitatSimulator(TASKS[asked["task"]], cameras=[])
simulator.load(asked["scene"])
p = simulator.pathfinder
rng = lambda: np.random.default_rng(3)
told = {
    "area": p.area,
    "triangles": len(p.triangles()),
    "radius": p.island_radius(asked["pairs"][0][0]),
    "geodesic": [p.geodesic(a, b) for a, b in asked["pairs"]],
    "paths": [p.path(a, b).points.tolist() for a, b in asked["pairs"]],
    "navigable": [p.is_navigable(a) for a, _ in asked["pairs"]],
    "snapped": [p.snap(a).tolist() for a, _ in asked["pairs"]],
    "nowhere": p.snap([90.0, 0.0, 0.0]),
    "several": p.geodesic(*asked["several"]),
    "steps": [[p.try_step(a, b, s).tolist() for s in (True, False)] for a, b in asked["moves"]],
    "walls": [p.distance_to_wall(*wall) for wall in asked["walls"]],
    "random": [p.random_point(rng()).tolist() for _ in range(2)],
    "random_navigable": all(p.is_navigable(p.random_point(np.random.default_rng(i)))
                            for i in range(50)),
}
simulator.close()
print("\\n" + json.dumps(told))
"""


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_its_pathfinder_answers_as_recorded(golden, scenes, task):
    """Types and names, too: what goes in is float32, what comes out is numbers."""
    known = golden["configs"][CONFIGS[task]]
    asked = {
        "task": task,
        "scene": str(scenes(task) / "two_rooms.glb"),
        "pairs": [(pair["start"], pair["end"]) for pair in known["geodesic_pairs"]],
        "several": (known["multi_goal"]["start"], known["multi_goal"]["ends"]),
        "moves": [(move["start"], move["end"]) for move in known["moves"]],
        "walls": [(wall["point"], wall["max_radius"]) for wall in known["obstacle_distance"]],
    }
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    child = subprocess.run(
        [PYTHON, "-c", ASKED],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=240,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    told = json.loads(child.stdout.splitlines()[-1])
    assert told["area"] == pytest.approx(known["navmesh"]["navigable_area"], abs=1e-3)
    assert told["triangles"] == len(known["navmesh"]["triangles"])
    assert told["radius"] == pytest.approx(known["navmesh"]["island_radii"][0], abs=1e-3)
    for i, pair in enumerate(known["geodesic_pairs"]):
        want = pair["geodesic"] if pair["found"] else math.inf
        assert told["geodesic"][i] == pytest.approx(want, abs=1e-4)
        np.testing.assert_allclose(told["paths"][i], pair["path"], atol=1e-4)
        np.testing.assert_allclose(told["snapped"][i], pair["start_snapped"], atol=1e-4)
        assert told["navigable"][i] == pair["start_navigable"]
    assert told["nowhere"] is None
    assert told["several"] == pytest.approx(known["multi_goal"]["geodesic"], abs=1e-4)
    for (sliding, stopping), move in zip(told["steps"], known["moves"], strict=True):
        np.testing.assert_allclose(sliding, move["try_step"], atol=1e-4)
        np.testing.assert_allclose(stopping, move["try_step_no_sliding"], atol=1e-4)
    distances = [wall["distance"] for wall in known["obstacle_distance"]]
    np.testing.assert_allclose(told["walls"], distances, atol=1e-4)
    assert told["random"][0] == told["random"][1] and told["random_navigable"]


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_cameras_show_the_recorded_pixels(golden, start, starting, task):
    """Row 0 on top, no alpha, planar depth, height and pitch of both tasks."""
    known = golden["configs"][CONFIGS[task]]
    shown, goal = known["observations"], known["follower_episodes"][0]["goal"]
    file = starting(*((view["position"], view["yaw_deg"], goal) for view in shown))
    low, high, height, width = SEEN[task]
    eyes = {"sensors": ["rgb", "depth"], "size": [height, width], "noise": False}
    env = start(task, episodes=file, **eyes)
    for i, view in enumerate(shown):
        seen, _ = env.reset(seed=i)
        picture = GOLDEN / "frames" / Path(view["png"]).name
        rgb = np.asarray(Image.open(picture).convert("RGB"), float)
        assert seen["rgb"].dtype == np.uint8 and seen["rgb"].shape == (height, width, 3)
        assert np.abs(seen["rgb"] - rgb).mean() < 3
        metres = low + (high - low) * seen["depth"][..., 0]
        grid = metres[np.ix_(view["depth_rows"], view["depth_cols"])]
        assert np.median(np.abs(grid - view["depth"])) < 2e-3
        assert metres.mean() == pytest.approx(view["depth_mean"], abs=5e-3)


def test_pictures_are_as_bright_and_deep_as_those_of_habitat_lab(golden, start):
    env = start(sensors=["rgb", "depth"])
    for run in golden["habitat_lab"]["runs"][::2]:
        seen, _ = env.reset(seed=int(run["episode_id"]))
        assert seen["rgb"].shape == (256, 256, 3) and seen["depth"].shape == (256, 256, 1)
        assert seen["rgb"].mean() == pytest.approx(run["rgb0_mean"], abs=1)
        assert seen["depth"].mean() == pytest.approx(run["depth0_mean"], abs=2e-4)


@pytest.mark.parametrize("task", ["v1", "v2"])
def test_it_goes_and_sees_as_the_embedded_one_on_the_same_way(start, arguments, task):
    said = {"sensors": ["rgb", "depth", "gps"], "size": [90, 160], "noise": False, "oracle": True}
    theirs, ours = start(task, **said), PointNav(**arguments(task, **said))
    assert theirs.observation_space == ours.observation_space
    for seed in (0, 2):
        told, known = theirs.reset(seed=seed), ours.reset(seed=seed)
        assert told[1].keys() == known[1].keys() and told[1]["prompt"] == known[1]["prompt"]
        for _ in range(20):
            action = known[1]["oracle_action"]
            assert told[1]["oracle_action"] == action
            assert told[1]["collided"] == known[1]["collided"]
            np.testing.assert_allclose(told[0]["gps"], known[0]["gps"], atol=1e-3)
            difference = np.abs(told[0]["rgb"].astype(float) - known[0]["rgb"])
            assert difference.mean() < 3
            assert np.median(np.abs(told[0]["depth"] - known[0]["depth"])) < 2e-4
            told, known = theirs.step(action)[::4], ours.step(action)[::4]


def test_noise_of_wheels_is_that_of_the_embedded_simulator(start, arguments):
    theirs, ours = start("v2"), PointNav(**arguments("v2"))
    for seed in (0, 2):
        theirs.reset(seed=seed)
        ours.reset(seed=seed)
        for action in (1, 2, 1, 3, 3, 1):
            told, known = theirs.step(action)[4], ours.step(action)[4]
            np.testing.assert_allclose(told["position"], known["position"], atol=1e-3)


def test_scenes_change_and_come_back_and_each_one_is_what_its_name_says(golden, start, tmp_path):
    """One lies at the end of another's path, one is stored y up, one cannot be read."""
    (tmp_path / "sub").mkdir()
    flipped = GOLDEN / "two_rooms_yup.glb"
    for path in ("room.glb", "sub/room.glb"):
        shutil.copy(GOLDEN / "two_rooms.glb" if path == "room.glb" else flipped, tmp_path / path)
    config = {"render_asset": "room.glb", "up": [0, 1, 0], "front": [0, 0, -1]}
    (tmp_path / "sub" / "room.stage_config.json").write_text(json.dumps(config))
    garbage = b"{" * 40
    bad = struct.pack("<4sIIII", b"glTF", 2, 60, 40, 0x4E4F534A) + garbage
    (tmp_path / "bad.glb").write_bytes(bad)
    walk = golden["configs"]["v1"]["follower_episodes"][0]
    order = ("sub/room.glb", "room.glb", "bad.glb", "sub/room.glb", "room.glb")
    file = tmp_path / "e.json.gz"
    save_episodes(
        [
            PointNavEpisode(
                episode_id=str(i),
                scene_id=scene,
                start_position=tuple(walk["start"]),
                start_rotation=(0.0, 0.0, 0.0, 1.0),
                goals=(Goal(position=tuple(walk["goal"])),),
            )
            for i, scene in enumerate(order)
        ],
        file,
    )
    env = start(episodes=file, scenes_dir=tmp_path, sensors=["rgb", "depth"], size=64)
    pictures = []
    for seed, scene in enumerate(order):
        if scene == "bad.glb":
            with pytest.raises(BadScene, match=r"bad\.glb"):
                env.reset(seed=seed)
            continue
        seen, info = env.reset(seed=seed)
        distance = info["metrics"]["distance_to_goal"]
        assert distance == pytest.approx(walk["start_geodesic"], abs=2e-2)
        pictures.append(seen)
    for seen in pictures[1:]:
        assert np.abs(seen["rgb"].astype(float) - pictures[0]["rgb"]).mean() < 1
        assert np.abs(seen["depth"] - pictures[0]["depth"]).mean() < 1e-3


def test_a_missing_navmesh_is_refused_where_none_may_be_computed(start, tmp_path):
    shutil.copy(GOLDEN / "two_rooms.glb", tmp_path)
    env = start(scenes_dir=str(tmp_path), navmesh="beside")
    with pytest.raises(BadScene, match=r"two_rooms\.navmesh"):
        env.reset(seed=0)


@pytest.mark.skipif(DOUBLE, reason="the double computes the same navmesh for every scene")
def test_a_scene_without_room_to_stand_is_refused(start, tmp_path):
    corners = np.array([[0, 0, 0], [0, 0, 0.1], [0.1, 0, 0]], np.float32)
    paint = Texture(np.full((2, 2, 3), 200, np.uint8), repeat=True, nearest=True)
    faces, uv = np.array([[0, 1, 2]], np.int32), np.zeros((3, 2), np.float32)
    scene = Scene(corners, faces, uv, np.zeros(1, np.int32), (paint,), np.ones((1, 3), np.float32))
    write_glb(scene, tmp_path / "crumb.glb")
    env = start(episodes=None, scene=str(tmp_path / "crumb.glb"))
    with pytest.raises(BadScene, match="room"):
        env.reset(seed=0)


def test_a_flat_of_ours_can_be_played(start, play):
    env = start(episodes=None, scenes_dir=None, apartment="small", oracle=True)
    _, info = play(env, env.reset(seed=5)[1])
    assert info["success"] and info["metrics"]["spl"] > 0.9


def test_a_gpu_that_is_not_there_is_told_of_and_the_process_lives(start):
    with pytest.raises(BadSetting, match="gpu_device_id is 97"):
        start(sensors=["depth"], gpu_device_id=97)
