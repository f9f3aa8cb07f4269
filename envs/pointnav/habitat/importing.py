"""The module `habitat_sim`, which only conda installs, imported at the first call."""

import importlib
import operator
import os
import sys
from types import ModuleType

from uio2_agent.errors import MissingDependency

NEEDED_FOR = "uio2/HabitatPointNav-v0"
CONDA = "conda install -n habitat habitat-sim headless -c conda-forge -c aihabitat"
STEPS = (
    "No wheel of it works; conda has it, for Python 3.10 to 3.12 since 0.3.4:\n"
    "  conda create -n habitat python=3.12\n"
    f"  {CONDA}\n"
    "  conda run -n habitat pip install gymnasium pillow pyzmq msgpack\n"
    "Torch and all else can stay where they are. Name its interpreter (`conda run -n habitat "
    "which python`): `uio2 rollout env=habitat env.python=/path/to/its/python`, or in Python "
    "gym.make('uio2/Remote-v0', env_id='uio2/HabitatPointNav-v0', python='/path/to/its/python')"
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
    "SimulatorConfiguration.navmesh_settings",  # since 0.2.5
    "errors.GreedyFollowerError",
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
        missing = getattr(problem, "name", None) == "habitat_sim"
        found = f"{sys.executable} has none. " if missing else f"It fails to import: {problem}. "
        raise MissingDependency("habitat_sim", NEEDED_FOR, found + STEPS) from problem
    lacking = [name for name in FEATURES if not _has(habitat_sim, name)]
    if lacking:
        remedy = f"The one that is installed lacks {', '.join(lacking)}: update it. {STEPS}"
        raise MissingDependency("habitat_sim", NEEDED_FOR, remedy)
    return habitat_sim


def _has(module: ModuleType, feature: str) -> bool:
    try:
        operator.attrgetter(feature)(module)
    except AttributeError:
        return False
    return True
