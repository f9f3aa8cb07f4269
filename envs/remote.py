"""Any environment of ours in another interpreter: its own process, another Python if need be."""

import contextlib
import inspect
import itertools
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym

import uio2_agent
from uio2_agent import errors
from uio2_agent.bridge import wire
from uio2_agent.envs.remote_server import LIMITS
from uio2_agent.envs.remote_spaces import build
from uio2_agent.errors import BadSetting, RemoteFailed, RemoteLost

_POLL_MS = 50  # how soon a death is noticed; an answer ends the wait at once
_CLOSE_S = 5.0
_TAIL_BYTES, _LOG_BYTES = 4000, 1 << 20
_SOCKET_PATH = 100  # a path of a Unix socket has at most 107 bytes


class RemoteEnv(gym.Env):
    """An environment that lives in a subprocess and answers as if it lived here.

    Observations, rewards and infos are those of `gym.make(env_id, **env_kwargs)`, byte for byte.
    An error of ours or of gymnasium arrives as itself, any other as `RemoteFailed`. A process that
    died or did not answer in time is told of by `RemoteLost`; the next reset starts a new one,
    whose unseeded resets begin a new random stream, and `restarts` counts it. One that is found
    dead by a reset is replaced at once, with a warning.

    Args:
        env_id: Gymnasium's id, also as `module:id`.
        env_kwargs: For its constructor; plain data and arrays.
        python: The interpreter; it needs `uio2_agent` (a checkout brings its own) and what the
            environment needs.
        timeout_s: Longest wait for an answer.
        start_timeout_s: Longest wait for the process to start and make the environment.
        render_mode: Handed on to the environment.

    Raises:
        BadSetting: No such interpreter, or a timeout that is not positive.
        RemoteLost: The process did not come up.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}  # until the environment has told

    def __init__(
        self,
        env_id: str,
        env_kwargs: Mapping[str, Any] | None = None,
        python: str = sys.executable,
        timeout_s: float = 60.0,
        start_timeout_s: float = 120.0,
        render_mode: str | None = None,
    ) -> None:
        for name, seconds in (("timeout_s", timeout_s), ("start_timeout_s", start_timeout_s)):
            if not seconds > 0:
                raise BadSetting(name, seconds, "more than 0")
        self.env_id, self.python = env_id, python
        self.env_kwargs = dict(env_kwargs or {})
        if render_mode is not None:
            self.env_kwargs["render_mode"] = render_mode
        self.timeout_s, self.start_timeout_s = timeout_s, start_timeout_s
        self.restarts = 0
        self._process: _Process | None = None
        self._closed = False
        told = self._start()
        self.observation_space = build(told["observation_space"])
        self.action_space = build(told["action_space"])
        self.metadata, self.render_mode = told["metadata"], told["render_mode"]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if self._closed:
            raise gym.error.ClosedEnvironmentError("this environment was closed")
        if self._process is not None and self._process.exit_code is not None:
            gym.logger.warn(str(self._lose("died between two calls")))
        if self._process is None:
            self.restarts += 1
            self._start()
        return self._ask("reset", seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        return self._ask("step", action=action)

    def render(self) -> Any:
        return self._ask("render")

    def close(self) -> None:
        """End the process and remove its files. An environment that fails to close is ended."""
        self._closed = True
        if self._process is None:
            return
        try:
            self._ask("close", min(self.timeout_s, _CLOSE_S))
            self._process.wait(_CLOSE_S)
        except RemoteLost:
            return  # it is gone, which is what was asked for
        finally:
            if self._process is not None:
                self._process.end()
                self._process = None

    @property
    def pid(self) -> int | None:
        """Of the environment's process, or None when it is gone."""
        return None if self._process is None else self._process.pid

    def _start(self) -> dict[str, Any]:
        self._process = _Process(self.python)
        try:
            return self._ask(
                "make", self.start_timeout_s, env_id=self.env_id, kwargs=self.env_kwargs
            )
        except BaseException:  # an interrupted start leaves nothing behind either
            if self._process is not None:
                self._process.end()
                self._process = None
            raise

    def _ask(self, question: str, timeout_s: float | None = None, /, **arguments: Any) -> Any:
        if self._closed and question != "close":
            raise gym.error.ClosedEnvironmentError("this environment was closed")
        if self._process is None:
            raise gym.error.ResetNeeded("the environment's process is gone: call reset()")
        timeout_s = timeout_s or self.timeout_s
        answer = self._process.ask(question, arguments, timeout_s)
        if answer is None:
            dead = self._process.exit_code is not None
            what = f"died during {question}" if dead else f"gave no answer to {question}"
            raise self._lose(what if dead else f"{what} within {timeout_s:g} s and was ended")
        if answer["type"] == "failed":
            raise self._raised(answer)
        return answer["value"]

    def _lose(self, problem: str) -> RemoteLost:
        assert self._process is not None
        process, self._process = self._process, None
        process.kill()
        lost = RemoteLost(self.env_id, problem, process.exit_code, process.last_lines())
        process.end()
        return lost

    def _raised(self, answer: dict[str, Any]) -> Exception:
        """The exception itself where both ends know it: classes are looked up, never imported."""
        known = {"uio2_agent.errors": errors, "gymnasium.error": gym.error}
        kind = getattr(known.get(answer["module"]), answer["name"], None)
        if inspect.isclass(kind) and issubclass(kind, errors.AgentError | gym.error.Error):
            try:
                return kind(*answer["args"])
            except TypeError:  # another version of the class
                pass
        return RemoteFailed(self.env_id, answer["name"], answer["message"])


