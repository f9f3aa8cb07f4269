"""The environment and the policy of a run, made from their configuration."""

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
from hydra.utils import instantiate

from uio2_agent.errors import BadSetting
from uio2_agent.evaluation.cells import Cell
from uio2_agent.interface import Policy
from uio2_agent.policies import checkpoints

INTACT = "none"  # the `ablation` that leaves prompts as they are

Config = dict[str, Any]


def make_env(env: Config, ablation: str = INTACT) -> gym.Env:
    """One environment, its prompt spoilt if asked for. Raises as `PromptAblation`."""
    made = instantiate(env, _convert_="all")
    if ablation == INTACT:
        return made
    from uio2_agent.envs.ablation import PromptAblation

    return PromptAblation(made, ablation)


def make_policy(policy: Config, make_env: Callable[[], gym.Env]) -> Policy:
    """A policy whose settings have the key `action_space` is given the environment's."""
    if "action_space" not in policy:
        return instantiate(policy)
    env = make_env()
    try:
        settings = {key: value for key, value in policy.items() if key != "action_space"}
        return instantiate(settings, _partial_=True)(action_space=env.action_space)
    finally:
        env.close()


def cell_env(env: Config, cell: Cell) -> Config:
    """The settings of a cell's environment.

    Raises:
        BadSetting: It is one without levels and tasks.
    """
    missing = [key for key in ("level", "task") if key not in env]
    if missing:
        want = f"one with the settings level and task; this one lacks {', '.join(missing)}"
        raise BadSetting("env of a protocol", env.get("id", env.get("_target_")), want)
    return {**env, "level": cell.level, "task": cell.task}


def make_cell_env(env: Config, ablation: str, cell: Cell) -> gym.Env:
    return make_env(cell_env(env, cell), ablation)


def make_cell_policy(policy: Config, env: Config, cell: Cell) -> Policy:
    return make_policy(policy, lambda: make_env(cell_env(env, cell)))


def fingerprint(policy: Mapping[str, Any]) -> dict[str, str] | None:
    """Name and SHA-256 of a policy's weights; None if it has none. Raises as `find_checkpoint`."""
    if "checkpoint" not in policy:
        return None
    return checkpoints.fingerprint(str(policy["checkpoint"]))


def execution(policy: Mapping[str, Any]) -> str:
    """ "one-shot" for plans played out from the first picture (the paper's), else "closed loop"."""
    replan = policy.get("replan")
    if replan is None and "checkpoint" in policy:
        folder = checkpoints.find_checkpoint(str(policy["checkpoint"]))
        replan = checkpoints.read_policy_settings(folder)["replan"]
    return "one-shot" if replan == "plan" else "closed loop"
