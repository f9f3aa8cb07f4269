"""Everything that looks like a Gymnasium environment; importing this room registers the ids."""

from pathlib import Path

import gymnasium as gym

if __name__ != "uio2_agent.envs":
    raise ImportError(f"import this room as uio2_agent.envs, not as {__name__}")

from uio2_agent.envs.compilation import find_place  # noqa: E402  the guard comes first

find_place(Path(__file__).parent)

gym.register(id="uio2/Tabletop-v0", entry_point="uio2_agent.envs.tabletop.env:Tabletop")
# The real benchmark, from a checkout that UIO2_VIMA_BENCH names.
gym.register(id="uio2/VIMABench-v0", entry_point="uio2_agent.envs.vima_bench.env:VIMABench")
gym.register(id="uio2/PointNav-v0", entry_point="uio2_agent.envs.pointnav.env:PointNav")
gym.register(id="uio2/AudioGoal-v0", entry_point="uio2_agent.envs.pointnav.audiogoal:AudioGoal")
# The real habitat-sim, which conda installs.
gym.register(
    id="uio2/HabitatPointNav-v0", entry_point="uio2_agent.envs.pointnav.habitat.env:HabitatPointNav"
)
# Any of ours, or of anybody's, in another interpreter: `env_id`, `env_kwargs`, `python`.
gym.register(id="uio2/Remote-v0", entry_point="uio2_agent.envs.remote:RemoteEnv")
