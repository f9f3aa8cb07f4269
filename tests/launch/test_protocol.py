"""`uio2 rollout protocol=vima4`, from the command line to the files it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import uio2_agent
from uio2_agent.launch.protocol import vima4

ROOT = Path(uio2_agent.__file__).resolve().parent.parent
FEW = ["protocol=vima4", "tasks=[rotate,visual_manipulation]", "levels=[placement_generalization]"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "uio2_agent.launch.main", "rollout", *arguments]


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "160"}


def uio2_rollout(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True
    )


def lines(folder: Path) -> dict[str, list[str]]:
    return {
        str(path.parent.relative_to(folder)): sorted(path.read_text().splitlines())
        for path in folder.rglob("ledger.jsonl")
    }


def test_the_pairs_are_the_benchmarks():
    pairs = vima4()
    assert [len(tasks) for tasks in pairs.values()] == [13, 13, 12, 4]
    assert len({task for tasks in pairs.values() for task in tasks}) == 17


def test_leaves_a_ledger_per_cell_one_result_and_one_report(tmp_path):
    options = [*FEW, "policy=oracle", "episodes_per_task=4", "num_envs=2"]
    done = uio2_rollout(tmp_path, *options, "workers=2", "output_dir=run")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == ["run"]
    assert sorted(os.listdir(tmp_path / "run")) == ["cells", "report.html", "result.json"]
    assert "visual manipulation" in done.stdout and "oracle, closed loop" in done.stdout
    assert "Not comparable with published" in done.stdout and "UIO-2 L" not in done.stdout
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["protocol"], result["execution"], result["ablation"]) == (
        "vima4",
        "closed loop",
        "none",
    )
    assert result["success_rate"] == 1.0 and result["published"] is None
    assert [*result["levels"]] == ["placement_generalization"]
    cell = result["cells"]["placement_generalization"]["rotate"]
    assert (cell["episodes"], cell["successes"]) == (4, 4)
    config = result["provenance"]["config"]
    assert config["workers"] == 2 and config["seed"] == 900_000
    alone = uio2_rollout(tmp_path, *options, "workers=1", "num_envs=1", "output_dir=alone")
    assert alone.returncode == 0, alone.stderr
    assert lines(tmp_path / "alone") == lines(tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["protocol=vima5"], "vima4"),
        (["protocol=vima4", "levels=[placement]"], "Did you mean 'placement_generalization'"),
        (["protocol=vima4", "tasks=[rotat]"], "Did you mean 'rotate'"),
        ([*FEW, "env=counting"], "settings level and task; this one lacks level, task"),
        ([*FEW, "executor=slurm"], "Known: local, ray"),
        ([*FEW, "ablation=word"], "Did you mean 'words'"),
        ([*FEW, "episodes=7"], "with a protocol say episodes_per_task=7"),
        ([*FEW, "workers=0"], "workers is 0, expected at least 1"),
        ([*FEW, "episode_timeout_s=0"], "expected more than 0, or null"),
        ([*FEW, "against=nowhere"], "expected the folder of a run"),
        (["workers=2"], "left out without a protocol"),
        (["env=counting", "ablation=pictures"], "prompt_rgb"),
    ],
)
def test_a_wrong_setting_is_one_line_on_stderr_and_status_1(tmp_path, arguments, told):
    done = uio2_rollout(tmp_path, *arguments, "output_dir=run")
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line and "━" not in line]
    assert len(said) == 1 and told in said[0]


def test_ctrl_c_keeps_what_is_finished_and_leaves_no_process(tmp_path):
    options = [*FEW, "policy=random", "episodes_per_task=2000", "clips=0", "workers=2"]
    playing = subprocess.Popen(
        command(*options, "output_dir=run"),
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 90
    while sum(map(len, lines(tmp_path).values())) < 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(playing.pid, signal.SIGINT)  # what a terminal does: workers get it too
    _, told = playing.communicate(timeout=60)
    assert playing.returncode == 130 and "Traceback" not in told
    assert told.strip().endswith("workers=2 output_dir=run") and "To go on: uio2 rollout" in told
    with pytest.raises(ProcessLookupError):
        os.killpg(playing.pid, 0)
    before = lines(tmp_path)
    assert sum(map(len, before.values())) >= 5
    few = [option.replace("2000", "1") for option in options]
    done = uio2_rollout(tmp_path, *few, "output_dir=run")
    assert done.returncode == 0, done.stderr
    for name, kept in lines(tmp_path).items():
        assert {*before[name]} <= {*kept}


def test_other_settings_are_refused(tmp_path):
    options = [*FEW, "policy=random", "episodes_per_task=1", "clips=0", "output_dir=run"]
    assert uio2_rollout(tmp_path, *options).returncode == 0
    done = uio2_rollout(tmp_path, *options, "env.prompt=words")
    assert done.returncode == 1 and "env.prompt: 'pictures' there, 'words'" in done.stderr


def test_all_ablations_and_a_paired_test_in_one_go(tmp_path):
    options = [*FEW, "episodes_per_task=3", "clips=1", "num_envs=3"]
    assert uio2_rollout(tmp_path, *options, "policy=random", "output_dir=r").returncode == 0
    more = ["policy=oracle", "ablation=all", "against=r", "output_dir=o"]
    done = uio2_rollout(tmp_path, *options, *more)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "o" / "result.json").read_text())
    assert [*result["ablations"]] == ["pictures", "words", "nonsense"]
    # The oracle reads no prompt; the prompt of rotate has but one picture.
    assert result["ablations"]["nonsense"]["reads"] is False
    assert result["ablations"]["pictures"]["left_out"] == 3
    assert result["against"]["overall"]["only_a"] == 6
    assert result["against"]["overall"]["p"] == 2 / 64
    assert "no sign that it reads its words" in done.stdout and "0.031" in done.stdout
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert "Does it read its prompt?" in page and "Paired test" in page
    below = tmp_path / "o" / "ablations" / "words"
    assert json.loads((below / "result.json").read_text())["ablation"] == "words"
