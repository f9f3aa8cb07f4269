"""The real benchmark, from the checkout that UIO2_VIMA_BENCH names, always in a process of its own.

The golden episodes were recorded from the benchmark alone, without any of our code. Its physics
depends on how OpenBLAS rounds, hence on the processor, unless that is told what to be.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import uio2_agent.envs  # noqa: F401
from uio2_agent.envs.vima_bench.env import NUMPY_MAJOR

pytestmark = [
    pytest.mark.sim,
    pytest.mark.skipif(
        not os.environ.get("UIO2_VIMA_BENCH"), reason="UIO2_VIMA_BENCH names no checkout"
    ),
]

GOLDEN = Path(__file__).parents[2] / "golden" / "vima_bench" / "episodes.json"
RECORDS = json.loads(GOLDEN.read_text())["records"]
VIEWS = ("front", "top")


@pytest.fixture
def make(monkeypatch):
    """An environment in another interpreter that rounds as the recording one did."""
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    made = []

    def start(**kwargs):
        env = gym.make(
            "uio2/Remote-v0",
            env_id="uio2/VIMABench-v0",
            env_kwargs=kwargs,
            timeout_s=250,  # a busy machine
            start_timeout_s=250,
            disable_env_checker=True,
        )
        made.append(env)
        return env

    yield start
    for env in made:
        env.close()


def digest(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]


def digests(pictures):
    return {kind: {v: digest(pictures[kind][v]) for v in VIEWS} for kind in ("rgb", "segm")}


def outcome(terminated, info):
    assert not info["timeout"], "the machine is too busy: a motion took 5 seconds of wall clock"
    return {"done": terminated, "success": info["success"], "failure": info["failure"]}


def present(record):
    """The record as it is under this numpy."""
    return record if NUMPY_MAJOR >= 2 else record | record.get("numpy_lt2", {})


def name(record):
    return f"{record['task']}-{record['level']}-{record['seed']}"


def recorded_actions(record):
    """Rounded to 7 digits in the file."""
    for step in record["oracle_episode"]:
        yield {key: np.array(values, np.float32) for key, values in step["action"].items()}


@pytest.mark.parametrize("record", [*map(present, RECORDS)], ids=name)
def test_recorded_episodes_replay_exactly(record, make):
    env = make(task=record["task"], level=record["level"], oracle=True)
    observation, info = env.reset(seed=record["seed"])
    assert info["prompt"] == record["prompt"]
    assert {
        key: {
            "placeholder_type": asset["placeholder_type"],
            "obj_info": asset["segm"]["obj_info"],
            **digests(asset),
        }
        for key, asset in info["prompt_assets"].items()
    } == record["prompt_assets"]
    assert {
        str(obj_id): [told["obj_name"], told["texture_name"]]
        for obj_id, told in info["obj_id_to_info"].items()
    } == record["objects"]
    assert digests(observation) == record["reset_obs"]
    actions = []
    for step, rounded in zip(record["oracle_episode"], recorded_actions(record), strict=True):
        actions.append(info["oracle_action"])
        for key, values in rounded.items():
            np.testing.assert_allclose(actions[-1][key], values, atol=1e-6)
        observation, _, terminated, _, info = env.step(actions[-1])
        told = outcome(terminated, info) | digests(observation)
        assert told == {key: step[key] for key in told}

    env.reset(seed=record["seed"])
    for action, step in zip(actions, record["agent_replay"], strict=True):
        observation, _, terminated, _, info = env.step(action)
        assert outcome(terminated, info) | {"rgb_top": digest(observation["rgb"]["top"])} == step
    env.reset(seed=record["seed"])
    missed = dict(record["miss_action"])
    action = {key: np.array(v, np.float32) for key, v in missed.pop("action").items()}
    observation, _, terminated, _, info = env.step(action)
    assert outcome(terminated, info) | {"rgb_top": digest(observation["rgb"]["top"])} == missed


# Tasks with goals that only the benchmark's own oracle pursues.
@pytest.mark.parametrize(
    "record",
    [r for r in map(present, RECORDS) if r["task"] in ("rearrange", "rearrange_then_restore")],
    ids=name,
)
def test_asking_the_oracle_changes_nothing(record, make):
    ends = []
    for oracle in (True, False):
        env = make(task=record["task"], level=record["level"], oracle=oracle)
        end = [digests(env.reset(seed=record["seed"])[0])]
        for action in recorded_actions(record):
            observation, _, terminated, _, info = env.step(action)
            end.append(outcome(terminated, info) | digests(observation))
        ends.append(end)
        env.close()
    assert ends[0] == ends[1] and ends[0][-1]["success"]


def run(code: str, tmp_path: Path) -> str:
    """What a fresh process prints that runs `code`, its temporary files in `tmp_path`."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import gymnasium as gym, uio2_agent.envs\n" + code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_at_a_time_in_silence_and_nothing_is_left_behind(tmp_path):
    code = """
import sys, pytest
from uio2_agent.errors import SimulatorBusy
make = lambda: gym.make("uio2/VIMABench-v0", task="rearrange", oracle=True)
env = make()
with pytest.raises(SimulatorBusy):
    make()
env.close()
env = make()
info = env.reset(seed=5)[1]
assert env.step(info["oracle_action"])[4]["timeout"] is False
assert not {"gym", "torch", "kornia", "importlib_resources"} & set(sys.modules)
print("done")
"""
    assert run(code, tmp_path) == "done\n"
    assert [*tmp_path.glob("uio2-vima-*")] == []  # without a close, too


