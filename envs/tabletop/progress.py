"""How far an episode has come; what there is to judge depends on what is asked for."""

from uio2_agent.envs.tabletop.goals import Placing
from uio2_agent.envs.tabletop.scenario import Scenario
from uio2_agent.envs.tabletop.sweeping import Sweeping

# Both have `success`, `failure`, `over` and `update(bodies, trace)`.
Progress = Placing | Sweeping


def judge(scenario: Scenario) -> Progress:
    """The judge of an episode nothing has happened in yet."""
    return Placing(scenario) if scenario.sweep is None else Sweeping(scenario, scenario.sweep)
