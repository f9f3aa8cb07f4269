"""An environment in another interpreter is the environment, and its process can be lost."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import uio2_agent.envs  # noqa: F401  registers the ids
from uio2_agent.envs.remote import RemoteEnv
from uio2_agent.errors import (
    AgentError,
    BadAction,
    BadMessage,
    BadSetting,
    RemoteFailed,
    RemoteLost,
    UnknownName,
)

TABLETOP = "uio2/Tabletop-v0"
SETTINGS: dict[str, Any] = {"task": "rotate", "oracle": True}
TROUBLED = '''
import os, sys, tempfile, time
import gymnasium as gym
import numpy as np

class Troubled(gym.Env):
    """Does as it is told: an action is what shall go wrong."""

    observation_space = gym.spaces.Box(-9, 9, (2,), np.float64)
    action_space = gym.spaces.Discrete(9)

    def __init__(self, start="well"):
        if start == "exit":
            print("no such simulator", file=sys.stderr)
            sys.exit(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2), {"pid": os.getpid(), "options": options, 1: (np.float32(2), [None])}

    def step(self, action):
        if action == 1:
            return 1 / 0
        if action == 2:
            print("about to hang", flush=True)
            time.sleep(60)
        if action == 3:
            os._exit(7)
        info = {"thing": object()} if action == 4 else {}
        if action == 7:
            info["left"] = tempfile.mkstemp()[1]
        print("x" * 100_000 if action == 5 else "stepped", flush=True)
        return np.full(2, -0.0), np.float32(0.5), False, np.bool_(action == 6), info

gym.register(id="Troubled-v0", entry_point="troubled:Troubled")
'''


@pytest.fixture(autouse=True)
def room(tmp_path, monkeypatch):
    """Where temporary folders go; nothing is left there, and no child is left running."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert not list(tmp_path.glob("uio2-*"))
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    names = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children.read_text().split()]
    assert not [name for name in names if b"remote_server" in name]


@pytest.fixture
def troubled(tmp_path, monkeypatch):
    """Called with options of `RemoteEnv`: an environment where things go wrong."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "troubled.py").write_text(TROUBLED)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    made = []

    def make(**options):
        made.append(RemoteEnv("troubled:Troubled-v0", **options))
        return made[-1]

    yield make
    for env in made:
        env.close()


def assert_same(one, other):
    """Equal in type, dtype and to the last bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(one, np.ndarray | np.generic):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
    else:
        assert repr(one) == repr(other)


def test_an_episode_is_the_same_as_in_process():
    here = gym.make(TABLETOP, render_mode="rgb_array", **SETTINGS)
    there = RemoteEnv(TABLETOP, SETTINGS, render_mode="rgb_array")
    assert there.observation_space == here.observation_space
    assert there.action_space == here.action_space
    assert (there.render_mode, there.metadata) == (here.render_mode, here.metadata)
    try:
        for seed in (3, 900_004):
            answer: tuple = here.reset(seed=seed)
            assert_same(there.reset(seed=seed), answer)
            assert_same(there.reset(), here.reset())  # the random stream goes on there as here
            over = False
            while not over:
                action = answer[-1]["oracle_action"]
                answer = here.step(action)
                assert_same(there.step(action), answer)
                over = answer[2] or answer[3]
        assert_same(there.render(), here.render())
        assert there.reset(seed=1)[0]["prompt_rgb"].flags.writeable
    finally:
        there.close()
        here.close()


def test_it_keeps_the_gymnasium_contract():
    env = RemoteEnv(TABLETOP)
    check_env(env, skip_render_check=True)
    env.close()


def make_remote() -> RemoteEnv:
    return RemoteEnv(TABLETOP, SETTINGS)


def make_near() -> gym.Env:
    return gym.make(TABLETOP, **SETTINGS)


@pytest.mark.parametrize("kind", [gym.vector.SyncVectorEnv, gym.vector.AsyncVectorEnv])
def test_it_works_in_vector_envs(kind):
    far, near = kind([make_remote] * 2), gym.vector.SyncVectorEnv([make_near] * 2)
    try:
        for vector in (far, near):
            vector.action_space.seed(0)
        seeds: Any = [1, 2]
        np.testing.assert_equal(far.reset(seed=seeds)[0], near.reset(seed=seeds)[0])
        action = near.action_space.sample()
        np.testing.assert_equal(far.step(action)[:4], near.step(action)[:4])
    finally:
        far.close()
        near.close()


def test_gymnasium_makes_it_by_an_id():
    spec = gym.envs.registration.EnvSpec("Far-v0", entry_point=f"{RemoteEnv.__module__}:RemoteEnv")
    with gym.make(spec, env_id=TABLETOP, render_mode="rgb_array") as env:
        env.reset(seed=0)
        picture = env.render()
        assert isinstance(picture, np.ndarray) and picture.ndim == 3


def test_options_and_odd_infos_travel(troubled):
    _, info = troubled().reset(options={"a": [1, (2, None)]})
    assert info["options"] == {"a": [1, (2, None)]}
    assert_same(info[1], (np.float32(2), [None]))


def test_an_error_of_ours_comes_back_as_itself():
    with pytest.raises(UnknownName, match="Did you mean 'rotate'") as caught:
        RemoteEnv(TABLETOP, {"task": "rotat"})
    assert caught.value.got == "rotat"
    env = RemoteEnv(TABLETOP)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(env.action_space.sample())
    env.reset(seed=0)
    with pytest.raises(BadAction, match="pose0_position"):
        env.step({"x": 1})
    with pytest.raises(BadMessage, match="set"):
        env.step({"x"})
    env.step(env.action_space.sample())  # nothing of that harmed it
    env.close()