def test_it_is_refused_while_our_own_physics_has_the_first_client(tmp_path):
    code = """
import pytest
from uio2_agent.errors import SimulatorBusy
tabletop = gym.make("uio2/Tabletop-v0", oracle=True)
tabletop.step(tabletop.reset(seed=0)[1]["oracle_action"])
with pytest.raises(SimulatorBusy, match="another simulation"):
    gym.make("uio2/VIMABench-v0")
tabletop.close()
gym.make("uio2/VIMABench-v0").close()
"""
    run(code, tmp_path)


def test_keeps_the_gymnasium_contract(tmp_path):
    code = """
from gymnasium.utils.env_checker import check_env
env = gym.make("uio2/VIMABench-v0", task="sweep_without_exceeding", oracle=True)
# Closing is checked on a second one, which a process cannot have.
check_env(env.unwrapped, skip_render_check=True, skip_close_check=True)
"""
    run(code, tmp_path)


def test_it_has_our_levels_and_tasks_and_tells_eight_tasks_in_words(tmp_path):
    code = """
from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.vima_bench.checkout import load
from uio2_agent.envs.vima_bench.levels import IN_WORDS
bench = load()
specs = bench.PARTITION_TO_SPECS
assert {level: set(tasks) for level, tasks in specs["test"].items()} == {
    level: set(tasks) for level, tasks in LEVELS.items()
}
assert specs["train"] == specs["test"]["placement_generalization"]
for task in IN_WORDS:
    level = next(level for level in LEVELS if task in LEVELS[level])
    env = gym.make("uio2/VIMABench-v0", task=task, level=level, prompt="words")
    observation, info = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    assert not observation["prompt_mask"].any() and info["prompt_assets"] == {}
    assert observation["prompt_text"] == info["prompt"] and "{" not in info["prompt"]
    env.close()
"""
    run(code, tmp_path)


def test_no_action_makes_the_arm_miss_its_pose(tmp_path):
    code = """
import numpy as np
position = np.array([0.5, 0.1], np.float32)
for task, rotations in (
    ("rotate", [(0, 0, 0, 0), (1, 0, 0, 0), (0.5, 0.5, 0.5, 0.5), (0.3, -0.8, 0, 0.1)]),
    ("sweep_without_exceeding", [(0, 0, 0, 0)]),
):
    env = gym.make("uio2/VIMABench-v0", task=task)
    env.reset(seed=1)
    for rotation in rotations:
        turn = np.array(rotation, np.float32)
        action = dict(pose0_position=position, pose1_position=position)
        end = env.step({**action, "pose0_rotation": turn, "pose1_rotation": turn})
        assert end[2:4] == (False, False) and not end[4]["timeout"], rotation
    env.close()
"""
    run(code, tmp_path)


def test_a_rollout_gives_every_row_its_own_process(tmp_path):
    command = "rollout env=vima_bench env.task=follow_order policy=oracle episodes=3 num_envs=2"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "uio2_agent.launch.main",
            *command.split(),
            f"output_dir={tmp_path}",
        ],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["episodes"], result["successes"], result["errors"]) == (3, 3, 0)
