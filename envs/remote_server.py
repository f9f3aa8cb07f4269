"""The other end of `RemoteEnv`: one environment in this interpreter, served on one socket.

Started by `RemoteEnv` as `python -m uio2_agent.envs.remote_server ADDRESS FOLDER PARENT_PID`. It
leaves when it is told to, and when the process that started it is gone.
"""

import os
import shutil
import sys
import threading
import time
from typing import Any

import gymnasium as gym

import uio2_agent.envs  # noqa: F401  registers our ids
from uio2_agent.bridge import wire
from uio2_agent.envs.remote_spaces import describe
from uio2_agent.errors import BadMessage

LIMITS = wire.Limits(
    total_bytes=1 << 30, header_bytes=16 << 20, arrays=4096, nesting=32
)  # between two processes of one user


def failure(problem: Exception) -> dict[str, Any]:
    """The fields that tell `RemoteEnv` of an exception."""
    told = {
        "type": "failed",
        "module": type(problem).__module__,
        "name": type(problem).__qualname__,
        "message": str(problem),
    }
    try:
        wire.pack({"args": problem.args}, LIMITS)
    except BadMessage:
        return {**told, "args": tuple(map(str, problem.args))}
    return {**told, "args": problem.args}


class Served:
    """The environment, once it was asked for, and what can be asked of it."""

    env: gym.Env

    def make(self, env_id: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        # The asking process has checks of its own; here they would be made twice.
        self.env = gym.make(env_id, disable_env_checker=True, **kwargs)
        return {
            "observation_space": describe(self.env.observation_space),
            "action_space": describe(self.env.action_space),
            "metadata": self.env.metadata,
            "render_mode": self.env.render_mode,
        }

    def reset(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict]:
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict]:
        return self.env.step(action)

    def render(self) -> Any:
        return self.env.render()

    def close(self) -> None:
        if hasattr(self, "env"):
            self.env.close()


def serve(address: str) -> None:
    """Answer questions until one is `close`. Any exception of the environment is an answer too."""
    import zmq

    context = zmq.Context()
    socket = context.socket(zmq.PAIR)
    socket.connect(address)
    served, going = Served(), True
    calls = {name: getattr(served, name) for name in ("make", "reset", "step", "render", "close")}
    while going:
        asked = wire.receive(socket, LIMITS)
        going = asked["type"] != "close"
        try:
            value = calls[asked["type"]](**asked["arguments"])
            frames = wire.pack({"type": "done", "value": value, "id": asked["id"]}, LIMITS)
        except Exception as problem:  # whatever an environment may raise, its caller shall see
            frames = wire.pack({**failure(problem), "id": asked["id"]}, LIMITS)
        # Not copied: nobody asks for the next step, which might write there, before it has this.
        socket.send_multipart(frames, copy=False)
    socket.close(linger=1000)
    context.term()


def leave_with(parent: int, folder: str) -> None:
    """End this process when `parent` has ended, and take its temporary folder along."""
    while os.getppid() == parent:
        time.sleep(1.0)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> None:
    address, folder, parent = sys.argv[1], sys.argv[2], int(sys.argv[3])
    threading.Thread(target=leave_with, args=(parent, folder), daemon=True).start()
    serve(address)


if __name__ == "__main__":
    main()
