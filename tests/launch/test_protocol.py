"""`uio2 rollout protocol=vima4`, from the command line to the files it leaves."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module

import uio2_agent
from uio2_agent.errors import AgentError, BadInput, RunMismatch
from uio2_agent.launch.protocol import comparable, play_protocol, vima4
from uio2_agent.launch.rollout import play_all

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


def play(*overrides: str) -> None:
    """As the command does, in this process."""
    with initialize_config_module("uio2_agent.launch.conf", version_base="1.3"):
        cfg = compose("rollout", ["name=x", "output_dir=x", *overrides])
    if cfg.protocol is None:
        play_all(cfg)
    else:
        play_protocol(cfg)


def lines(folder: Path) -> dict[str, list[str]]:
    return {
        str(path.parent.relative_to(folder)): sorted(path.read_text().splitlines())
        for path in folder.rglob("ledger.jsonl")
    }


def test_the_pairs_are_the_benchmarks():
    pairs = vima4()
    assert [len(tasks) for tasks in pairs.values()] == [13, 13, 12, 4]
    assert len({task for tasks in pairs.values() for task in tasks}) == 17


def test_only_the_real_benchmark_with_its_own_prompts_can_be_compared_with_published_rows():
    real = {"id": "uio2_agent.envs:uio2/VIMABench-v0", "prompt": "pictures"}
    remote = {"id": "uio2/Remote-v0", "env_id": "uio2/VIMABench-v0"}
    ours = {"id": "uio2_agent.envs:uio2/Tabletop-v0", "prompt": "pictures"}
    assert comparable({"env": real, "ablation": "none"})
    assert comparable({"env": remote, "ablation": "none"})
    assert not comparable({"env": ours, "ablation": "none"})
    assert not comparable({"env": {**real, "prompt": "words"}, "ablation": "none"})
    assert not comparable({"env": real, "ablation": "words"})


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
    play(*options, "workers=1", "num_envs=1", f"output_dir={tmp_path / 'alone'}")
    assert lines(tmp_path / "alone") == lines(tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["protocol=vima4", "levels=[placement]"],
            "unknown level 'placement'. Known: combinatorial",
        ),
        (["protocol=vima4", "tasks=[rotat]"], "Did you mean 'rotate'"),
        ([*FEW, "env=counting"], "settings level and task; this one lacks level, task"),
        ([*FEW, "executor=slurm"], "Known: local, ray"),
        ([*FEW, "ablation=word"], "Did you mean 'words'"),
        ([*FEW, "episodes=7"], "with a protocol say episodes_per_task=7"),
        ([*FEW, "seed=-1"], "seed is -1, expected a whole number, 0 or more"),
        ([*FEW, "workers=0"], "workers is 0, expected at least 1"),
        ([*FEW, "episode_timeout_s=0"], "expected more than 0, or null"),
        ([*FEW, "against=nowhere"], "expected the folder of a run"),
        (["workers=2"], "left out without a protocol"),
        (["env=counting", "ablation=pictures"], "prompt_rgb"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_played(tmp_path, arguments, told):
    with pytest.raises(AgentError, match=re.escape(told)):
        play(*arguments, f"output_dir={tmp_path / 'run'}")
    assert not lines(tmp_path) or not any(lines(tmp_path).values())


def test_a_worker_that_cannot_make_its_environment_ends_the_run_in_one_line(tmp_path):
    done = uio2_rollout(tmp_path, *FEW, "env.prompt=wrods", "output_dir=run")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("uio2 rollout: unknown prompt mode 'wrods'. Did you mean 'words'")


def test_a_protocol_of_nothing_but_errors_says_why_and_ends_with_status_1(tmp_path):
    options = [*FEW, "tasks=[rotate]", "episodes_per_task=1", "episode_timeout_s=0.001"]
    done = uio2_rollout(tmp_path, *options, "output_dir=run")
    assert done.returncode == 1 and "1 × " in done.stdout and "report: " in done.stdout
    assert done.stderr.splitlines()[-1] == "uio2 rollout: every episode ended in an error"


def members(group: int) -> list[str]:
    """Processes of a group that are more than a name in a table."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(path.parent.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's /proc")
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
    while members(playing.pid) and time.monotonic() < deadline:
        time.sleep(0.1)  # multiprocessing's own helper leaves when it notices
    assert not members(playing.pid)
    before = lines(tmp_path)
    assert sum(map(len, before.values())) >= 5
    few = [option.replace("2000", "1") for option in options]
    done = uio2_rollout(tmp_path, *few, "output_dir=run")
    assert done.returncode == 0, done.stderr
    for name, kept in lines(tmp_path).items():
        assert {*before[name]} <= {*kept}


def test_other_settings_or_a_rival_on_other_episodes_are_refused_before_playing(tmp_path):
    options = [*FEW, "episodes_per_task=2", "clips=0"]
    play(*options, f"output_dir={tmp_path / 'a'}")
    before = lines(tmp_path)
    with pytest.raises(RunMismatch, match="env.prompt: 'pictures' there, 'words'"):
        play(*options, "env.prompt=words", f"output_dir={tmp_path / 'a'}")
    with pytest.raises(BadInput, match="seeds of placement_generalization/visual_manipulation"):
        play(*options, "seed=900005", f"against={tmp_path / 'a'}", f"output_dir={tmp_path / 'b'}")
    assert lines(tmp_path) == before


def test_all_ablations_and_a_paired_test_in_one_go(tmp_path):
    options = [*FEW, "episodes_per_task=3", "clips=1", "num_envs=3"]
    play(*options, "policy=random", f"output_dir={tmp_path / 'r'}")
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
