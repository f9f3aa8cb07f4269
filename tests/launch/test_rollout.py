"""`uio2 rollout`, from the command line to the files it leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import uio2_agent
from uio2_agent.model.checkpoint import load, save
from uio2_agent.policies.checkpoints import find_checkpoint

GOLDEN = Path(__file__).parents[1] / "golden" / "pointnav"
ROOT = Path(uio2_agent.__file__).resolve().parent.parent


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "uio2_agent.launch.main", "rollout", *arguments]


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    return {**kept, "PYTHONPATH": str(ROOT)}


def uio2_rollout(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True
    )


def test_leaves_result_ledger_report_and_clips_and_nothing_elsewhere(tmp_path):
    options = ["env=counting", "policy=oracle", "episodes=7", "num_envs=3", "clips=2"]
    done = uio2_rollout(tmp_path, *options, "output_dir=run")
    assert done.returncode == 0, done.stderr
    assert "100 %" in done.stdout and "report: run/report.html" in done.stdout
    assert os.listdir(tmp_path) == ["run"]
    left = sorted(os.listdir(tmp_path / "run"))
    assert left == ["clips", "ledger.jsonl", "report.html", "result.json", "run.json"]
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["episodes"], result["successes"], result["errors"]) == (7, 7, 0)
    config = result["provenance"]["config"]
    assert config["seed"] == 900_000 and config["env"]["oracle"] is True
    assert "counting" in result["per_task"]
    assert len([*(tmp_path / "run" / "clips").iterdir()]) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["episods=3"], "Key 'episods' not in 'RolloutConfig'"),
        (["env.limt=3"], "Key 'limt' is not in struct"),
        (["episodes=many"], "Value 'many' of type 'str' could not be converted to Integer"),
        (["episodes=0"], "expected at least 1"),
        (["seed=-1"], "seed is -1, expected a whole number, 0 or more"),
        (["env.limit=1"], "limit is 1, expected at least 2"),
        (["vectorization=threads"], "Known: async, sync"),
        (["policy=unified", "checkpoint=nanno"], "unknown checkpoint 'nanno'"),
        (["policy=unifed"], "random"),
    ],
)
def test_a_wrong_setting_is_one_line_on_stderr_and_status_1(tmp_path, arguments, told):
    done = uio2_rollout(tmp_path, "env=counting", *arguments, "output_dir=run")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line and "━" not in line]
    assert lines[-1].startswith("uio2 rollout: ") and told in lines[-1]
    assert len(lines) == 1 and done.stdout == ""


def test_the_same_folder_with_other_settings_is_refused(tmp_path):
    options = ["env=counting", "episodes=2", "output_dir=run"]
    assert uio2_rollout(tmp_path, *options).returncode == 0
    done = uio2_rollout(tmp_path, *options, "seed=900001")
    assert done.returncode == 1
    assert "seed: 900000 there, 900001 asked for" in done.stderr


def test_ctrl_c_says_how_to_go_on_and_going_on_completes_the_run(tmp_path):
    options = ["env=counting", "policy=oracle", "episodes=200000", "clips=0", "vectorization=async"]
    playing = subprocess.Popen(
        command(*options, "output_dir=run"),
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    ledger, deadline = tmp_path / "run" / "ledger.jsonl", time.monotonic() + 60
    while not (ledger.exists() and ledger.stat().st_size > 999) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(playing.pid, signal.SIGINT)  # what a terminal does: workers get it too
    _, told = playing.communicate(timeout=60)
    assert playing.returncode == 130
    assert "Traceback" not in told
    assert told.strip().endswith(f"uio2 rollout {' '.join(options)} output_dir=run")
    before = ledger.read_bytes()
    kept = len(before.splitlines())
    assert kept > 0 and before.endswith(b"\n")
    options[2], options[4] = f"episodes={kept + 5}", "vectorization=sync"
    done = uio2_rollout(tmp_path, *options, "output_dir=run")
    assert done.returncode == 0, done.stderr
    assert ledger.read_bytes().startswith(before)
    numbers = {json.loads(line)["episode"] for line in ledger.read_bytes().splitlines()}
    assert {*range(kept + 5)} <= numbers


@pytest.fixture
def walker(tmp_path) -> Path:
    """Nano's weights, which know nothing of rooms, told that they walk."""
    folder = tmp_path / "walker"
    folder.mkdir()
    nano = find_checkpoint("nano")
    save(load(nano), folder)
    shutil.copy(nano / "tokenizer.model", folder)
    codec = "uio2_agent.policies.codecs.pointnav.PointNavCodec"
    settings = {"codec": {"_target_": codec, "depth": True, "past_steps": 2}, "replan": "step"}
    (folder / "policy.json").write_text(json.dumps(settings | {"text_length": 144}))
    return folder


def test_an_agent_walks_and_what_pointnav_measures_is_printed_and_written(tmp_path, walker):
    shutil.copy(GOLDEN / "two_rooms.glb", tmp_path)
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", tmp_path / "two_rooms.navmesh")
    options = ["env=pointnav", "env.scene=two_rooms.glb", "env.size=32", "env.max_steps=3"]
    options += ["policy=unified", f"checkpoint={walker}", "episodes=2", "num_envs=2", "clips=1"]
    done = uio2_rollout(tmp_path, *options, "output_dir=run")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["episodes"] == 2 and result["errors"] == 0 and result["decisions_per_s"] > 0
    measured = {"spl", "soft_spl", "distance_to_goal", "collisions"}
    assert measured <= {*result["metrics"]}
    assert all(result["metrics"][name]["n"] == 2 for name in measured)
    assert "soft" in done.stdout and "±" in done.stdout
    assert "<th>soft spl</th>" in (tmp_path / "run" / "report.html").read_text()
    played = [json.loads(line) for line in (tmp_path / "run" / "ledger.jsonl").open()]
    words = {answer.split(" to (")[0] for episode in played for answer in episode["answers"]}
    assert words and words <= {"stop", "forward", "left", "right"}


def test_a_run_of_nothing_but_errors_says_why_and_ends_with_status_1(tmp_path):
    options = ["env=counting", "env.raise_at=0", "episodes=3"]
    done = uio2_rollout(tmp_path, *options, "output_dir=all")
    assert done.returncode == 1 and "3 × " in done.stdout
    assert done.stderr.splitlines()[-1] == "uio2 rollout: every episode ended in an error"
    assert json.loads((tmp_path / "all" / "result.json").read_text())["errors"] == 3
    done = uio2_rollout(tmp_path, *options, "env.raise_seeds=[900001]", "output_dir=one")
    assert done.returncode == 0 and "1 × " in done.stdout


def test_a_seed_of_the_training_range_is_remarked_upon(tmp_path):
    done = uio2_rollout(tmp_path, "env=counting", "episodes=1", "seed=5", "output_dir=run")
    assert done.returncode == 0 and "seeds below 900000" in done.stderr
