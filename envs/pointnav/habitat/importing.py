"""The module `habitat_sim`, which only conda installs, imported at the first call."""

import importlib
import os
from types import ModuleType

from uio2_agent.errors import MissingDependency

NEEDED_FOR = "uio2/HabitatPointNav-v0"
CONDA = "conda install habitat-sim headless -c conda-forge -c aihabitat"
STEPS = (
    f"No wheel of it works, conda has it: {CONDA}\n"
    "It may live in another interpreter than this one: uio2/Remote-v0 with "
    "env_id='uio2/HabitatPointNav-v0' and python=/path/to/its/python, or "
    "`uio2 rollout env=habitat env.python=/path/to/its/python`"
)

# What we call. The version's number does not tell: 0.3.4 says that it is 0.3.3 (spec §1).
FEATURES = (
    "ActionSpec",
    "ActuationSpec",
    "AgentConfiguration",
    "AgentState",
    "CameraSensorSpec",
    "Configuration",
    "MultiGoalShortestPath",
    "NavMeshSettings",
    "SensorSubType",
    "SensorType",
    "ShortestPath",
    "Simulator",
    "SimulatorConfiguration",
    "errors",
)
_LOGS = ("HABITAT_SIM_LOG", "MAGNUM_LOG")


def load() -> ModuleType:
    """The module, told to print errors only unless the environment says how much to print.

    Raises:
        MissingDependency: It is not installed, does not import, or is too old; says what to do.
    """
    for variable in _LOGS:
        os.environ.setdefault(variable, "quiet")  # read when it is imported
    try:
        habitat_sim = importlib.import_module("habitat_sim")
    except ImportError as problem:
        found = "" if getattr(problem, "name", None) == "habitat_sim" else f"It fails: {problem}. "
        raise MissingDependency("habitat_sim", NEEDED_FOR, found + STEPS) from problem
    lacking = [name for name in FEATURES if not hasattr(habitat_sim, name)]
    if lacking:
        remedy = f"The one that is installed lacks {', '.join(lacking)}: update it. {STEPS}"
        raise MissingDependency("habitat_sim", NEEDED_FOR, remedy)
    return habitat_sim
