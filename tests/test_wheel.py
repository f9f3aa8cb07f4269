"""What is in the wheel works without the clone."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("uio2_agent", "envs", "policies", "model", "launch")
FILES = ("pyproject.toml", "README.md", "LICENSE")

pytest.importorskip("build", reason="the dev extra builds wheels: pip install 'uio2-agent[dev]'")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """A wheel built from a copy of the sources (a build writes beside them), unpacked."""
    source = tmp_path_factory.mktemp("source")
    for name in FOLDERS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "out"]
    made = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = (source / "out").glob("uio2_agent-*.whl")
    target = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(wheel).extractall(target)
    return target


def run(code: str, unpacked: Path) -> str:
    program = f"import sys; sys.path.insert(0, {str(unpacked)!r}); {code}"
    # -I keeps the working directory and the clone's editable install from answering first.
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_wheel_holds_one_top_level_name(unpacked):
    tops = {p.name for p in unpacked.iterdir() if not p.name.endswith(".dist-info")}
    assert tops == {"uio2_agent"}


def test_wheel_imports_every_room_and_plays_a_step(unpacked):
    code = (
        "import gymnasium as gym, uio2_agent.envs, uio2_agent.policies;"
        "import uio2_agent.launch.main as m;"
        "env = gym.make('uio2/Tabletop-v0', task='rotate');"
        "obs, info = env.reset(seed=0); env.step(env.action_space.sample()); print(m.__file__)"
    )
    assert run(code, unpacked).startswith(str(unpacked))


def test_wheel_carries_the_shipped_agent(unpacked):
    code = "from uio2_agent.policies.checkpoints import shipped; print(*shipped().values())"
    assert str(unpacked / "uio2_agent" / "checkpoints" / "nano") in run(code, unpacked)


def test_wheel_carries_the_configuration(unpacked):
    code = (
        "from hydra import compose, initialize_config_module;"
        "import uio2_agent.launch.rollout as r;"
        "initialize_config_module('uio2_agent.launch.conf', version_base='1.3');"
        "print(compose('rollout', ['env=tabletop', 'policy=random']).episodes)"
    )
    assert int(run(code, unpacked)) > 0
