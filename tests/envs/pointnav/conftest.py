"""Golden data of the reference simulator: what it answered, its scene and its episodes."""

import gzip
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.gl_context import open_context
from uio2_agent.errors import AgentError

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"


@pytest.fixture(scope="session")
def golden():
    """What the reference answered."""
    with gzip.open(GOLDEN / "habitat.json.gz") as file:
        return json.load(file)


@pytest.fixture(scope="session")
def episodes_file():
    """The six episodes, in the reference's format."""
    return GOLDEN / "pointnav" / "two_rooms" / "v1" / "val" / "val.json.gz"


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    """Called with a task, a folder of the scene with the navmesh of that task's body beside it."""
    folders = {}
    for task in ("v1", "v2"):
        folders[task] = tmp_path_factory.mktemp(task)
        shutil.copy(GOLDEN / "two_rooms.glb", folders[task])
        shutil.copy(GOLDEN / f"two_rooms_{task}.navmesh", folders[task] / "two_rooms.navmesh")
    return folders.__getitem__


@pytest.fixture(scope="session")
def arguments(episodes_file, scenes):
    """Called with a task: it, the six episodes and the scene for its body; nothing drawn."""

    def made(task="v1", **changes):
        blind = ["pointgoal_with_gps_compass", "gps", "compass"]
        scenes_dir = scenes("v2" if task == "v2" else "v1")
        said = {"episodes": episodes_file, "scenes_dir": scenes_dir, "sensors": blind}
        return {"task": task, **said, **changes}

    return made


@pytest.fixture(scope="session")
def play():
    """Called with an environment that was reset and the info: the oracle's actions, last info."""

    def whole(env, info):
        actions, over = "", False
        while not over:
            actions += str(info["oracle_action"])
            _, _, terminated, truncated, info = env.step(info["oracle_action"])
            over = terminated or truncated
        return actions, info

    return whole


@pytest.fixture(scope="session")
def check_run(golden):
    """Called with an environment of v1 and the number of a run of habitat-lab's: every answer."""

    def check(env, index):
        run = golden["habitat_lab"]["runs"][index]
        _, info = env.reset(seed=int(run["episode_id"]))
        start = run["metrics0"]["distance_to_goal"]
        assert info["metrics"]["distance_to_goal"] == pytest.approx(start, abs=1e-4)
        for step in run["steps"]:
            seen, reward, terminated, truncated, info = env.step(step["a"])
            metrics, (rho, phi) = info["metrics"], seen["pointgoal_with_gps_compass"]
            np.testing.assert_allclose(info["position"], step["p"], atol=1e-4)
            assert rho == pytest.approx(step["pg"][0], abs=1e-4)
            # In metres next to the goal, where single precision decides about the angle.
            assert min(rho, 1) * apart(phi, step["pg"][1]) < 1e-4
            np.testing.assert_allclose(seen["gps"], step["gps"], atol=1e-4)
            assert apart(seen["compass"][0], step["compass"][0]) < 1e-4
            assert reward == pytest.approx(step["reward"], abs=1e-4)
            assert metrics["distance_to_goal"] == pytest.approx(step["d2g"], abs=1e-4)
            assert metrics["spl"] == pytest.approx(step["spl"], abs=1e-4)
            assert metrics["soft_spl"] == pytest.approx(step["soft_spl"], abs=1e-4)
            assert metrics["collisions"] == step["collisions"]
            assert info["collided"] == step["is_collision"]
            assert info["success"] == step["success"]
            assert (terminated, truncated) == (step["done"], False)

    return check


@pytest.fixture(scope="session")
def check_oracle(golden, play):
    """Called with an environment of the task, without noise: acts as the reference's follower.

    In the other two episodes of v2 the reference fails (1), and float32 decides about a step that
    starts exactly on a wall (4).
    """
    episodes = {"v1": (0, 1, 2, 3, 4, 5), "v2": (0, 2, 3, 5)}
    configs = {"v1": "v1", "v2": "v2_noiseless"}

    def check(env, task):
        for i in episodes[task]:
            want = golden["configs"][configs[task]]["follower_episodes"][i]
            _, info = env.reset(seed=i)
            actions, info = play(env, info)
            metrics = info["metrics"]
            assert actions == want["actions"] and info["success"]
            assert metrics["spl"] == pytest.approx(want["spl"], abs=1e-4)
            assert metrics["soft_spl"] == pytest.approx(want["soft_spl"], abs=1e-4)

    return check


def apart(a, b):
    """Radians between two angles."""
    return abs(math.remainder(float(a) - float(b), 2 * math.pi))


@pytest.fixture(scope="session")
def opengl():
    """Tests that ask for this one are skipped where OpenGL does not start."""
    pytest.importorskip("moderngl", reason="the extra [gl] is not installed")
    try:
        open_context().release()
    except AgentError as problem:
        pytest.skip(f"no OpenGL here: {problem}")