class _Process:
    """One interpreter with `remote_server`, its socket and its private folder."""

    def __init__(self, python: str) -> None:
        import zmq

        folder = tempfile.mkdtemp(prefix="uio2-")
        if len(folder) > _SOCKET_PATH - len("/socket"):
            os.rmdir(folder)
            folder = tempfile.mkdtemp(prefix="uio2-", dir="/tmp")
        self._log = Path(folder, "printed.txt")
        address = f"ipc://{folder}/socket"
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PAIR)
        self._socket.linger = 0
        self._socket.bind(address)
        command = [python, "-m", f"{_ROOM}.remote_server", address, folder, str(os.getpid())]
        try:
            with self._log.open("ab") as log:
                self._popen = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # What a simulator leaves lying about goes with the folder.
                    env=_environment() | {"TMPDIR": folder},
                    start_new_session=True,  # a Ctrl-C is for us; we tell it what to do
                )
        except OSError as problem:
            _end(None, self._socket, self._context, folder, os.getpid())
            raise BadSetting("python", python, f"an interpreter ({problem})") from problem
        self._ids = itertools.count()
        self.end = weakref.finalize(
            self, _end, self._popen, self._socket, self._context, folder, os.getpid()
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def ask(self, question: str, arguments: dict[str, Any], timeout_s: float) -> Any:
        """The answer, or None when the process died or the time is over."""
        import zmq

        self._shorten_log()
        number, end = next(self._ids), time.monotonic() + timeout_s
        asked = wire.pack({"type": question, "id": number, "arguments": arguments}, LIMITS)
        # Where nobody has connected yet, or does so no more, a send would wait for ever.
        sent = False
        while not sent:
            if not self._wait(zmq.POLLOUT, end):
                return None
            with contextlib.suppress(zmq.Again):  # it left just now
                self._socket.send_multipart(asked, zmq.NOBLOCK, copy=False)
                sent = True
        while self._wait(zmq.POLLIN, end):
            answer = wire.receive(self._socket, LIMITS)
            if answer.get("id") == number:  # else to a question whose asker was interrupted
                return answer
        return None

    def _wait(self, event: int, end: float) -> bool:
        """Until the socket is ready; False when the process died first or the time is over."""
        while True:
            dead = self.exit_code is not None  # before the look, so a last word is heard
            left = 0.0 if dead else max(0.0, end - time.monotonic())
            if self._socket.poll(min(_POLL_MS, math.ceil(1000 * left)), event):
                return True
            if dead or time.monotonic() >= end:
                return False

    def wait(self, seconds: float) -> None:
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        _kill(self._popen)

    def last_lines(self) -> str:
        """The end of what it printed."""
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            printed = log.read().decode(errors="replace")
        return "\n".join(printed.splitlines()[-20:])

    def _shorten_log(self) -> None:
        if self._log.stat().st_size > _LOG_BYTES:
            os.truncate(self._log, 0)  # opened for appending, so it goes on from the start


_ROOM = "uio2_agent.envs"


def _environment() -> dict[str, str]:
    """Ours, and a checkout's folder, so that a bare interpreter finds the package.

    Never a site-packages folder: its compiled modules are for this interpreter only.
    """
    root = Path(uio2_agent.__file__).parents[1]
    if root.name in ("site-packages", "dist-packages"):
        return dict(os.environ)
    path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def _kill(popen: subprocess.Popen) -> None:
    if popen.poll() is None:
        os.killpg(popen.pid, signal.SIGKILL)  # its own session: whatever it started goes too
        popen.wait()


def _end(
    popen: subprocess.Popen | None, socket: Any, context: Any, folder: str, owner: int
) -> None:
    if os.getpid() != owner:
        return  # a fork of us must not end what is still ours
    if popen is not None:
        _kill(popen)
    socket.close(linger=0)
    context.term()
    shutil.rmtree(folder, ignore_errors=True)