def test_any_other_exception_tells_its_kind_and_message(troubled):
    env = troubled()
    env.reset()
    with pytest.raises(RemoteFailed, match=r"ZeroDivisionError.*division by zero"):
        env.step(1)
    with pytest.raises(BadMessage, match=r"\['thing'\].* a object"):
        env.step(4)
    assert_same(env.step(0)[0], np.full(2, -0.0))
    assert env.restarts == 0


def test_a_process_that_dies_in_a_step_is_reported_and_replaced(troubled):
    env = troubled()
    before = env.reset()[1]["pid"]
    env.step(0)
    with pytest.raises(RemoteLost, match="exit code 7") as caught:
        env.step(3)
    assert (caught.value.exit_code, caught.value.last_lines) == (7, "stepped")
    with pytest.raises(gym.error.ResetNeeded):
        env.step(0)
    assert env.pid is None
    after = env.reset()[1]["pid"]
    assert before != after == env.pid
    assert env.restarts == 1


def test_a_process_killed_between_steps_is_reported_and_replaced(troubled):
    env = troubled()
    env.reset()
    os.kill(env.pid, signal.SIGKILL)
    with pytest.raises(RemoteLost, match="exit code -9"):
        env.step(0)
    env.reset()
    os.kill(env.pid, signal.SIGKILL)
    os.waitid(os.P_PID, env.pid, os.WEXITED | os.WNOWAIT)
    with pytest.warns(UserWarning, match="died between two calls"):
        env.reset()
    env.step(0)
    assert env.restarts == 2


def test_a_process_that_hangs_is_ended_and_replaced(troubled):
    env = troubled(timeout_s=0.5)
    pid = env.reset()[1]["pid"]
    start = time.monotonic()
    with pytest.raises(RemoteLost, match="no answer to step within 0.5 s") as caught:
        env.step(2)
    assert 0.4 < time.monotonic() - start < 5
    assert (caught.value.exit_code, caught.value.last_lines) == (-9, "about to hang")
    assert not Path(f"/proc/{pid}").exists()
    env.timeout_s = 60.0
    env.reset()
    assert env.restarts == 1


def test_an_answer_whose_asker_was_interrupted_is_not_taken_for_the_next(troubled, monkeypatch):
    env = troubled()
    env.reset()
    process = env._process
    with monkeypatch.context() as patch:
        patch.setattr(type(process._popen), "poll", interrupt)
        with pytest.raises(KeyboardInterrupt):
            env.step(6)
    assert len(env.step(0)) == 5
    assert not env.step(0)[3]


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_process_that_does_not_come_up_tells_why(troubled):
    with pytest.raises(RemoteLost, match="no such simulator") as caught:
        troubled(env_kwargs={"start": "exit"})
    assert caught.value.exit_code == 3


def test_a_process_that_comes_up_too_slowly_is_ended():
    with pytest.raises(RemoteLost, match="no answer to make within 0.01 s"):
        RemoteEnv(TABLETOP, start_timeout_s=0.01)


def test_a_long_log_is_cut(troubled):
    env = troubled()
    env.reset()
    sizes = []
    for _ in range(14):
        env.step(5)
        sizes.append(env._process._log.stat().st_size)
    assert max(sizes) < 1_300_000
    assert sizes[-1] < sizes[9]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"python": "/no/such/python"}, "python"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"start_timeout_s": float("nan")}, "start_timeout_s"),
    ],
)
def test_settings_that_cannot_work_are_refused(options, name):
    with pytest.raises(BadSetting, match=name):
        RemoteEnv(TABLETOP, **options)


def test_an_interpreter_without_the_package_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("uio2_agent.__file__", "/x/site-packages/uio2_agent/__init__.py")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    with pytest.raises(AgentError, match="No module named 'uio2_agent"):
        RemoteEnv(TABLETOP, python=str(python))


def test_closing_twice_is_one_close_and_a_closed_one_stays_closed(troubled):
    env = troubled()
    env.close()
    env.close()
    with pytest.raises(gym.error.ClosedEnvironmentError):
        env.reset()


def test_a_killed_owner_takes_process_and_files_along(room):
    code = (
        "import os, signal; from uio2_agent.envs.remote import RemoteEnv;"
        f"env = RemoteEnv({TABLETOP!r}); print(env.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = {**os.environ, "TMPDIR": str(room)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=60)
    pid, end = int(done.stdout), time.monotonic() + 10
    while time.monotonic() < end and (running(pid) or list(room.glob("uio2-*"))):
        time.sleep(0.1)
    assert not running(pid)


def test_a_fork_of_the_owner_does_not_end_what_the_owner_still_uses(troubled):
    env = troubled()
    env.reset()
    fork = os.fork()
    if fork == 0:
        env._process.end()
        os._exit(0)
    os.waitpid(fork, 0)
    env.step(0)


def test_temporary_files_left_by_a_killed_process_go_with_it(troubled):
    env = troubled()
    _, info = env.reset()
    left = Path(env.step(7)[4]["left"])
    assert left.exists()
    os.kill(info["pid"], signal.SIGKILL)
    env.close()
    assert not left.exists()


def test_leaving_python_ends_what_was_not_closed(room):
    code = (
        "from uio2_agent.envs.remote import RemoteEnv;"
        f"env = RemoteEnv({TABLETOP!r}); print(env.pid)"
    )
    env = {**os.environ, "TMPDIR": str(room)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=60)
    assert not done.stderr and not running(int(done.stdout))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_forgotten_one_leaves_nothing_behind():
    pid = RemoteEnv(TABLETOP).pid
    assert pid is not None and not running(pid)
